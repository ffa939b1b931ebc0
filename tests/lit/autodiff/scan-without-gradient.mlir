// A loop through which no gradient passes has no loop back.
// RUN: quern-opt %s --quern-train-step | FileCheck %s
func.func private @update(%p: !quern.tensor<[], f32> {quern.name = "p", quern.role = "param"},
    %g: !quern.tensor<[], f32> {quern.name = "g", quern.role = "gradient"})
    -> (!quern.tensor<[], f32> {quern.name = "p", quern.role = "param"})
    attributes {quern.kind = "update"} {
  %0 = quern.sub %p, %g : <[], f32>
  return %0 : !quern.tensor<[], f32>
}
// CHECK-LABEL: func.func @loss(
// CHECK-NOT: -> () {
// CHECK: return
func.func @loss(%w: !quern.tensor<[], f32> {quern.name = "w", quern.role = "param"},
    %c: !quern.tensor<[], i1> {quern.name = "c", quern.role = "input"})
    -> (!quern.tensor<[], f32> {quern.name = "loss", quern.role = "output"})
    attributes {quern.kind = "train", quern.updates = {w = @update}} {
  %0:2 = quern.scan 2 carries(%c : !quern.tensor<[], i1>) over() with(%w : !quern.tensor<[], f32>)
      -> (!quern.tensor<[], i1>, !quern.tensor<[2], f32>) {
  ^bb0(%i: !quern.tensor<[], i64>, %d: !quern.tensor<[], i1>, %v: !quern.tensor<[], f32>):
    %e = quern.extent 2 : <[], f32>
    quern.yield %d, %e : !quern.tensor<[], i1>, !quern.tensor<[], f32>
  }
  %1 = quern.reduce add %0#1 dims [0] : <[2], f32> -> <[], f32>
  %2 = quern.mul %w, %1 : <[], f32>
  return %2 : !quern.tensor<[], f32>
}
