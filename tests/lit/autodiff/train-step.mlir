// RUN: quern-opt %s --quern-train-step --canonicalize --cse | FileCheck %s

// The whole step of Linear(1, 1) with mean squared error and SGD: one function of parameters,
// learning rate and batch.
// CHECK-LABEL: func.func @loss
// CHECK-SAME: %[[W:[^:]+]]: !quern.tensor<[1, 1], f32> {quern.name = "linear.weight", quern.role = "param"}
// CHECK-SAME: %[[LR:[^:]+]]: !quern.tensor<[], f32> {quern.default = 1.000000e-01 : f64, quern.name = "lr", quern.role = "hyper"}
// CHECK-SAME: %[[X:[^:]+]]: !quern.tensor<[B, 1], f32>
// CHECK-SAME: -> (!quern.tensor<[], f32> {{.*}}, !quern.tensor<[1, 1], f32> {quern.name = "linear.weight", quern.role = "param"}, !quern.tensor<[1], f32> {quern.name = "linear.bias", quern.role = "param"})
// CHECK: %[[G:.*]] = quern.contract %{{.*}}, %[[X]] batch [] x [] contracting [0] x [0]
// CHECK: %[[LRW:.*]] = quern.broadcast %[[LR]]
// CHECK: %[[STEP:.*]] = quern.mul %[[LRW]], %[[G]]
// CHECK: quern.sub %[[W]], %[[STEP]]
// CHECK-NOT: func.func private @sgd
func.func @loss(%w: !quern.tensor<[1, 1], f32> {quern.role = "param", quern.name = "linear.weight"},
                %b: !quern.tensor<[1], f32> {quern.role = "param", quern.name = "linear.bias"},
                %x: !quern.tensor<[B, 1], f32> {quern.role = "input", quern.name = "x"},
                %y: !quern.tensor<[B, 1], f32> {quern.role = "input", quern.name = "y"})
    -> (!quern.tensor<[], f32> {quern.role = "output", quern.name = "loss"})
    attributes {quern.kind = "train", quern.dims = ["B"], quern.batch = "B",
                quern.updates = {"linear.weight" = @sgd_0, "linear.bias" = @sgd_1}} {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 1], f32>, !quern.tensor<[1, 1], f32>) -> !quern.tensor<[B, 1], f32>
  %1 = quern.broadcast %b dims [1] : !quern.tensor<[1], f32> -> !quern.tensor<[B, 1], f32>
  %2 = quern.add %0, %1 : !quern.tensor<[B, 1], f32>
  %3 = quern.sub %2, %y : !quern.tensor<[B, 1], f32>
  %4 = quern.mul %3, %3 : !quern.tensor<[B, 1], f32>
  %5 = quern.reduce add %4 dims [0, 1] : !quern.tensor<[B, 1], f32> -> !quern.tensor<[], f32>
  %6 = quern.extent B : !quern.tensor<[], f32>
  %7 = quern.div %5, %6 : !quern.tensor<[], f32>
  return %7 : !quern.tensor<[], f32>
}
func.func private @sgd_0(%p: !quern.tensor<[1, 1], f32> {quern.role = "param", quern.name = "p"}, %g: !quern.tensor<[1, 1], f32> {quern.role = "gradient", quern.name = "g"},
                       %lr: !quern.tensor<[], f32> {quern.role = "hyper", quern.name = "lr", quern.default = 0.1 : f64}) -> !quern.tensor<[1, 1], f32> attributes {quern.kind = "update"} {
  %0 = quern.broadcast %lr dims [] : !quern.tensor<[], f32> -> !quern.tensor<[1, 1], f32>
  %1 = quern.mul %0, %g : !quern.tensor<[1, 1], f32>
  %2 = quern.sub %p, %1 : !quern.tensor<[1, 1], f32>
  return %2 : !quern.tensor<[1, 1], f32>
}
func.func private @sgd_1(%p: !quern.tensor<[1], f32> {quern.role = "param", quern.name = "p"}, %g: !quern.tensor<[1], f32> {quern.role = "gradient", quern.name = "g"},
                       %lr: !quern.tensor<[], f32> {quern.role = "hyper", quern.name = "lr", quern.default = 0.1 : f64}) -> !quern.tensor<[1], f32> attributes {quern.kind = "update"} {
  %0 = quern.broadcast %lr dims [] : !quern.tensor<[], f32> -> !quern.tensor<[1], f32>
  %1 = quern.mul %0, %g : !quern.tensor<[1], f32>
  %2 = quern.sub %p, %1 : !quern.tensor<[1], f32>
  return %2 : !quern.tensor<[1], f32>
}
