// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels))' | FileCheck %s

// Bias and activation come out of a convolution; what is computed before it is stored, as each element
// is read once a tap.
// CHECK-LABEL: func.func @layer
// CHECK: quern.kernel pointwise
// CHECK: quern.div
// CHECK: quern.kernel contraction
// CHECK-NOT: quern.kernel
// CHECK: quern.conv
// CHECK: quern.add
// CHECK: quern.max
// CHECK: quern.kernel pointwise
// CHECK-NOT: quern.kernel
// CHECK: quern.window_reduce
// CHECK-NOT: quern.kernel
// CHECK-LABEL: func.func @repeated
func.func @layer(%x: !quern.tensor<[B, 3, 8, 8], f32>, %w: !quern.tensor<[4, 3, 3, 3], f32>, %b: !quern.tensor<[4], f32>) -> (!quern.tensor<[B, 4, 8, 8], f32>, !quern.tensor<[B, 4, 4, 4], f32>) attributes {quern.kind = "export"} {
  %c = quern.constant 255.0 : !quern.tensor<[B, 3, 8, 8], f32>
  %z = quern.constant 0.0 : !quern.tensor<[B, 4, 8, 8], f32>
  %0 = quern.div %x, %c : !quern.tensor<[B, 3, 8, 8], f32>
  %1 = quern.conv %0, %w strides [1, 1] low [1, 1] high [1, 1] lhs_dilation [1, 1] rhs_dilation [1, 1] groups 1 : (!quern.tensor<[B, 3, 8, 8], f32>, !quern.tensor<[4, 3, 3, 3], f32>) -> !quern.tensor<[B, 4, 8, 8], f32>
  %2 = quern.broadcast %b dims [1] : !quern.tensor<[4], f32> -> !quern.tensor<[B, 4, 8, 8], f32>
  %3 = quern.add %1, %2 : !quern.tensor<[B, 4, 8, 8], f32>
  %4 = quern.max %3, %z : !quern.tensor<[B, 4, 8, 8], f32>
  %6 = quern.window_reduce max %4 window [2, 2] strides [2, 2] low [0, 0] high [0, 0] base_dilation [1, 1] dilation [1, 1] : !quern.tensor<[B, 4, 8, 8], f32> -> !quern.tensor<[B, 4, 4, 4], f32>
  return %4, %6 : !quern.tensor<[B, 4, 8, 8], f32>, !quern.tensor<[B, 4, 4, 4], f32>
}

// Cheap work goes into a window, but a window after a window is not computed once a tap.
// CHECK: quern.kernel pointwise
// CHECK: quern.neg
// CHECK-NEXT: quern.window_reduce
// CHECK: quern.kernel pointwise
// CHECK-NOT: quern.kernel
func.func @repeated(%x: !quern.tensor<[B, 8], f32>) -> !quern.tensor<[B, 8], f32> attributes {quern.kind = "export"} {
  %n = quern.neg %x : !quern.tensor<[B, 8], f32>
  %0 = quern.window_reduce max %n window [3] strides [1] low [1] high [1] base_dilation [1] dilation [1] : !quern.tensor<[B, 8], f32> -> !quern.tensor<[B, 8], f32>
  %1 = quern.window_reduce max %0 window [3] strides [1] low [1] high [1] base_dilation [1] dilation [1] : !quern.tensor<[B, 8], f32> -> !quern.tensor<[B, 8], f32>
  return %1 : !quern.tensor<[B, 8], f32>
}

// A scatter of windows takes in what stays at its own places, and no transpose, though that has its shape.
// CHECK-LABEL: func.func @scattered
// CHECK: quern.kernel pointwise
// CHECK: quern.window_scatter
// CHECK: quern.neg
// CHECK-NEXT: quern.yield
// CHECK: quern.kernel pointwise
// CHECK: quern.transpose
func.func @scattered(%x: !quern.tensor<[8, 8, 6], f32>, %g: !quern.tensor<[8, 8, 3], f32>) -> (!quern.tensor<[8, 8, 6], f32>, !quern.tensor<[8, 8, 6], f32>) attributes {quern.kind = "export"} {
  %0 = quern.window_scatter max %x, %g window [2] strides [2] low [0] high [0] dilation [1] : (!quern.tensor<[8, 8, 6], f32>, !quern.tensor<[8, 8, 3], f32>) -> !quern.tensor<[8, 8, 6], f32>
  %1 = quern.neg %0 : !quern.tensor<[8, 8, 6], f32>
  %2 = quern.transpose %1 [1, 0, 2] : !quern.tensor<[8, 8, 6], f32> -> !quern.tensor<[8, 8, 6], f32>
  return %1, %2 : !quern.tensor<[8, 8, 6], f32>, !quern.tensor<[8, 8, 6], f32>
}
