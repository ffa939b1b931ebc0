// What each phase promises, broken one promise at a time.
// RUN: quern-opt %s --split-input-file --verify-diagnostics --quern-verify-phase=phase=planned

func.func @slots(%x: !quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> attributes {quern.kind = "export"} {
  // expected-error @below {{a kernel has no slots}}
  %0 = quern.kernel pointwise(%x) : (!quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
  ^bb0(%v: !quern.tensor<[4], f32>):
    %1 = quern.exp %v : !quern.tensor<[4], f32>
    quern.yield %1 : !quern.tensor<[4], f32>
  }
  return %0 : !quern.tensor<[4], f32>
}

// -----
func.func @stale(%w: !quern.tensor<[4], f32> {quern.role = "param", quern.name = "w", quern.slot = #quern.slot<params, 0>}) -> !quern.tensor<[4], f32> attributes {quern.kind = "train", quern.workspace = #quern.extent<0>} {
  %0 = quern.kernel pointwise(%w) : (!quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
  ^bb0(%v: !quern.tensor<[4], f32>):
    %1 = quern.neg %v : !quern.tensor<[4], f32>
    quern.yield %1 : !quern.tensor<[4], f32>
  } {operandSlots = [#quern.slot<params, 0>], resultSlots = [#quern.slot<params, 0>]}
  // expected-error @below {{a kernel reads #quern.slot<params, 0> after it was overwritten}}
  %2 = quern.kernel pointwise(%w) : (!quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
  ^bb0(%v: !quern.tensor<[4], f32>):
    %3 = quern.exp %v : !quern.tensor<[4], f32>
    quern.yield %3 : !quern.tensor<[4], f32>
  } {operandSlots = [#quern.slot<params, 0>], resultSlots = [#quern.slot<output, 0>]}
  return %2 : !quern.tensor<[4], f32>
}

// -----
func.func @overlap(%x: !quern.tensor<[B], f32> {quern.role = "input", quern.name = "x", quern.slot = #quern.slot<input, 0>}) -> !quern.tensor<[B], f32> attributes {quern.kind = "export", quern.dims = ["B"], quern.workspace = #quern.extent<4*B + 64>} {
  // expected-note @below {{it is made here}}
  %0 = quern.kernel pointwise(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  ^bb0(%v: !quern.tensor<[B], f32>):
    %1 = quern.neg %v : !quern.tensor<[B], f32>
    quern.yield %1 : !quern.tensor<[B], f32>
  } {operandSlots = [#quern.slot<input, 0>], resultSlots = [#quern.slot<workspace, 0>]}
  // Apart for up to 16 rows, not for 17.
  // expected-error @below {{a result at byte 64 overlaps another that is still needed}}
  %2 = quern.kernel pointwise(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  ^bb0(%v: !quern.tensor<[B], f32>):
    %3 = quern.exp %v : !quern.tensor<[B], f32>
    quern.yield %3 : !quern.tensor<[B], f32>
  } {operandSlots = [#quern.slot<input, 0>], resultSlots = [#quern.slot<workspace, 64>]}
  %4 = quern.kernel pointwise(%0, %2) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  ^bb0(%v: !quern.tensor<[B], f32>, %w: !quern.tensor<[B], f32>):
    %5 = quern.add %v, %w : !quern.tensor<[B], f32>
    quern.yield %5 : !quern.tensor<[B], f32>
  } {operandSlots = [#quern.slot<workspace, 0>, #quern.slot<workspace, 64>], resultSlots = [#quern.slot<output, 0>]}
  return %4 : !quern.tensor<[B], f32>
}

// -----
func.func @outside(%x: !quern.tensor<[4], f32> {quern.role = "input", quern.name = "x", quern.slot = #quern.slot<input, 0>}) -> !quern.tensor<[4], f32> attributes {quern.kind = "export", quern.workspace = #quern.extent<64>} {
  // expected-error @below {{a result ends at byte 80 of a workspace of 64}}
  %0 = quern.kernel pointwise(%x) : (!quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
  ^bb0(%v: !quern.tensor<[4], f32>):
    %1 = quern.neg %v : !quern.tensor<[4], f32>
    quern.yield %1 : !quern.tensor<[4], f32>
  } {operandSlots = [#quern.slot<input, 0>], resultSlots = [#quern.slot<workspace, 64>]}
  return %0 : !quern.tensor<[4], f32>
}

// -----
func.func @late_check(%i: !quern.tensor<[4], i64> {quern.role = "input", quern.name = "i", quern.slot = #quern.slot<input, 0>}) -> !quern.tensor<[4], i64> attributes {quern.kind = "export", quern.workspace = #quern.extent<0>} {
  %0 = quern.kernel pointwise(%i) : (<[4], i64>) -> <[4], i64> {
  ^bb0(%v: !quern.tensor<[4], i64>):
    %1 = quern.neg %v : !quern.tensor<[4], i64>
    quern.yield %1 : !quern.tensor<[4], i64>
  } {operandSlots = [#quern.slot<input, 0>], resultSlots = [#quern.slot<output, 0>]}
  // expected-error @below {{a check comes after a kernel that writes #quern.slot<output, 0>}}
  quern.kernel check(%i) : (<[4], i64>) -> () {
  ^bb0(%v: !quern.tensor<[4], i64>):
    quern.check_range %v below 10, "{0}" at "m.qn:3:5" : !quern.tensor<[4], i64>
    quern.yield
  } {operandSlots = [#quern.slot<input, 0>], resultSlots = []}
  return %0 : !quern.tensor<[4], i64>
}

// -----
// Sizes of which an extent would be negative are no sizes.
func.func @narrow(%x: !quern.tensor<[N], f32> {quern.slot = #quern.slot<input, 0>}) -> !quern.tensor<[N - 4], f32> attributes {quern.kind = "export", quern.workspace = #quern.extent<4*N - 16>} {
  %0:2 = quern.kernel pointwise(%x) : (!quern.tensor<[N], f32>) -> (!quern.tensor<[N - 4], f32>, !quern.tensor<[0], f32>) {
  ^bb0(%a: !quern.tensor<[N], f32>):
    %1 = quern.slice %a offsets [4] strides [1] : !quern.tensor<[N], f32> -> !quern.tensor<[N - 4], f32>
    %2 = quern.slice %a offsets [0] strides [1] : !quern.tensor<[N], f32> -> !quern.tensor<[0], f32>
    quern.yield %1, %2 : !quern.tensor<[N - 4], f32>, !quern.tensor<[0], f32>
  } {operandSlots = [#quern.slot<input, 0>], resultSlots = [#quern.slot<workspace, 0>, #quern.slot<workspace, 0>]}
  return %0#0 : !quern.tensor<[N - 4], f32>
}
