// RUN: quern-opt %s --pass-pipeline='builtin.module(func.func(quern-inline-composites))' | FileCheck %s

// Bodies take the composites' places, nested ones too; derivatives of their own and stopped gradients
// have no meaning any more.
// CHECK-LABEL: func.func @f
// CHECK-SAME: (%[[X:.*]]: !quern.tensor<[B], f32>)
// CHECK-NOT: quern.composite
// CHECK-NOT: quern.stop_gradient
// CHECK: %[[E:.*]] = quern.exp %[[X]]
// CHECK-NEXT: %[[N:.*]] = quern.neg %[[E]]
// CHECK-NEXT: %[[L:.*]] = quern.log %[[N]]
// CHECK-NEXT: return %[[L]]
func.func @f(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> attributes {quern.kind = "export"} {
  %0 = quern.composite "outer"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  ^bb0(%a: !quern.tensor<[B], f32>):
    %1 = quern.composite "inner"(%a) : (!quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
    ^bb0(%b: !quern.tensor<[B], f32>):
      %2 = quern.exp %b : !quern.tensor<[B], f32>
      quern.yield %2 : !quern.tensor<[B], f32>
    } vjp [] {}
    %3 = quern.neg %1 : !quern.tensor<[B], f32>
    quern.yield %3 : !quern.tensor<[B], f32>
  } vjp [0] {
  ^bb0(%a: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>, %d: !quern.tensor<[B], f32>):
    %1 = quern.sin %d : !quern.tensor<[B], f32>
    quern.yield %1 : !quern.tensor<[B], f32>
  }
  %4 = quern.stop_gradient %0 : !quern.tensor<[B], f32>
  %5 = quern.log %4 : !quern.tensor<[B], f32>
  return %5 : !quern.tensor<[B], f32>
}

// What is no entry keeps its composites.
// CHECK-LABEL: func.func @helper
// CHECK: quern.composite "c"
func.func @helper(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> attributes {quern.kind = "update"} {
  %0 = quern.composite "c"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  ^bb0(%a: !quern.tensor<[B], f32>):
    %1 = quern.exp %a : !quern.tensor<[B], f32>
    quern.yield %1 : !quern.tensor<[B], f32>
  } vjp [] {}
  return %0 : !quern.tensor<[B], f32>
}
