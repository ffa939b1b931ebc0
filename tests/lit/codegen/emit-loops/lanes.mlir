// The gradient of x^T x for two rows as one kernel: lanes go along the rows, in whatever order the kernel takes its
// operands. Along the other dimension, %g would have lanes in both of its own.
// RUN: quern emit loops --mcpu x86-64-v4 %s | FileCheck %s
// CHECK-LABEL: func.func private @gram.k0(
// CHECK: vector.fma
// CHECK-NOT: func.func private @gram.k1(
func.func @gram(%x: !quern.tensor<[2, 2], f32>, %g: !quern.tensor<[2, 2], f32>) -> (!quern.tensor<[2, 2], f32>)
    attributes {quern.kind = "export", quern.dims = []} {
  %0 = quern.contract %g, %x batch [] x [] contracting [1] x [1] : (<[2, 2], f32>, <[2, 2], f32>) -> <[2, 2], f32>
  %1 = quern.transpose %0 [1, 0] : <[2, 2], f32> -> <[2, 2], f32>
  %2 = quern.contract %g, %x batch [] x [] contracting [0] x [1] : (<[2, 2], f32>, <[2, 2], f32>) -> <[2, 2], f32>
  %3 = quern.transpose %2 [1, 0] : <[2, 2], f32> -> <[2, 2], f32>
  %4 = quern.add %1, %3 : <[2, 2], f32>
  return %4 : !quern.tensor<[2, 2], f32>
}
