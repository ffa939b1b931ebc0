// RUN: quern-opt %s --split-input-file --verify-diagnostics --quern-verify-phase=phase=grad

// expected-error @below {{function @f has no known quern.kind}}
func.func @f() attributes {quern.kind = "exports"} {
  return
}

// -----
// expected-error @below {{function @sgd still has updates}}
func.func @sgd(%p: !quern.tensor<[4], f32>, %g: !quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> attributes {quern.kind = "update"} {
  return %p : !quern.tensor<[4], f32>
}

// -----
// expected-error @below {{train function @loss does not begin its results with a scalar loss}}
func.func @loss(%p: !quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> attributes {quern.kind = "train"} {
  return %p : !quern.tensor<[4], f32>
}

// -----
func.func @early(%x: !quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> attributes {quern.kind = "export"} {
  // expected-error @below {{'quern.kernel' may not stand in a function at this phase}}
  %0 = quern.kernel pointwise(%x) : (!quern.tensor<[4], f32>) -> !quern.tensor<[4], f32> {
  ^bb0(%v: !quern.tensor<[4], f32>):
    quern.yield %v : !quern.tensor<[4], f32>
  }
  return %0 : !quern.tensor<[4], f32>
}
