// RUN: quern-opt %s --quern-plan-memory | FileCheck %s

// The new counter is checked as an index. Until the check has passed it lives in the workspace: a
// failed call leaves the old one.
// CHECK-LABEL: func.func @step
// CHECK: quern.kernel pointwise(%{{.*}})
// CHECK: operandSlots = [#quern.slot<buffers, 0>], resultSlots = [#quern.slot<workspace, 0>]
// CHECK: quern.kernel check
// CHECK: quern.kernel pointwise
// CHECK: operandSlots = [#quern.slot<workspace, 0>], resultSlots = [#quern.slot<buffers, 0>]
func.func @step(%c: !quern.tensor<[4], i64> {quern.role = "buffer", quern.name = "count"})
    -> (!quern.tensor<[4], i64> {quern.role = "buffer", quern.name = "count"}) attributes {quern.kind = "train"} {
  %n = quern.kernel pointwise(%c) : (<[4], i64>) -> <[4], i64> {
  ^bb0(%a: !quern.tensor<[4], i64>):
    %0 = quern.add %a, %a : !quern.tensor<[4], i64>
    quern.yield %0 : !quern.tensor<[4], i64>
  }
  quern.kernel check(%n) : (<[4], i64>) -> () {
  ^bb0(%a: !quern.tensor<[4], i64>):
    quern.check_range %a below 10, "index {0} is not below {2}" at "m.qn:3:5" : !quern.tensor<[4], i64>
    quern.yield
  }
  return %n : !quern.tensor<[4], i64>
}
