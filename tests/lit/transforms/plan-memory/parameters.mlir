// RUN: quern-opt %s --quern-plan-memory | FileCheck %s

// Parameters lie without gaps: those first whose size a larger power of two divides (here 64, 16, 8 and 4), so that
// each is aligned to its own. Optimizer state begins at multiples of 64 bytes.
// CHECK: quern.params_bytes = 124 : i64, quern.state_bytes = 128 : i64
// CHECK-LABEL: func.func @step
// CHECK-SAME: quern.name = "a", quern.role = "param", quern.slot = #quern.slot<params, 104>
// CHECK-SAME: quern.name = "b", quern.role = "param", quern.slot = #quern.slot<params, 64>
// CHECK-SAME: quern.name = "c", quern.role = "param", quern.slot = #quern.slot<params, 0>
// CHECK-SAME: quern.name = "d", quern.role = "param", quern.slot = #quern.slot<params, 80>
// CHECK-SAME: quern.name = "a.m", quern.role = "state", quern.slot = #quern.slot<state, 0>
// CHECK-SAME: quern.name = "b.m", quern.role = "state", quern.slot = #quern.slot<state, 64>
func.func @step(%a: !quern.tensor<[5], f32> {quern.role = "param", quern.name = "a"},
    %b: !quern.tensor<[4], f32> {quern.role = "param", quern.name = "b"},
    %c: !quern.tensor<[16], f32> {quern.role = "param", quern.name = "c"},
    %d: !quern.tensor<[6], f32> {quern.role = "param", quern.name = "d"},
    %am: !quern.tensor<[5], f32> {quern.role = "state", quern.name = "a.m"},
    %bm: !quern.tensor<[4], f32> {quern.role = "state", quern.name = "b.m"})
    -> (!quern.tensor<[5], f32> {quern.role = "output", quern.name = "y"}) attributes {quern.kind = "export"} {
  %y = quern.kernel pointwise(%a) : (!quern.tensor<[5], f32>) -> !quern.tensor<[5], f32> {
  ^bb0(%x: !quern.tensor<[5], f32>):
    %0 = quern.neg %x : !quern.tensor<[5], f32>
    quern.yield %0 : !quern.tensor<[5], f32>
  }
  return %y : !quern.tensor<[5], f32>
}
