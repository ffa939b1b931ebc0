// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels))' | FileCheck %s
// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels{fuse=false}))' | FileCheck %s --check-prefix=APART

// What comes behind a barrier is computed again, by a kernel of its own that does the same; the barrier itself
// takes no time.
// CHECK-LABEL: func.func @again
// CHECK: %[[ONCE:.*]] = quern.kernel contraction(%arg0, %arg1)
// CHECK: quern.tanh
// CHECK: %[[TWICE:.*]] = quern.kernel contraction(%arg0, %arg1)
// CHECK: quern.tanh
// CHECK-NOT: quern.kernel
// CHECK-NOT: quern.barrier
// CHECK: return %[[ONCE]], %[[TWICE]]
// APART-LABEL: func.func @again
// APART-COUNT-4: quern.kernel
// APART-NOT: quern.barrier
func.func @again(%x: !quern.tensor<[B, 64], f32>, %w: !quern.tensor<[64, 64], f32>) -> (!quern.tensor<[B, 64], f32>, !quern.tensor<[B, 64], f32>) attributes {quern.kind = "export"} {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 64], f32>, !quern.tensor<[64, 64], f32>) -> !quern.tensor<[B, 64], f32>
  %1 = quern.tanh %0 : !quern.tensor<[B, 64], f32>
  %2 = quern.barrier %x : !quern.tensor<[B, 64], f32>
  %3 = quern.contract %2, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 64], f32>, !quern.tensor<[64, 64], f32>) -> !quern.tensor<[B, 64], f32>
  %4 = quern.tanh %3 : !quern.tensor<[B, 64], f32>
  return %1, %4 : !quern.tensor<[B, 64], f32>, !quern.tensor<[B, 64], f32>
}
