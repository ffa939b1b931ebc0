// RUN: quern-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @doubled
// CHECK-DAG: %[[C:.*]] = quern.constant dense<5.000000e-01>
// CHECK: %[[R:.*]] = quern.mul %{{.*}}, %[[C]]
// CHECK-NEXT: return %[[R]]
func.func @doubled(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %c = quern.constant dense<0.25> : tensor<f32> -> !quern.tensor<[B], f32>
  %0 = quern.mul %x, %c : !quern.tensor<[B], f32>
  %1 = quern.add %0, %0 : !quern.tensor<[B], f32>
  return %1 : !quern.tensor<[B], f32>
}

// A row's maximum that is repeated along the row needs no dimension of extent 1 on the way.
// CHECK-LABEL: func.func @kept
// CHECK: quern.broadcast %{{.*}} dims [0] : <[B], f32> -> <[B, 10], f32>
// CHECK-NOT: quern.reshape
func.func @kept(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B, 10], f32> {
  %0 = quern.reshape %x : !quern.tensor<[B], f32> -> !quern.tensor<[B, 1], f32>
  %1 = quern.broadcast %0 dims [0, 1] : !quern.tensor<[B, 1], f32> -> !quern.tensor<[B, 10], f32>
  return %1 : !quern.tensor<[B, 10], f32>
}
