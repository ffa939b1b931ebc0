// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels))' | FileCheck %s
// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels{fuse=false}))' | FileCheck %s --check-prefix=APART

// Scaled bytes go into the contraction, bias and activation come out of it: one kernel, which reads
// the bytes themselves.
// CHECK-LABEL: func.func @layer
// CHECK-COUNT-1: quern.kernel contraction(%{{.*}}) : (<[B, 784], ui8>
// CHECK-NOT: quern.kernel
// CHECK-LABEL: func.func @rows
// APART-LABEL: func.func @layer
// APART-COUNT-5: quern.kernel
// APART-LABEL: func.func @rows
func.func @layer(%x: !quern.tensor<[B, 784], ui8>, %w: !quern.tensor<[512, 784], f32>, %b: !quern.tensor<[512], f32>) -> !quern.tensor<[B, 512], f32> attributes {quern.kind = "export"} {
  %c = quern.constant 255.0 : !quern.tensor<[B, 784], f32>
  %z = quern.constant 0.0 : !quern.tensor<[B, 512], f32>
  %0 = quern.convert %x : !quern.tensor<[B, 784], ui8> -> !quern.tensor<[B, 784], f32>
  %1 = quern.div %0, %c : !quern.tensor<[B, 784], f32>
  %2 = quern.contract %1, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 784], f32>, !quern.tensor<[512, 784], f32>) -> !quern.tensor<[B, 512], f32>
  %3 = quern.broadcast %b dims [1] : !quern.tensor<[512], f32> -> !quern.tensor<[B, 512], f32>
  %4 = quern.add %2, %3 : !quern.tensor<[B, 512], f32>
  %5 = quern.max %4, %z : !quern.tensor<[B, 512], f32>
  return %5 : !quern.tensor<[B, 512], f32>
}

// A softmax is one row kernel.
// CHECK-COUNT-1: quern.kernel reduction
// CHECK-NOT: quern.kernel
// CHECK-LABEL: func.func @columns
func.func @rows(%x: !quern.tensor<[B, 10], f32>) -> !quern.tensor<[B, 10], f32> attributes {quern.kind = "export"} {
  %m = quern.reduce max %x dims [1] : !quern.tensor<[B, 10], f32> -> !quern.tensor<[B], f32>
  %mb = quern.broadcast %m dims [0] : !quern.tensor<[B], f32> -> !quern.tensor<[B, 10], f32>
  %d = quern.sub %x, %mb : !quern.tensor<[B, 10], f32>
  %e = quern.exp %d : !quern.tensor<[B, 10], f32>
  %s = quern.reduce add %e dims [1] : !quern.tensor<[B, 10], f32> -> !quern.tensor<[B], f32>
  %sb = quern.broadcast %s dims [0] : !quern.tensor<[B], f32> -> !quern.tensor<[B, 10], f32>
  %r = quern.div %e, %sb : !quern.tensor<[B, 10], f32>
  return %r : !quern.tensor<[B, 10], f32>
}

// A sum over the batch takes the update of the bias in; what comes after at other indices stays out.
// CHECK: quern.kernel reduction
// CHECK: quern.sub
// CHECK: quern.kernel pointwise
// CHECK-NOT: quern.kernel
func.func @columns(%g: !quern.tensor<[B, 10], f32>, %p: !quern.tensor<[10], f32>) -> (!quern.tensor<[10], f32>, !quern.tensor<[10], f32>) attributes {quern.kind = "export"} {
  %s = quern.reduce add %g dims [0] : !quern.tensor<[B, 10], f32> -> !quern.tensor<[10], f32>
  %n = quern.sub %p, %s : !quern.tensor<[10], f32>
  %r = quern.reverse %n dims [0] : !quern.tensor<[10], f32>
  return %n, %r : !quern.tensor<[10], f32>, !quern.tensor<[10], f32>
}
