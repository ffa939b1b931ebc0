// RUN: quern-opt %s --quern-plan-memory --quern-verify-phase=phase=planned | FileCheck %s

// Sizes that are multiples of one symbolic part share a region: %a and %c, which never live together,
// have the same place, %b stands beside them. The size of the workspace is an expression of B.
// CHECK-LABEL: func.func @chain
// CHECK-SAME: quern.workspace = #quern.extent<[[SIZE:.*floordiv.*]]>
// CHECK: resultSlots = [#quern.slot<workspace, 0>]
// CHECK: operandSlots = [#quern.slot<workspace, 0>], resultSlots = [#quern.slot<workspace, [[B:.*]]>]
// CHECK: operandSlots = [#quern.slot<workspace, [[B]]>], resultSlots = [#quern.slot<workspace, 0>]
// CHECK: operandSlots = [#quern.slot<workspace, 0>], resultSlots = [#quern.slot<output, 0>]
func.func @chain(%x: !quern.tensor<[B, 4], f32> {quern.role = "input", quern.name = "x"}) -> (!quern.tensor<[B, 4], f32> {quern.role = "output", quern.name = "y"}) attributes {quern.kind = "export", quern.dims = ["B"]} {
  %a = quern.kernel pointwise(%x) : (!quern.tensor<[B, 4], f32>) -> !quern.tensor<[B, 4], f32> {
  ^bb0(%v: !quern.tensor<[B, 4], f32>):
    %0 = quern.exp %v : !quern.tensor<[B, 4], f32>
    quern.yield %0 : !quern.tensor<[B, 4], f32>
  }
  %b = quern.kernel pointwise(%a) : (!quern.tensor<[B, 4], f32>) -> !quern.tensor<[B, 4], f32> {
  ^bb0(%v: !quern.tensor<[B, 4], f32>):
    %0 = quern.reverse %v dims [0] : !quern.tensor<[B, 4], f32>
    quern.yield %0 : !quern.tensor<[B, 4], f32>
  }
  %c = quern.kernel pointwise(%b) : (!quern.tensor<[B, 4], f32>) -> !quern.tensor<[B, 4], f32> {
  ^bb0(%v: !quern.tensor<[B, 4], f32>):
    %0 = quern.log %v : !quern.tensor<[B, 4], f32>
    quern.yield %0 : !quern.tensor<[B, 4], f32>
  }
  %d = quern.kernel pointwise(%c) : (!quern.tensor<[B, 4], f32>) -> !quern.tensor<[B, 4], f32> {
  ^bb0(%v: !quern.tensor<[B, 4], f32>):
    %0 = quern.reverse %v dims [0] : !quern.tensor<[B, 4], f32>
    quern.yield %0 : !quern.tensor<[B, 4], f32>
  }
  return %d : !quern.tensor<[B, 4], f32>
}
