// One lane of a vector is stored as wide as it is: LLVM would store the 32 bits that it was rounded from.
// RUN: quern emit asm --mcpu x86-64-v4 %s | FileCheck %s
// CHECK-LABEL: square.run:
// CHECK: movw %{{.*}}, (%{{.*}})
// CHECK: retq
func.func @square(%x: !quern.tensor<[], bf16>) -> (!quern.tensor<[], bf16>)
    attributes {quern.kind = "export", quern.dims = []} {
  %0 = quern.mul %x, %x : <[], bf16>
  return %0 : !quern.tensor<[], bf16>
}
