// RUN: quern-opt %s --quern-embed-weights=file=%S/Inputs/vw.safetensors | FileCheck %s
// RUN: not quern-opt %s --quern-embed-weights=file=%S/Inputs/none.safetensors 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: error: cannot read '{{.*}}none.safetensors': No such file or directory

// What an entry writes stays an argument, and begins with the file's numbers.
// CHECK: func.func @step(%{{.*}}: !quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"})
func.func @step(%w: !quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"})
    -> (!quern.tensor<[], f32>, !quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"}) attributes {quern.kind = "train"} {
  %0 = quern.reduce add %w dims [0] : <[2], f32> -> <[], f32>
  %1 = quern.neg %w : <[2], f32>
  return %0, %1 : !quern.tensor<[], f32>, !quern.tensor<[2], f32>
}

// Everything else is a number; floats convert.
// CHECK: func.func @predict(%[[W:.*]]: !quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"}, %[[X:.*]]: !quern.tensor<[2], f32>
// CHECK-DAG: %[[V:.*]] = quern.constant [5.0, 6.0]
// CHECK-DAG: %[[ON:.*]] = quern.constant [true, false, true]
// CHECK: quern.mul %[[W]], %[[V]]
// CHECK: return %{{.*}}, %[[ON]]
func.func @predict(%w: !quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"}, %v: !quern.tensor<[2], f32> {quern.name = "v", quern.role = "param"},
                   %on: !quern.tensor<[3], i1> {quern.name = "on", quern.role = "buffer"}, %x: !quern.tensor<[2], f32> {quern.name = "x", quern.role = "input"})
    -> (!quern.tensor<[2], f32>, !quern.tensor<[3], i1>) attributes {quern.kind = "export"} {
  %0 = quern.mul %w, %v : <[2], f32>
  %1 = quern.add %0, %x : <[2], f32>
  return %1, %on : !quern.tensor<[2], f32>, !quern.tensor<[3], i1>
}

// CHECK: func.func @init() -> (!quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"})
// CHECK: %[[BEGIN:.*]] = quern.constant [3.0, 4.0]
// CHECK: return %[[BEGIN]] : !quern.tensor<[2], f32>
func.func @init() -> (!quern.tensor<[2], f32> {quern.name = "w", quern.role = "param"}, !quern.tensor<[2], f32> {quern.name = "v", quern.role = "param"},
                      !quern.tensor<[3], i1> {quern.name = "on", quern.role = "buffer"}) attributes {quern.kind = "init"} {
  %0 = quern.constant 1.0 : <[2], f32>
  %1 = quern.constant false : <[3], i1>
  return %0, %0, %1 : !quern.tensor<[2], f32>, !quern.tensor<[2], f32>, !quern.tensor<[3], i1>
}
