// RUN: quern-opt %s --quern-emit-loops=cpu=x86-64-v4 | FileCheck %s

// Kernels with the same operations on the same types have one body, in one entry and in several; each has a chunk
// function of its own, which knows its slots.
// CHECK: func.func private @first.k0(
// CHECK: func.func private @first.k0.chunk(
// CHECK: call @first.k0(
// CHECK-NOT: func.func private @first.k1(
// CHECK: func.func private @first.k1.chunk(
// CHECK: call @first.k0(
// Another constant is another body.
// CHECK: func.func private @first.k2(
// CHECK: func.func private @first.k2.chunk(
// CHECK: call @first.k2(
// CHECK-NOT: func.func private @second.k0(
// CHECK: func.func private @second.k0.chunk(
// CHECK: call @first.k0(
// With both operands in one place, one memory argument serves them, so this body is another.
// CHECK: func.func private @second.k1(
// CHECK: func.func private @second.k1.chunk(
// CHECK: call @second.k1(
func.func @first(%x: !quern.tensor<[16], f32> {quern.role = "input", quern.name = "x", quern.slot = #quern.slot<input, 0>},
                 %y: !quern.tensor<[16], f32> {quern.role = "input", quern.name = "y", quern.slot = #quern.slot<input, 1>})
    -> (!quern.tensor<[16], f32> {quern.role = "output", quern.name = "z", quern.slot = #quern.slot<output, 0>})
    attributes {quern.kind = "export", quern.dims = [], quern.workspace = #quern.extent<128>} {
  %0 = quern.kernel pointwise(%x, %y) : (<[16], f32>, <[16], f32>) -> <[16], f32> {
  ^bb0(%a: !quern.tensor<[16], f32>, %b: !quern.tensor<[16], f32>):
    %c = quern.constant 2.0 : <[16], f32>
    %s = quern.mul %a, %c : <[16], f32>
    %t = quern.sub %s, %b : <[16], f32>
    quern.yield %t : !quern.tensor<[16], f32>
  } {operandSlots = [#quern.slot<input, 0>, #quern.slot<input, 1>], resultSlots = [#quern.slot<workspace, 0>]}
  %1 = quern.kernel pointwise(%0, %x) : (<[16], f32>, <[16], f32>) -> <[16], f32> {
  ^bb0(%a: !quern.tensor<[16], f32>, %b: !quern.tensor<[16], f32>):
    %c = quern.constant 2.0 : <[16], f32>
    %s = quern.mul %a, %c : <[16], f32>
    %t = quern.sub %s, %b : <[16], f32>
    quern.yield %t : !quern.tensor<[16], f32>
  } {operandSlots = [#quern.slot<workspace, 0>, #quern.slot<input, 0>], resultSlots = [#quern.slot<workspace, 64>]}
  %2 = quern.kernel pointwise(%1, %x) : (<[16], f32>, <[16], f32>) -> <[16], f32> {
  ^bb0(%a: !quern.tensor<[16], f32>, %b: !quern.tensor<[16], f32>):
    %c = quern.constant 3.0 : <[16], f32>
    %s = quern.mul %a, %c : <[16], f32>
    %t = quern.sub %s, %b : <[16], f32>
    quern.yield %t : !quern.tensor<[16], f32>
  } {operandSlots = [#quern.slot<workspace, 64>, #quern.slot<input, 0>], resultSlots = [#quern.slot<output, 0>]}
  return %2 : !quern.tensor<[16], f32>
}
func.func @second(%x: !quern.tensor<[16], f32> {quern.role = "input", quern.name = "x", quern.slot = #quern.slot<input, 0>},
                  %y: !quern.tensor<[16], f32> {quern.role = "input", quern.name = "y", quern.slot = #quern.slot<input, 1>})
    -> (!quern.tensor<[16], f32> {quern.role = "output", quern.name = "z", quern.slot = #quern.slot<output, 0>})
    attributes {quern.kind = "export", quern.dims = [], quern.workspace = #quern.extent<64>} {
  %0 = quern.kernel pointwise(%y, %x) : (<[16], f32>, <[16], f32>) -> <[16], f32> {
  ^bb0(%a: !quern.tensor<[16], f32>, %b: !quern.tensor<[16], f32>):
    %c = quern.constant 2.0 : <[16], f32>
    %s = quern.mul %a, %c : <[16], f32>
    %t = quern.sub %s, %b : <[16], f32>
    quern.yield %t : !quern.tensor<[16], f32>
  } {operandSlots = [#quern.slot<input, 1>, #quern.slot<input, 0>], resultSlots = [#quern.slot<workspace, 0>]}
  %1 = quern.kernel pointwise(%0, %0) : (<[16], f32>, <[16], f32>) -> <[16], f32> {
  ^bb0(%a: !quern.tensor<[16], f32>, %b: !quern.tensor<[16], f32>):
    %c = quern.constant 2.0 : <[16], f32>
    %s = quern.mul %a, %c : <[16], f32>
    %t = quern.sub %s, %b : <[16], f32>
    quern.yield %t : !quern.tensor<[16], f32>
  } {operandSlots = [#quern.slot<workspace, 0>, #quern.slot<workspace, 0>], resultSlots = [#quern.slot<output, 0>]}
  return %1 : !quern.tensor<[16], f32>
}
