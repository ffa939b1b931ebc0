// RUN: quern-opt %s --quern-select-entries=entries=loss | FileCheck %s --check-prefix=LOSS
// RUN: quern-opt %s --quern-select-entries=entries=f1 | FileCheck %s --check-prefix=F1
// RUN: not quern-opt %s --quern-select-entries=entries=nothing 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: error: there is no entry 'nothing'; the model has loss, loss_validate, confusion, f1

// A train function keeps its validation and its state.
// LOSS: func.func @loss(
// LOSS: func.func @loss_validate(
// LOSS-NOT: func.func @confusion
// LOSS-NOT: func.func @f1
// LOSS: func.func @init
// LOSS-SAME: quern.name = "w"
// LOSS-SAME: quern.name = "w.m"

// RUN: quern-opt %s --quern-select-entries=entries=loss_validate | FileCheck %s --check-prefix=VALIDATE
// VALIDATE-NOT: func.func @loss(
// VALIDATE: func.func @loss_validate(

// A metric of totals keeps where they come from; no entry is left to use the state.
// F1-NOT: func.func @loss
// F1: func.func @confusion
// F1: func.func @f1
// F1: func.func @init() -> (!quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"})
// F1: %[[W:.*]] = quern.constant
// F1: return %[[W]] : !quern.tensor<[2], f32>
func.func @loss(%w: !quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"}, %m: !quern.tensor<[2], f32> {quern.name = "w.m", quern.role = "state"})
    -> (!quern.tensor<[], f32>, !quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"}, !quern.tensor<[2], f32> {quern.name = "w.m", quern.role = "state"})
    attributes {quern.kind = "train"} {
  %0 = quern.reduce add %w dims [0] : <[2], f32> -> <[], f32>
  return %0, %m, %m : !quern.tensor<[], f32>, !quern.tensor<[2], f32>, !quern.tensor<[2], f32>
}
func.func @loss_validate(%w: !quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"}) -> !quern.tensor<[], f32> attributes {quern.kind = "validate"} {
  %0 = quern.reduce add %w dims [0] : <[2], f32> -> <[], f32>
  return %0 : !quern.tensor<[], f32>
}
func.func @confusion(%w: !quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"}) -> !quern.tensor<[2], f32> attributes {quern.kind = "metric"} {
  return %w : !quern.tensor<[2], f32>
}
func.func @f1(%cm: !quern.tensor<[2], f32> {quern.name = "cm", quern.role = "input"}) -> !quern.tensor<[2], f32> attributes {quern.kind = "totals", quern.totals_of = @confusion} {
  return %cm : !quern.tensor<[2], f32>
}
func.func @init() -> (!quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"}, !quern.tensor<[2], f32> {quern.name = "w.m", quern.role = "state"}) attributes {quern.kind = "init"} {
  %0 = quern.constant 1.0 : <[2], f32>
  %1 = quern.constant 0.0 : <[2], f32>
  return %0, %1 : !quern.tensor<[2], f32>, !quern.tensor<[2], f32>
}
