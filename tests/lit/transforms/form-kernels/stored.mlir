// What costs nothing is computed in each kernel that reads it, also where it is a result itself.
// RUN: quern emit fused %s | FileCheck %s
// CHECK-LABEL: func.func @stored(
// CHECK: quern.kernel pointwise() : () -> <[3], f16> {
// CHECK-NEXT: quern.iota
// CHECK: quern.kernel pointwise({{%[a-z0-9]+}}) : (<[3], f32>) -> <[3], f32> {
// CHECK: %[[I:.*]] = quern.iota 0 : <[3], f16>
// CHECK-NEXT: quern.convert %[[I]]
func.func @stored(%x: !quern.tensor<[3], f32>) -> (!quern.tensor<[3], f16>, !quern.tensor<[3], f32>)
    attributes {quern.kind = "export", quern.dims = ["B"]} {
  %i = quern.iota 0 : <[3], f16>
  %c = quern.convert %i : <[3], f16> -> <[3], f32>
  %s = quern.cumulate add %x dim 0 : <[3], f32>
  %r = quern.mul %s, %c : <[3], f32>
  return %i, %r : !quern.tensor<[3], f16>, !quern.tensor<[3], f32>
}
