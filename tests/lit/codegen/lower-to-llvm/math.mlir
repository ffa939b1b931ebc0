// RUN: quern-opt %s --quern-lower-to-llvm | FileCheck %s

// Functions of vectors become polynomials; scalars of f64 call libm, expm1 too, whose difference of
// an exponential and one would lose all digits.
// CHECK-LABEL: llvm.func @vector
// CHECK-NOT: @expf
// CHECK: llvm.intr.fma
// CHECK-LABEL: llvm.func @scalar
// CHECK: llvm.call @expm1(
// CHECK: llvm.call @tanh(
func.func @vector(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.tanh %0 : vector<16xf32>
  return %1 : vector<16xf32>
}
func.func @scalar(%x: f64) -> f64 {
  %0 = math.expm1 %x : f64
  %1 = math.tanh %0 : f64
  return %1 : f64
}

// Memory arguments are bare pointers, and noalias stays with them.
// CHECK-LABEL: llvm.func @memory(
// CHECK-SAME: !llvm.ptr {llvm.noalias}, %{{.*}}: i64, %{{.*}}: vector<16xi1>)
// CHECK: llvm.load {{.*}} : !llvm.ptr -> vector<16xf32>
// CHECK: llvm.intr.masked.store
func.func @memory(%m: memref<64xf32> {llvm.noalias}, %i: index, %k: vector<16xi1>) {
  %v = vector.load %m[%i] : memref<64xf32>, vector<16xf32>
  vector.maskedstore %m[%i], %k, %v : memref<64xf32>, vector<16xi1>, vector<16xf32>
  return
}
