// RUN: quern-opt %s --quern-plan-memory | FileCheck %s

// The kernel that overwrites the weight comes after the one that reads the old value, although it
// stands first; the result slot is the parameter's own.
// CHECK-LABEL: func.func @step
// CHECK-SAME: quern.workspace = #quern.extent<0>
// CHECK: quern.kernel pointwise(%{{.*}})
// CHECK: quern.neg
// CHECK: resultSlots = [#quern.slot<output, 0>]
// CHECK: quern.kernel pointwise(%{{.*}}, %{{.*}})
// CHECK: quern.sub
// CHECK: operandSlots = [#quern.slot<params, 0>, #quern.slot<input, 0>], resultSlots = [#quern.slot<params, 0>]
func.func @step(%w: !quern.tensor<[4], f32> {quern.role = "param", quern.name = "w"}, %g: !quern.tensor<[4], f32> {quern.role = "input", quern.name = "g"})
    -> (!quern.tensor<[4], f32> {quern.role = "output", quern.name = "old"}, !quern.tensor<[4], f32> {quern.role = "param", quern.name = "w"}) attributes {quern.kind = "train"} {
  %n = quern.kernel pointwise(%w, %g) : (!quern.tensor<[4], f32>, !quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
  ^bb0(%a: !quern.tensor<[4], f32>, %b: !quern.tensor<[4], f32>):
    %0 = quern.sub %a, %b : !quern.tensor<[4], f32>
    quern.yield %0 : !quern.tensor<[4], f32>
  }
  %o = quern.kernel pointwise(%w) : (!quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
  ^bb0(%a: !quern.tensor<[4], f32>):
    %0 = quern.neg %a : !quern.tensor<[4], f32>
    quern.yield %0 : !quern.tensor<[4], f32>
  }
  return %o, %n : !quern.tensor<[4], f32>, !quern.tensor<[4], f32>
}

// A reversed parameter cannot overwrite itself: it goes through the workspace.
// CHECK-LABEL: func.func @reverse
// CHECK-SAME: quern.workspace = #quern.extent<64>
// CHECK: quern.reverse
// CHECK: resultSlots = [#quern.slot<workspace, 0>]
// CHECK: operandSlots = [#quern.slot<workspace, 0>], resultSlots = [#quern.slot<params, 0>]
func.func @reverse(%w: !quern.tensor<[4], f32> {quern.role = "param", quern.name = "w"}) -> (!quern.tensor<[4], f32> {quern.role = "param", quern.name = "w"}) attributes {quern.kind = "train"} {
  %n = quern.kernel pointwise(%w) : (!quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
  ^bb0(%a: !quern.tensor<[4], f32>):
    %0 = quern.reverse %a dims [0] : !quern.tensor<[4], f32>
    quern.yield %0 : !quern.tensor<[4], f32>
  }
  return %n : !quern.tensor<[4], f32>
}
