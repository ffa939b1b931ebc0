// The f32 factors of products are rounded, once where they are rounded already; f64 and everything else stay.
// RUN: quern-opt %s --quern-round-factors | FileCheck %s

// CHECK-LABEL: func.func @products(
// CHECK-SAME: %[[X:.*]]: !quern.tensor<[B, 8], f32>, %[[W:.*]]: !quern.tensor<[4, 8], f32>
// CHECK-DAG: %[[XN:.*]] = quern.convert %[[X]] : <[B, 8], f32> -> <[B, 8], bf16>
// CHECK-DAG: %[[XW:.*]] = quern.convert %[[XN]] : <[B, 8], bf16> -> <[B, 8], f32>
// CHECK-DAG: %[[WN:.*]] = quern.convert %[[W]] : <[4, 8], f32> -> <[4, 8], bf16>
// CHECK-DAG: %[[WW:.*]] = quern.convert %[[WN]] : <[4, 8], bf16> -> <[4, 8], f32>
// CHECK: quern.contract %[[XW]], %[[WW]] {{.*}} -> <[B, 4], f32>
// CHECK-NOT: quern.convert
// CHECK: quern.exp %[[X]]
func.func @products(%x: !quern.tensor<[B, 8], f32>, %w: !quern.tensor<[4, 8], f32>) -> (!quern.tensor<[B, 4], f32>, !quern.tensor<[B, 8], f32>) {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 8], f32>, !quern.tensor<[4, 8], f32>) -> !quern.tensor<[B, 4], f32>
  %1 = quern.exp %x : !quern.tensor<[B, 8], f32>
  return %0, %1 : !quern.tensor<[B, 4], f32>, !quern.tensor<[B, 8], f32>
}

// CHECK-LABEL: func.func @rounded(
// CHECK-COUNT-2: quern.convert
// CHECK-NOT: quern.convert
// CHECK: quern.contract
func.func @rounded(%x: !quern.tensor<[B, 8], bf16>) -> !quern.tensor<[B, B], f32> {
  %0 = quern.convert %x : !quern.tensor<[B, 8], bf16> -> !quern.tensor<[B, 8], f32>
  %1 = quern.convert %x : !quern.tensor<[B, 8], bf16> -> !quern.tensor<[B, 8], f32>
  %2 = quern.contract %0, %1 batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 8], f32>, !quern.tensor<[B, 8], f32>) -> !quern.tensor<[B, B], f32>
  return %2 : !quern.tensor<[B, B], f32>
}

// CHECK-LABEL: func.func @wide(
// CHECK-NOT: quern.convert
// CHECK: quern.contract
func.func @wide(%x: !quern.tensor<[B, 8], f64>) -> !quern.tensor<[B, B], f64> {
  %0 = quern.contract %x, %x batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 8], f64>, !quern.tensor<[B, 8], f64>) -> !quern.tensor<[B, B], f64>
  return %0 : !quern.tensor<[B, B], f64>
}

// CHECK-LABEL: func.func @convolved(
// CHECK-COUNT-4: quern.convert
// CHECK: quern.conv
func.func @convolved(%x: !quern.tensor<[B, 3, 8], f32>, %w: !quern.tensor<[4, 3, 3], f32>) -> !quern.tensor<[B, 4, 6], f32> {
  %0 = quern.conv %x, %w strides [1] low [0] high [0] lhs_dilation [1] rhs_dilation [1] groups 1 : (!quern.tensor<[B, 3, 8], f32>, !quern.tensor<[4, 3, 3], f32>) -> !quern.tensor<[B, 4, 6], f32>
  return %0 : !quern.tensor<[B, 4, 6], f32>
}
