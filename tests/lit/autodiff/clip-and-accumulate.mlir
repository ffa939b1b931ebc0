// RUN: quern-opt %s --quern-train-step --canonicalize --cse --split-input-file | FileCheck %s

// One factor for all gradients: min(1, bound / (norm + 1e-6)).
// CHECK-LABEL: func.func @clipped
// CHECK-SAME: attributes {quern.kind = "train"}
// CHECK: %[[G0:.*]] = quern.add %arg0, %arg0
// CHECK: %[[SQUARES:.*]] = quern.mul %[[G0]], %[[G0]]
// CHECK: %[[SUM0:.*]] = quern.reduce add %[[SQUARES]] dims [0]
// CHECK: %[[SUM1:.*]] = quern.reduce add %{{.*}} dims [0]
// CHECK: %[[ALL:.*]] = quern.add %[[SUM0]], %[[SUM1]]
// CHECK: %[[NORM:.*]] = quern.sqrt %[[ALL]]
// CHECK: %[[SAFE:.*]] = quern.add %[[NORM]],
// CHECK: %[[RATIO:.*]] = quern.div %c2, %[[SAFE]]
// CHECK: %[[FACTOR:.*]] = quern.min %[[RATIO]], %c1
// CHECK: %[[F3:.*]] = quern.broadcast %[[FACTOR]] dims [] : <[], f32> -> <[3], f32>
// CHECK: quern.mul %{{.*}}, %[[F3]]
// CHECK: %[[F2:.*]] = quern.broadcast %[[FACTOR]] dims [] : <[], f32> -> <[2], f32>
// CHECK: quern.mul %{{.*}}, %[[F2]]
func.func @clipped(%a: !quern.tensor<[3], f32> {quern.role = "param", quern.name = "a"},
                   %b: !quern.tensor<[2], f32> {quern.role = "param", quern.name = "b"})
    -> (!quern.tensor<[], f32> {quern.role = "output", quern.name = "loss"})
    attributes {quern.kind = "train", quern.clip_norm = 2.0 : f64, quern.updates = {"a" = @u0, "b" = @u1}} {
  %0 = quern.mul %a, %a : !quern.tensor<[3], f32>
  %1 = quern.reduce add %0 dims [0] : !quern.tensor<[3], f32> -> !quern.tensor<[], f32>
  %2 = quern.mul %b, %b : !quern.tensor<[2], f32>
  %3 = quern.reduce add %2 dims [0] : !quern.tensor<[2], f32> -> !quern.tensor<[], f32>
  %4 = quern.add %1, %3 : !quern.tensor<[], f32>
  return %4 : !quern.tensor<[], f32>
}
func.func private @u0(%p: !quern.tensor<[3], f32> {quern.role = "param", quern.name = "p"}, %g: !quern.tensor<[3], f32> {quern.role = "gradient", quern.name = "g"})
    -> (!quern.tensor<[3], f32> {quern.role = "param", quern.name = "p"}) attributes {quern.kind = "update"} {
  %0 = quern.sub %p, %g : !quern.tensor<[3], f32>
  return %0 : !quern.tensor<[3], f32>
}
func.func private @u1(%p: !quern.tensor<[2], f32> {quern.role = "param", quern.name = "p"}, %g: !quern.tensor<[2], f32> {quern.role = "gradient", quern.name = "g"})
    -> (!quern.tensor<[2], f32> {quern.role = "param", quern.name = "p"}) attributes {quern.kind = "update"} {
  %0 = quern.sub %p, %g : !quern.tensor<[2], f32>
  return %0 : !quern.tensor<[2], f32>
}

// -----

// The mean over four batches goes through a state; parameter, average and the optimizer's own state
// change in every fourth batch, whose number the optimizer sees as its step.
// CHECK-LABEL: func.func @grouped
// CHECK-SAME: %[[A:[^:]+]]: !quern.tensor<[3], f32> {quern.name = "a", quern.role = "param"}
// CHECK-SAME: %[[AVERAGE:[^:]+]]: !quern.tensor<[3], f32> {quern.name = "average.a", quern.role = "buffer"}
// CHECK-SAME: %[[M:[^:]+]]: !quern.tensor<[3], f32> {quern.name = "a.m", quern.role = "state"}
// CHECK-SAME: %[[ACC:[^:]+]]: !quern.tensor<[3], f32> {quern.name = "a.accumulated_gradient", quern.role = "state"}
// CHECK-SAME: %[[BATCH:[^:]+]]: !quern.tensor<[], i64> {quern.name = "step", quern.role = "step"}
// CHECK: %[[REST:.*]] = quern.remainder %[[BATCH]], %c4
// CHECK: %[[LATER:.*]] = quern.add %[[BATCH]], %c3
// CHECK: %[[STEP:.*]] = quern.floor_div %[[LATER]], %c4
// CHECK: %[[NEW:.*]] = quern.add %[[ACC]], %{{.*}} : <[3], f32>
// CHECK: quern.compare eq, %[[REST]]
// CHECK: quern.convert %[[STEP]]
// CHECK: quern.select %{{.*}}, %{{.*}}, %[[A]]
// CHECK: quern.select %{{.*}}, %{{.*}}, %[[AVERAGE]]
// CHECK: quern.select %{{.*}}, %{{.*}}, %[[M]]
// CHECK: quern.select %{{.*}}, %c0{{.*}}, %[[NEW]]
func.func @grouped(%a: !quern.tensor<[3], f32> {quern.role = "param", quern.name = "a"})
    -> (!quern.tensor<[], f32> {quern.role = "output", quern.name = "loss"})
    attributes {quern.kind = "train", quern.accumulate = 4 : i64, quern.updates = {"a" = @u}} {
  %0 = quern.mul %a, %a : !quern.tensor<[3], f32>
  %1 = quern.reduce add %0 dims [0] : !quern.tensor<[3], f32> -> !quern.tensor<[], f32>
  return %1 : !quern.tensor<[], f32>
}
func.func private @u(%p: !quern.tensor<[3], f32> {quern.role = "param", quern.name = "p"}, %g: !quern.tensor<[3], f32> {quern.role = "gradient", quern.name = "g"},
                     %average: !quern.tensor<[3], f32> {quern.role = "buffer", quern.name = "average"}, %m: !quern.tensor<[3], f32> {quern.role = "state", quern.name = "m"},
                     %step: !quern.tensor<[], i64> {quern.role = "step", quern.name = "step"})
    -> (!quern.tensor<[3], f32> {quern.role = "param", quern.name = "p"}, !quern.tensor<[3], f32> {quern.role = "buffer", quern.name = "average"},
        !quern.tensor<[3], f32> {quern.role = "state", quern.name = "m"}) attributes {quern.kind = "update"} {
  %0 = quern.convert %step : !quern.tensor<[], i64> -> !quern.tensor<[], f32>
  %1 = quern.broadcast %0 dims [] : !quern.tensor<[], f32> -> !quern.tensor<[3], f32>
  %2 = quern.mul %g, %1 : !quern.tensor<[3], f32>
  %3 = quern.add %m, %g : !quern.tensor<[3], f32>
  %4 = quern.sub %p, %2 : !quern.tensor<[3], f32>
  %5 = quern.add %average, %4 : !quern.tensor<[3], f32>
  return %4, %5, %3 : !quern.tensor<[3], f32>, !quern.tensor<[3], f32>, !quern.tensor<[3], f32>
}
