// A table of constants may be read in a loop that is still being built, as sorting reads what it compares.
// RUN: quern emit loops %s | FileCheck %s
// CHECK: memref.global "private" constant @table.0
// CHECK: scf.while
// CHECK: memref.get_global @table.0
func.func @order() -> (!quern.tensor<[5], i64>) attributes {quern.kind = "export", quern.dims = []} {
  %0 = quern.constant [3.0, 1.0, 2.0, 5.0, 4.0] : <[5], f32>
  %1 = quern.argsort %0 dim 0 : <[5], f32> -> <[5], i64>
  return %1 : !quern.tensor<[5], i64>
}
