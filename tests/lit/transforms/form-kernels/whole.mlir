// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels))' | FileCheck %s
// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels{whole-steps=false}))' | FileCheck %s --check-prefix=PARTS

// A tiny function whose extents are all numbers becomes one kernel; with a free dim it does not.
// CHECK-LABEL: func.func @tiny
// CHECK: quern.kernel whole(
// CHECK-NOT: quern.kernel
// CHECK-LABEL: func.func @free
// CHECK-NOT: quern.kernel whole(
// PARTS-NOT: quern.kernel whole(
func.func @tiny(%x: !quern.tensor<[50, 1], f32>, %w: !quern.tensor<[1, 1], f32>) -> !quern.tensor<[], f32> attributes {quern.kind = "export"} {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[50, 1], f32>, !quern.tensor<[1, 1], f32>) -> !quern.tensor<[50, 1], f32>
  %1 = quern.reduce add %0 dims [0, 1] : !quern.tensor<[50, 1], f32> -> !quern.tensor<[], f32>
  return %1 : !quern.tensor<[], f32>
}
func.func @free(%x: !quern.tensor<[B, 1], f32>, %w: !quern.tensor<[1, 1], f32>) -> !quern.tensor<[], f32> attributes {quern.kind = "export"} {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 1], f32>, !quern.tensor<[1, 1], f32>) -> !quern.tensor<[B, 1], f32>
  %1 = quern.reduce add %0 dims [0, 1] : !quern.tensor<[B, 1], f32> -> !quern.tensor<[], f32>
  return %1 : !quern.tensor<[], f32>
}
