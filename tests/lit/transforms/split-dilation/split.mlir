// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-split-dilation))' | FileCheck %s

// The gradient of a 3x3 convolution with stride 2: of the nine taps one, two, two and four, none with a zero.
// CHECK-LABEL: func.func @strided
// CHECK-NOT: lhs_dilation [2, 2]
// CHECK: %[[W0:.*]] = quern.slice %arg1 offsets [0, 0, 1, 1] strides [1, 1, 2, 2] {{.*}} -> <[3, 8, 1, 1], f32>
// CHECK: %[[P0:.*]] = quern.conv %arg0, %[[W0]] strides [1, 1] low [0, 0] high [0, 0] lhs_dilation [1, 1] {{.*}} -> <[B, 3, H, 16], f32>
// CHECK: quern.slice %arg1 offsets [0, 0, 1, 0] {{.*}} -> <[3, 8, 1, 2], f32>
// CHECK: low [0, 0] high [0, 1]
// CHECK: quern.concat {{.*}} dim 4 : {{.*}} -> <[B, 3, H, 16, 2], f32>
// CHECK: quern.slice %arg1 offsets [0, 0, 0, 1] {{.*}} -> <[3, 8, 2, 1], f32>
// CHECK: low [0, 0] high [1, 0]
// CHECK: quern.slice %arg1 offsets [0, 0, 0, 0] {{.*}} -> <[3, 8, 2, 2], f32>
// CHECK: low [0, 0] high [1, 1]
// CHECK: quern.concat {{.*}} dim 3 : {{.*}} -> <[B, 3, H, 2, 32], f32>
// CHECK: %[[R:.*]] = quern.reshape {{.*}} -> <[B, 3, 2*H, 32], f32>
// CHECK: return %[[R]]
func.func @strided(%g: !quern.tensor<[B, 8, H, 16], f32>, %w: !quern.tensor<[3, 8, 3, 3], f32>) -> !quern.tensor<[B, 3, 2*H, 32], f32> {
  %r = quern.conv %g, %w strides [1, 1] low [1, 1] high [2, 2] lhs_dilation [2, 2] rhs_dilation [1, 1] groups 1 : (<[B, 8, H, 16], f32>, <[3, 8, 3, 3], f32>) -> <[B, 3, 2*H, 32], f32>
  return %r : !quern.tensor<[B, 3, 2*H, 32], f32>
}

// One tap meets every second place, and zeros stand between; the last of them is cut off.
// CHECK-LABEL: func.func @one_tap
// CHECK: %[[P:.*]] = quern.conv {{.*}} lhs_dilation [1] {{.*}} -> <[B, 8, N], f32>
// CHECK: %[[Z:.*]] = quern.constant 0.0 : <[B, 8, N], f32>
// CHECK: quern.concat {{.*}} dim 3
// CHECK: quern.slice {{.*}} : <[B, 8, 2*N], f32> -> <[B, 8, 2*N - 1], f32>
func.func @one_tap(%g: !quern.tensor<[B, 8, N], f32>, %w: !quern.tensor<[8, 8, 1], f32>) -> !quern.tensor<[B, 8, 2*N - 1], f32> {
  %r = quern.conv %g, %w strides [1] low [0] high [0] lhs_dilation [2] rhs_dilation [1] groups 1 : (<[B, 8, N], f32>, <[8, 8, 1], f32>) -> <[B, 8, 2*N - 1], f32>
  return %r : !quern.tensor<[B, 8, 2*N - 1], f32>
}

// Strides in the dilated dimension, taps that are apart, and what has too many phases stay.
// CHECK-LABEL: func.func @left
// CHECK-COUNT-3: quern.conv %arg0, %arg1 {{.*}} lhs_dilation [{{2|17}}]
func.func @left(%g: !quern.tensor<[B, 8, 9], f32>, %w: !quern.tensor<[8, 8, 3], f32>) {
  %0 = quern.conv %g, %w strides [2] low [0] high [0] lhs_dilation [2] rhs_dilation [1] groups 1 : (<[B, 8, 9], f32>, <[8, 8, 3], f32>) -> <[B, 8, 8], f32>
  %1 = quern.conv %g, %w strides [1] low [0] high [0] lhs_dilation [2] rhs_dilation [2] groups 1 : (<[B, 8, 9], f32>, <[8, 8, 3], f32>) -> <[B, 8, 13], f32>
  %2 = quern.conv %g, %w strides [1] low [0] high [0] lhs_dilation [17] rhs_dilation [1] groups 1 : (<[B, 8, 9], f32>, <[8, 8, 3], f32>) -> <[B, 8, 135], f32>
  return
}
