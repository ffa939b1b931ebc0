// Old values that become others' new ones are read before they are overwritten, here around in a circle;
// tensors without elements have places of their own.
// RUN: quern emit planned %s | FileCheck %s
// CHECK-LABEL: func.func @turn(
// CHECK: operandSlots = [#quern.slot<buffers, 0>], resultSlots = [#quern.slot<workspace, 0>]
// CHECK: operandSlots = [#quern.slot<buffers, 64>], resultSlots = [#quern.slot<buffers, 0>]
// CHECK: operandSlots = [#quern.slot<workspace, 0>], resultSlots = [#quern.slot<buffers, 64>]
func.func @turn(%a: !quern.tensor<[4], f32> {quern.name = "a", quern.role = "buffer"},
    %b: !quern.tensor<[4], f32> {quern.name = "b", quern.role = "buffer"})
    -> (!quern.tensor<[4], f32> {quern.name = "a", quern.role = "buffer"},
    !quern.tensor<[4], f32> {quern.name = "b", quern.role = "buffer"})
    attributes {quern.kind = "export"} {
  return %b, %a : !quern.tensor<[4], f32>, !quern.tensor<[4], f32>
}

// CHECK-LABEL: func.func @empty(
// CHECK-SAME: <[0], f32> {{{.*}}quern.slot = #quern.slot<params, 16>
// CHECK-SAME: <[4], f32> {{{.*}}quern.slot = #quern.slot<params, 0>
func.func @empty(%e: !quern.tensor<[0], f32> {quern.name = "e", quern.role = "param"},
    %w: !quern.tensor<[4], f32> {quern.name = "w", quern.role = "param"})
    -> (!quern.tensor<[4], f32> {quern.name = "r", quern.role = "output"})
    attributes {quern.kind = "export"} {
  %0 = quern.concat %e, %w dim 0 : (<[0], f32>, <[4], f32>) -> <[4], f32>
  return %0 : !quern.tensor<[4], f32>
}
