// RUN: quern-opt %s --quern-specialize-dims=dims=B=50 | FileCheck %s
// RUN: not quern-opt %s --quern-specialize-dims=dims=B=-1 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: expected NAME=VALUE with a value of at least 0, not 'B=-1'

// The entry stays as it is; the variant has numbers in types and extents.
// CHECK: func.func @count(%{{.*}}: !quern.tensor<[B, 3], f32>)
// CHECK: func.func private @count.B50(%{{.*}}: !quern.tensor<[50, 3], f32>
// CHECK-SAME: quern.variant_dims = array<i64: 50>, quern.variant_of = @count
// CHECK: quern.extent 150
func.func @count(%x: !quern.tensor<[B, 3], f32>) -> !quern.tensor<[], i64> attributes {quern.kind = "export", quern.dims = ["B"]} {
  %0 = quern.extent 3*B : !quern.tensor<[], i64>
  return %0 : !quern.tensor<[], i64>
}

// No variant where a dim is not given.
// CHECK: func.func @other
// CHECK-NOT: func.func private @other
func.func @other(%x: !quern.tensor<[B, T], f32>) -> !quern.tensor<[], i64> attributes {quern.kind = "export", quern.dims = ["B", "T"]} {
  %0 = quern.extent B : !quern.tensor<[], i64>
  return %0 : !quern.tensor<[], i64>
}
