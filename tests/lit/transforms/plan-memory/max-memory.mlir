// RUN: quern-opt %s --quern-plan-memory="max-memory=8256 dims=B=1024" --quern-verify-phase=phase=planned | FileCheck %s
// RUN: quern-opt %s --quern-plan-memory="max-memory=12352 dims=B=1024" | FileCheck %s --check-prefix=ENOUGH
// RUN: not quern-opt %s --quern-plan-memory="max-memory=8000 dims=B=1024" 2>&1 | FileCheck %s --check-prefix=LITTLE
// RUN: not quern-opt %s --quern-plan-memory="max-memory=8000" 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not quern-opt %s --quern-plan-memory="max-memory=8000 dims=B=4611686018427387904" 2>&1 | FileCheck %s --check-prefix=HUGE

// The first result is kept across two kernels that do not need it. In 8,256 bytes it is made again for its last
// reader, without the other result of its kernel and what only that one needs; in 12,352 nothing is.
// CHECK-LABEL: func.func @loss
// CHECK-SAME: quern.workspace = #quern.extent<{{.*}}>
// CHECK: %[[A:.*]]:2 = quern.kernel pointwise(%arg0, %arg1)
// CHECK: %[[B:.*]] = quern.kernel pointwise(%[[A]]#0, %[[A]]#1)
// CHECK: %[[C:.*]] = quern.kernel pointwise(%[[B]])
// CHECK: %[[D:.*]] = quern.kernel pointwise(%[[C]])
// CHECK: %[[AGAIN:.*]] = quern.kernel pointwise(%arg0) : (<[B], f32>) -> <[B], f32> {
// CHECK-NEXT: ^bb0
// CHECK-NEXT: = quern.exp
// CHECK-NEXT: quern.yield
// CHECK-NEXT: quern.repeated,
// CHECK: quern.kernel pointwise(%[[AGAIN]], %[[D]])
// ENOUGH-NOT: quern.repeated
// LITTLE: error: 'loss' needs 8256 bytes, 256 more than --max-memory: parameters 0, buffers 0, optimizer state 0, workspace 8256 with all computed again that makes it smaller
// SIZE: error: --max-memory needs the sizes that 'loss' is to fit for: give --dim B=N
// HUGE: error: the workspace of 'loss' is beyond 64-bit numbers for these sizes of the dims
func.func @loss(%x: !quern.tensor<[B], f32> {quern.role = "input", quern.name = "x"},
                %z: !quern.tensor<[1], f32> {quern.role = "input", quern.name = "z"})
    -> (!quern.tensor<[B], f32> {quern.role = "output", quern.name = "y"}) attributes {quern.kind = "train", quern.dims = ["B"]} {
  %a:2 = quern.kernel pointwise(%x, %z) : (<[B], f32>, <[1], f32>) -> (<[B], f32>, <[1], f32>) {
  ^bb0(%v: !quern.tensor<[B], f32>, %w: !quern.tensor<[1], f32>):
    %0 = quern.exp %v : !quern.tensor<[B], f32>
    %1 = quern.exp %w : !quern.tensor<[1], f32>
    quern.yield %0, %1 : !quern.tensor<[B], f32>, !quern.tensor<[1], f32>
  }
  %b = quern.kernel pointwise(%a#0, %a#1) : (<[B], f32>, <[1], f32>) -> <[B], f32> {
  ^bb0(%v: !quern.tensor<[B], f32>, %w: !quern.tensor<[1], f32>):
    %0 = quern.reverse %v dims [0] : !quern.tensor<[B], f32>
    quern.yield %0 : !quern.tensor<[B], f32>
  }
  %c = quern.kernel pointwise(%b) : (<[B], f32>) -> <[B], f32> {
  ^bb0(%v: !quern.tensor<[B], f32>):
    %0 = quern.reverse %v dims [0] : !quern.tensor<[B], f32>
    quern.yield %0 : !quern.tensor<[B], f32>
  }
  %d = quern.kernel pointwise(%c) : (<[B], f32>) -> <[B], f32> {
  ^bb0(%v: !quern.tensor<[B], f32>):
    %0 = quern.reverse %v dims [0] : !quern.tensor<[B], f32>
    quern.yield %0 : !quern.tensor<[B], f32>
  }
  %e = quern.kernel pointwise(%a#0, %d) : (<[B], f32>, <[B], f32>) -> <[B], f32> {
  ^bb0(%v: !quern.tensor<[B], f32>, %w: !quern.tensor<[B], f32>):
    %0 = quern.add %v, %w : !quern.tensor<[B], f32>
    quern.yield %0 : !quern.tensor<[B], f32>
  }
  return %e : !quern.tensor<[B], f32>
}
