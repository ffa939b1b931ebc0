// RUN: quern-opt %s --pass-pipeline='builtin.module(quern-specialize-dims{dims=B=50},func.func(quern-form-kernels),quern-plan-memory,quern-emit-loops{cpu=x86-64-v3})' | FileCheck %s

// An entry passes calls with exactly a variant's dims on; the variant's own code has numbers only.
// CHECK-LABEL: func.func @f.run(
// CHECK: %[[C50:.*]] = arith.constant 50 : index
// CHECK: %[[SAME:.*]] = arith.cmpi eq, %{{.*}}, %[[C50]] : index
// CHECK: cf.cond_br %[[SAME]], ^[[VARIANT:.*]], ^{{.*}}
// CHECK: ^[[VARIANT]]:
// CHECK: call @f.B50.run
// CHECK-LABEL: func.func private @f.B50.k0(
// CHECK: memref<100xf32>
// CHECK-LABEL: func.func private @f.B50.run(
func.func @f(%x: !quern.tensor<[B, 2], f32>) -> !quern.tensor<[B, 2], f32>
    attributes {quern.kind = "export", quern.dims = ["B"]} {
  %0 = quern.neg %x : !quern.tensor<[B, 2], f32>
  return %0 : !quern.tensor<[B, 2], f32>
}
