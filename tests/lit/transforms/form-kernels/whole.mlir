// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels))' | FileCheck %s
// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels{whole-steps=false}))' | FileCheck %s --check-prefix=PARTS

// A tiny function whose extents are all numbers becomes one kernel; with a free dim it does not.
// CHECK-LABEL: func.func @tiny
// CHECK: quern.kernel whole(
// CHECK-NOT: quern.kernel
// CHECK-LABEL: func.func @free
// CHECK-NOT: quern.kernel whole(
// PARTS-NOT: quern.kernel whole(
func.func @tiny(%x: !quern.tensor<[50, 1], f32>, %w: !quern.tensor<[1, 1], f32>) -> !quern.tensor<[], f32> attributes {quern.kind = "export"} {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[50, 1], f32>, !quern.tensor<[1, 1], f32>) -> !quern.tensor<[50, 1], f32>
  %1 = quern.reduce add %0 dims [0, 1] : !quern.tensor<[50, 1], f32> -> !quern.tensor<[], f32>
  return %1 : !quern.tensor<[], f32>
}
func.func @free(%x: !quern.tensor<[B, 1], f32>, %w: !quern.tensor<[1, 1], f32>) -> !quern.tensor<[], f32> attributes {quern.kind = "export"} {
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 1], f32>, !quern.tensor<[1, 1], f32>) -> !quern.tensor<[B, 1], f32>
  %1 = quern.reduce add %0 dims [0, 1] : !quern.tensor<[B, 1], f32> -> !quern.tensor<[], f32>
  return %1 : !quern.tensor<[], f32>
}
// Tables of constants are read where they are used; here one has a place for each lane.
// CHECK-LABEL: func.func @constants
// CHECK: quern.kernel whole(
// CHECK-NOT: quern.kernel
// PARTS-NOT: quern.kernel whole(
func.func @constants(%x: !quern.tensor<[3, 1], f32>) -> !quern.tensor<[3, 2], f32> attributes {quern.kind = "export"} {
  %w = quern.constant [[1.0, 2.0]] : <[1, 2], f32>
  %b = quern.constant [1.0, 2.0, 3.0] : <[3], f32>
  %0 = quern.contract %x, %w batch [] x [] contracting [1] x [0] : (!quern.tensor<[3, 1], f32>, !quern.tensor<[1, 2], f32>) -> !quern.tensor<[3, 2], f32>
  %1 = quern.broadcast %b dims [0] : <[3], f32> -> <[3, 2], f32>
  %2 = quern.add %0, %1 : <[3, 2], f32>
  return %2 : !quern.tensor<[3, 2], f32>
}
