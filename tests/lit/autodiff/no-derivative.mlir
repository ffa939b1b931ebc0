// RUN: quern-opt %s --quern-train-step -split-input-file -verify-diagnostics

// A gradient that passes through an op without a derivative is an error at that op, with the reason.
func.func @loss(%w: !quern.tensor<[], f32> {quern.role = "param", quern.name = "w"})
    -> (!quern.tensor<[], f32> {quern.role = "output", quern.name = "loss"})
    attributes {quern.kind = "train", quern.updates = {"w" = @sgd}} {
  // expected-error@+1 {{kernel has no derivative, as kernels are formed after differentiation, but a parameter's gradient passes through it}}
  %0 = quern.kernel pointwise(%w) : (<[], f32>) -> <[], f32> {
  ^bb0(%a: !quern.tensor<[], f32>):
    quern.yield %a : !quern.tensor<[], f32>
  }
  return %0 : !quern.tensor<[], f32>
}
func.func private @sgd(%p: !quern.tensor<[], f32> {quern.role = "param", quern.name = "p"}, %g: !quern.tensor<[], f32> {quern.role = "gradient", quern.name = "g"}) -> !quern.tensor<[], f32> attributes {quern.kind = "update"} {
  return %g : !quern.tensor<[], f32>
}

// -----

// Rounding has the derivative 0, an index none at all: either way nothing leads from w to the loss.
func.func @loss(%w: !quern.tensor<[3], f32> {quern.role = "param", quern.name = "w"})
    -> (!quern.tensor<[], f32> {quern.role = "output", quern.name = "loss"})
    attributes {quern.kind = "train", quern.updates = {"w" = @sgd}} {
  // expected-error@+1 {{the parameter w cannot learn: this has no derivative, and nothing else leads from it to the loss}}
  %0 = quern.argreduce max %w dim 0 : <[3], f32> -> <[], i64>
  %1 = quern.convert %0 : <[], i64> -> <[], f32>
  %2 = quern.round %w : !quern.tensor<[3], f32>
  %3 = quern.reduce add %2 dims [0] : <[3], f32> -> <[], f32>
  %4 = quern.add %1, %3 : !quern.tensor<[], f32>
  return %4 : !quern.tensor<[], f32>
}
func.func private @sgd(%p: !quern.tensor<[3], f32> {quern.role = "param", quern.name = "p"}, %g: !quern.tensor<[3], f32> {quern.role = "gradient", quern.name = "g"}) -> !quern.tensor<[3], f32> attributes {quern.kind = "update"} {
  return %g : !quern.tensor<[3], f32>
}
