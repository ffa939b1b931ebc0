// RUN: quern-opt %s --quern-emit-loops=cpu=x86-64-v4 | FileCheck %s

// A kernel's memory arguments are noalias, one a slot: the parameter that is updated in place is one
// argument.
// CHECK-LABEL: func.func private @step.k0(
// CHECK-SAME: memref<f32> {llvm.noalias}, %{{.*}}: memref<f32> {llvm.noalias}, %{{.*}}: f32, %{{.*}}: index)
// CHECK-NOT: scf.for
// CHECK: %[[G:.*]] = vector.load {{.*}} : memref<16xf32>, vector<16xf32>
// CHECK: vector.fma
// CHECK: vector.store {{.*}} : memref<16xf32>, vector<16xf32>
// CHECK: return

// The chunk function finds the slots and the learning rate.
// CHECK-LABEL: func.func private @step.k0.chunk(
// CHECK-SAME: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i32)
// CHECK: arith.truncf {{.*}} : f64 to f32
// CHECK: call @step.k0(

// A single chunk is called directly; nothing asks for the parallel callback.
// CHECK-LABEL: func.func @step.run(
// CHECK-SAME: !llvm.ptr) -> i32
// CHECK-NOT: scf.if
// CHECK: call @step.k0.chunk
// CHECK: return

// What the caller must know before: bytes of workspace, and the extents of inputs and outputs.
// CHECK-LABEL: func.func @step.workspace_bytes(
// CHECK-SAME: !llvm.ptr, %{{.*}}: i32) -> i64
// CHECK-LABEL: func.func @step.shapes(
// CHECK-SAME: %{{.*}}: !llvm.ptr, %[[EXTENTS:.*]]: !llvm.ptr) {
// CHECK: %[[SIXTEEN:.*]] = arith.constant 16 : index
// CHECK: %[[COUNT:.*]] = arith.index_cast %[[SIXTEEN]]
// CHECK: llvm.store %[[COUNT]], %
// CHECK: return
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

// Softmax over rows: three passes over a row, the tail masked, rows cut into chunks that are run through
// the callback when there is one.
// CHECK-LABEL: func.func private @softmax.k0(
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args(%{{.*}}) -> (vector<16xf32>)
// CHECK: arith.maximumf
// CHECK: scf.if {{.*}} -> (vector<16xf32>)
// CHECK: vector.maskedload
// CHECK: vector.shuffle
// CHECK: scf.for {{.*}} iter_args(%{{.*}}) -> (vector<16xf32>)
// CHECK: vector.shuffle
// CHECK: scf.for
// CHECK: vector.store
// CHECK: vector.maskedstore
// CHECK-LABEL: func.func @softmax.run(
// CHECK: scf.if
// CHECK: scf.for
// CHECK: func.call @softmax.k0.chunk
// CHECK: } else {
// CHECK: llvm.call %{{.*}}(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
func.func @softmax(%x: !quern.tensor<[B, N], f32> {quern.role = "input", quern.name = "x", quern.slot = #quern.slot<input, 0>})
    -> (!quern.tensor<[B, N], f32> {quern.role = "output", quern.name = "y", quern.slot = #quern.slot<output, 0>})
    attributes {quern.kind = "export", quern.dims = ["B", "N"], quern.workspace = #quern.extent<0>} {
  %0 = quern.kernel reduction(%x) : (!quern.tensor<[B, N], f32>) -> !quern.tensor<[B, N], f32> {
  ^bb0(%a: !quern.tensor<[B, N], f32>):
    %1 = quern.reduce max %a dims [1] : !quern.tensor<[B, N], f32> -> !quern.tensor<[B], f32>
    %2 = quern.broadcast %1 dims [0] : !quern.tensor<[B], f32> -> !quern.tensor<[B, N], f32>
    %3 = quern.sub %a, %2 : !quern.tensor<[B, N], f32>
    %4 = quern.exp %3 : !quern.tensor<[B, N], f32>
    %5 = quern.reduce add %4 dims [1] : !quern.tensor<[B, N], f32> -> !quern.tensor<[B], f32>
    %6 = quern.broadcast %5 dims [0] : !quern.tensor<[B], f32> -> !quern.tensor<[B, N], f32>
    %7 = quern.div %4, %6 : !quern.tensor<[B, N], f32>
    quern.yield %7 : !quern.tensor<[B, N], f32>
  } {operandSlots = [#quern.slot<input, 0>], resultSlots = [#quern.slot<output, 0>]}
  return %0 : !quern.tensor<[B, N], f32>
}
