// RUN: quern-opt %s --quern-emit-gpu | FileCheck %s

// Slots are pointers in the device's memory, one a slot and noalias: the parameter that is updated in place
// is one argument. So is the learning rate, so that a recorded launch reads it anew.
// CHECK-LABEL: gpu.func @step_k0(
// CHECK-SAME: memref<f32, #gpu.address_space<global>> {llvm.align = 16 : i64, llvm.noalias}, %[[LR:.*]]: memref<f64, #gpu.address_space<global>> {llvm.align = 8 : i64, llvm.noalias}, %{{.*}}: memref<f32, #gpu.address_space<global>> {llvm.align = 16 : i64, llvm.noalias}) kernel
// CHECK-SAME: known_block_size = array<i32: 256, 1, 1>
// CHECK-SAME: quern.dims = []
// CHECK-SAME: quern.grid = #quern.extent<1>
// CHECK-SAME: quern.slots = [#quern.slot<params, 0>, #quern.slot<hyper, 0>, #quern.slot<input, 0>]
// CHECK: memref.load %[[LR]][]
// CHECK: arith.truncf {{.*}} : f64 to f32
// CHECK: scf.for
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<16xf32, #gpu.address_space<global>>, vector<4xf32>
// CHECK-NOT: mask
// CHECK: gpu.return
func.func @step(%p: !quern.tensor<[16], f32> {quern.role = "param", quern.name = "p", quern.slot = #quern.slot<params, 0>},
                %lr: !quern.tensor<[], f32> {quern.role = "hyper", quern.name = "lr", quern.slot = #quern.slot<hyper, 0>},
                %g: !quern.tensor<[16], f32> {quern.role = "input", quern.name = "g", quern.slot = #quern.slot<input, 0>})
    -> (!quern.tensor<[16], f32> {quern.role = "param", quern.name = "p", quern.slot = #quern.slot<params, 0>})
    attributes {quern.kind = "train", quern.dims = [], quern.workspace = #quern.extent<0>} {
  %0 = quern.kernel pointwise(%p, %lr, %g) : (!quern.tensor<[16], f32>, !quern.tensor<[], f32>, !quern.tensor<[16], f32>) -> !quern.tensor<[16], f32> {
  ^bb0(%a: !quern.tensor<[16], f32>, %r: !quern.tensor<[], f32>, %b: !quern.tensor<[16], f32>):
    %1 = quern.broadcast %r dims [] : !quern.tensor<[], f32> -> !quern.tensor<[16], f32>
    %2 = quern.mul %1, %b : !quern.tensor<[16], f32>
    %3 = quern.sub %a, %2 : !quern.tensor<[16], f32>
    quern.yield %3 : !quern.tensor<[16], f32>
  } {operandSlots = [#quern.slot<params, 0>, #quern.slot<hyper, 0>, #quern.slot<input, 0>], resultSlots = [#quern.slot<params, 0>]}
  return %0 : !quern.tensor<[16], f32>
}

// A row's one result overwrites what all threads of the block have read: they wait for each other first.
// Rows of three elements are not aligned, so that they are read one by one.
// CHECK-LABEL: gpu.func @shift_k0(
// CHECK-SAME: quern.grid = #quern.extent<(B + 3) floordiv 4>
// CHECK-NOT: vector<4xf32>
// CHECK: gpu.shuffle xor
// CHECK: nvvm.bar.warp.sync
// CHECK: memref.store
// CHECK: gpu.return
func.func @shift(%p: !quern.tensor<[B], f32> {quern.role = "input", quern.name = "p", quern.slot = #quern.slot<input, 0>},
                 %x: !quern.tensor<[B, 3], f32> {quern.role = "input", quern.name = "x", quern.slot = #quern.slot<input, 1>})
    -> (!quern.tensor<[B], f32> {quern.role = "output", quern.name = "p", quern.slot = #quern.slot<input, 0>})
    attributes {quern.kind = "export", quern.dims = ["B"], quern.workspace = #quern.extent<0>} {
  %0 = quern.kernel reduction(%p, %x) : (!quern.tensor<[B], f32>, !quern.tensor<[B, 3], f32>) -> !quern.tensor<[B], f32> {
  ^bb0(%a: !quern.tensor<[B], f32>, %b: !quern.tensor<[B, 3], f32>):
    %1 = quern.reduce add %b dims [1] : !quern.tensor<[B, 3], f32> -> !quern.tensor<[B], f32>
    %2 = quern.sub %a, %1 : !quern.tensor<[B], f32>
    quern.yield %2 : !quern.tensor<[B], f32>
  } {operandSlots = [#quern.slot<input, 0>, #quern.slot<input, 1>], resultSlots = [#quern.slot<input, 0>]}
  return %0 : !quern.tensor<[B], f32>
}

// The same with a block a row: after the last shuffle there is one barrier for what the threads have read,
// and one more before the shared memory is written again.
// CHECK-LABEL: gpu.func @shiftLong_k0(
// CHECK-SAME: workgroup(%{{.*}} : memref<4xf32, #gpu.address_space<workgroup>>)
// CHECK-SAME: quern.grid = #quern.extent<B>
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : memref<?xf32, #gpu.address_space<global>>, vector<4xf32>
// CHECK: gpu.shuffle xor
// CHECK: gpu.barrier
// CHECK: gpu.shuffle xor
// CHECK: memref.load %{{.*}} : memref<?xf32, #gpu.address_space<global>>
// CHECK: gpu.barrier
// CHECK: memref.store {{.*}} : memref<?xf32, #gpu.address_space<global>>
// CHECK: gpu.barrier
// CHECK: gpu.return
func.func @shiftLong(%p: !quern.tensor<[B], f32> {quern.role = "input", quern.name = "p", quern.slot = #quern.slot<input, 0>},
                     %x: !quern.tensor<[B, 700], f32> {quern.role = "input", quern.name = "x", quern.slot = #quern.slot<input, 1>})
    -> (!quern.tensor<[B], f32> {quern.role = "output", quern.name = "p", quern.slot = #quern.slot<input, 0>})
    attributes {quern.kind = "export", quern.dims = ["B"], quern.workspace = #quern.extent<0>} {
  %0 = quern.kernel reduction(%p, %x) : (!quern.tensor<[B], f32>, !quern.tensor<[B, 700], f32>) -> !quern.tensor<[B], f32> {
  ^bb0(%a: !quern.tensor<[B], f32>, %b: !quern.tensor<[B, 700], f32>):
    %1 = quern.reduce add %b dims [1] : !quern.tensor<[B, 700], f32> -> !quern.tensor<[B], f32>
    %2 = quern.sub %a, %1 : !quern.tensor<[B], f32>
    quern.yield %2 : !quern.tensor<[B], f32>
  } {operandSlots = [#quern.slot<input, 0>, #quern.slot<input, 1>], resultSlots = [#quern.slot<input, 0>]}
  return %0 : !quern.tensor<[B], f32>
}
