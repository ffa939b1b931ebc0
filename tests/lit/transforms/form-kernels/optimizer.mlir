// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-form-kernels{whole-steps=false}))' | FileCheck %s

// The update of a weight happens in the kernel that makes its gradient.
// CHECK-LABEL: func.func @update
// CHECK: quern.kernel contraction(
// CHECK: quern.contract
// CHECK: quern.mul
// CHECK: quern.sub
// CHECK: quern.yield
// CHECK-NOT: quern.kernel
func.func @update(%x: !quern.tensor<[B, 64], f32>, %g: !quern.tensor<[B, 32], f32>, %w: !quern.tensor<[32, 64], f32>, %lr: !quern.tensor<[], f32>) -> !quern.tensor<[32, 64], f32> attributes {quern.kind = "train"} {
  %d = quern.contract %g, %x batch [] x [] contracting [0] x [0] : (!quern.tensor<[B, 32], f32>, !quern.tensor<[B, 64], f32>) -> !quern.tensor<[32, 64], f32>
  %l = quern.broadcast %lr dims [] : !quern.tensor<[], f32> -> !quern.tensor<[32, 64], f32>
  %s = quern.mul %l, %d : !quern.tensor<[32, 64], f32>
  %n = quern.sub %w, %s : !quern.tensor<[32, 64], f32>
  return %n : !quern.tensor<[32, 64], f32>
}

// A norm over the gradient comes between: the update waits for the whole gradient, in the norm's kernel.
// CHECK-LABEL: func.func @clipped
// CHECK: quern.kernel contraction(
// CHECK-NOT: quern.sub
// CHECK: quern.kernel reduction(
// CHECK: quern.reduce add
// CHECK: quern.sub
// CHECK-NOT: quern.kernel
func.func @clipped(%x: !quern.tensor<[B, 64], f32>, %g: !quern.tensor<[B, 32], f32>, %w: !quern.tensor<[32, 64], f32>) -> !quern.tensor<[32, 64], f32> attributes {quern.kind = "train"} {
  %d = quern.contract %g, %x batch [] x [] contracting [0] x [0] : (!quern.tensor<[B, 32], f32>, !quern.tensor<[B, 64], f32>) -> !quern.tensor<[32, 64], f32>
  %q = quern.mul %d, %d : !quern.tensor<[32, 64], f32>
  %n = quern.reduce add %q dims [0, 1] : !quern.tensor<[32, 64], f32> -> !quern.tensor<[], f32>
  %b = quern.broadcast %n dims [] : !quern.tensor<[], f32> -> !quern.tensor<[32, 64], f32>
  %s = quern.div %d, %b : !quern.tensor<[32, 64], f32>
  %r = quern.sub %w, %s : !quern.tensor<[32, 64], f32>
  return %r : !quern.tensor<[32, 64], f32>
}

// Two contractions never share a kernel, even where one feeds the other through an activation.
// CHECK-LABEL: func.func @chain
// CHECK-COUNT-2: quern.kernel contraction(
// CHECK-NOT: quern.kernel
func.func @chain(%x: !quern.tensor<[B, 64], f32>, %a: !quern.tensor<[64, 64], f32>) -> !quern.tensor<[B, 64], f32> attributes {quern.kind = "export"} {
  %0 = quern.contract %x, %a batch [] x [] contracting [1] x [0] : (!quern.tensor<[B, 64], f32>, !quern.tensor<[64, 64], f32>) -> !quern.tensor<[B, 64], f32>
  %1 = quern.tanh %0 : !quern.tensor<[B, 64], f32>
  %2 = quern.contract %1, %a batch [] x [] contracting [1] x [0] : (!quern.tensor<[B, 64], f32>, !quern.tensor<[64, 64], f32>) -> !quern.tensor<[B, 64], f32>
  return %2 : !quern.tensor<[B, 64], f32>
}

// What is cheap is computed again by each reader; an exponential is computed once and stored.
// CHECK-LABEL: func.func @repeat
// CHECK: quern.kernel contraction({{.*}}) : (<[B, 64], ui8>
// CHECK: quern.kernel contraction({{.*}}) : (<[B, 64], ui8>
// CHECK-NOT: quern.kernel
func.func @repeat(%x: !quern.tensor<[B, 64], ui8>, %a: !quern.tensor<[64, 64], f32>, %b: !quern.tensor<[64, 32], f32>) -> (!quern.tensor<[B, 64], f32>, !quern.tensor<[B, 32], f32>) attributes {quern.kind = "export"} {
  %0 = quern.convert %x : !quern.tensor<[B, 64], ui8> -> !quern.tensor<[B, 64], f32>
  %1 = quern.contract %0, %a batch [] x [] contracting [1] x [0] : (!quern.tensor<[B, 64], f32>, !quern.tensor<[64, 64], f32>) -> !quern.tensor<[B, 64], f32>
  %2 = quern.contract %0, %b batch [] x [] contracting [1] x [0] : (!quern.tensor<[B, 64], f32>, !quern.tensor<[64, 32], f32>) -> !quern.tensor<[B, 32], f32>
  return %1, %2 : !quern.tensor<[B, 64], f32>, !quern.tensor<[B, 32], f32>
}
// CHECK-LABEL: func.func @store
// CHECK: quern.kernel pointwise(
// CHECK: quern.exp
// CHECK-COUNT-2: quern.kernel contraction({{.*}}) : (<[B, 64], f32>
// CHECK-NOT: quern.exp
func.func @store(%x: !quern.tensor<[B, 64], f32>, %a: !quern.tensor<[64, 64], f32>, %b: !quern.tensor<[64, 32], f32>) -> (!quern.tensor<[B, 64], f32>, !quern.tensor<[B, 32], f32>) attributes {quern.kind = "export"} {
  %0 = quern.exp %x : !quern.tensor<[B, 64], f32>
  %1 = quern.contract %0, %a batch [] x [] contracting [1] x [0] : (!quern.tensor<[B, 64], f32>, !quern.tensor<[64, 64], f32>) -> !quern.tensor<[B, 64], f32>
  %2 = quern.contract %0, %b batch [] x [] contracting [1] x [0] : (!quern.tensor<[B, 64], f32>, !quern.tensor<[64, 32], f32>) -> !quern.tensor<[B, 32], f32>
  return %1, %2 : !quern.tensor<[B, 64], f32>, !quern.tensor<[B, 32], f32>
}
