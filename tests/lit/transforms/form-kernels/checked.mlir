// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels))' | FileCheck %s

// A check reads memory, so a constant that is checked is a kernel's result.
// CHECK-LABEL: func.func @constant
// CHECK: %[[C:.*]] = quern.kernel pointwise()
// CHECK: quern.kernel check(%[[C]])
// CHECK: quern.check_range
func.func @constant(%x: !quern.tensor<[N], f32>) -> !quern.tensor<[N], f32> attributes {quern.kind = "export"} {
  %c = quern.constant [5, 4, 2] : <[3], i64>
  quern.check_range %c below N, "{0} is out of range" at "m.qn:1:1" : <[3], i64>
  return %x : !quern.tensor<[N], f32>
}
