// RUN: quern-opt %s | quern-opt | FileCheck %s

// CHECK-LABEL: func.func @forward
// CHECK-SAME: !quern.tensor<[B*T + T, (H + 1) floordiv 2], f32>
func.func @forward(%a: !quern.tensor<[T*(B + 1), (H - 1) floordiv 2 + 1], f32>, %x: !quern.tensor<[B, 784], f32>, %w: !quern.tensor<[10, 784], f32>, %b: !quern.tensor<[10], f32>) -> !quern.tensor<[B, 10], f32> {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 784], f32>, !quern.tensor<[10, 784], f32>) -> !quern.tensor<[B, 10], f32>
  %1 = quern.broadcast %b dims [1] : !quern.tensor<[10], f32> -> !quern.tensor<[B, 10], f32>
  %2 = quern.add %0, %1 : !quern.tensor<[B, 10], f32>
  %3 = quern.composite "relu"(%2) : (!quern.tensor<[B, 10], f32>) -> !quern.tensor<[B, 10], f32> {
  ^bb0(%arg: !quern.tensor<[B, 10], f32>):
    %z = quern.constant 0.0 : !quern.tensor<[B, 10], f32>
    %m = quern.max %arg, %z : !quern.tensor<[B, 10], f32>
    quern.yield %m : !quern.tensor<[B, 10], f32>
  } vjp [] {}
  // CHECK: quern.slice %{{.*}} offsets [B - 1, 0] strides [1, 2]
  %s = quern.slice %3 offsets [B - 1, 0] strides [1, 2] : !quern.tensor<[B, 10], f32> -> !quern.tensor<[1, 5], f32>
  %r = quern.reduce add %3 dims [1] : !quern.tensor<[B, 10], f32> -> !quern.tensor<[B], f32>
  return %3 : !quern.tensor<[B, 10], f32>
}
