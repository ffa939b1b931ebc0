// RUN: quern-opt %s --split-input-file --verify-diagnostics --quern-verify-phase=phase=fused

func.func @loose(%x: !quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> attributes {quern.kind = "export"} {
  // expected-error @below {{'quern.exp' stands outside a kernel}}
  %0 = quern.exp %x : !quern.tensor<[4], f32>
  return %0 : !quern.tensor<[4], f32>
}

// -----
func.func @nested(%x: !quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> attributes {quern.kind = "export"} {
  %0 = quern.kernel pointwise(%x) : (!quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
  ^bb0(%v: !quern.tensor<[4], f32>):
    // expected-error @below {{'quern.composite' stands inside a kernel}}
    %1 = quern.composite "c"(%v) : (!quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
    ^bb0(%a: !quern.tensor<[4], f32>):
      quern.yield %a : !quern.tensor<[4], f32>
    } vjp [] {}
    quern.yield %1 : !quern.tensor<[4], f32>
  }
  return %0 : !quern.tensor<[4], f32>
}
