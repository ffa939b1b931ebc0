// RUN: quern-opt %s -split-input-file -verify-diagnostics

// conv (C1)
func.func @conv(%x: !quern.tensor<[B, 3, 8], f32>, %w: !quern.tensor<[4, 3, 3], f64>) {
  // expected-error@+2 {{(C1) operands are '!quern.tensor<[B, 3, 8], f32>' and '!quern.tensor<[4, 3, 3], f64>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.conv %x, %w strides [1] low [0] high [0] lhs_dilation [1] rhs_dilation [1] groups 1 : (<[B, 3, 8], f32>, <[4, 3, 3], f64>) -> <[B, 4, 6], f32>
  return
}

// -----

// conv (C2)
func.func @conv(%x: !quern.tensor<[B, 3], f32>, %w: !quern.tensor<[4, 3], f32>) {
  // expected-error@+2 {{(C2) cannot slide '!quern.tensor<[4, 3], f32>' over '!quern.tensor<[B, 3], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.conv %x, %w strides [] low [] high [] lhs_dilation [] rhs_dilation [] groups 1 : (<[B, 3], f32>, <[4, 3], f32>) -> <[B, 4], f32>
  return
}

// -----

// conv (C3)
func.func @conv(%x: !quern.tensor<[B, 3, 8], f32>, %w: !quern.tensor<[4, 3, 3], f32>) {
  // expected-error@+2 {{(C3) needs 1 entries in every list, and positive strides and dilations}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.conv %x, %w strides [0] low [0] high [0] lhs_dilation [1] rhs_dilation [1] groups 1 : (<[B, 3, 8], f32>, <[4, 3, 3], f32>) -> <[B, 4, 6], f32>
  return
}

// -----

// conv (C4)
func.func @conv(%x: !quern.tensor<[B, 4, 8], f32>, %w: !quern.tensor<[3, 2, 3], f32>) {
  // expected-error@+2 {{(C4) cannot cut '!quern.tensor<[B, 4, 8], f32>' and '!quern.tensor<[3, 2, 3], f32>' into 2 groups}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.conv %x, %w strides [1] low [0] high [0] lhs_dilation [1] rhs_dilation [1] groups 2 : (<[B, 4, 8], f32>, <[3, 2, 3], f32>) -> <[B, 3, 6], f32>
  return
}

// -----

// conv (C5)
func.func @conv(%x: !quern.tensor<[B, 3, W], f32>, %w: !quern.tensor<[4, 3, 3], f32>) {
  // expected-error@+2 {{inferred type(s) '!quern.tensor<[B, 4, (W + 1) floordiv 2], f32>' are incompatible}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.conv %x, %w strides [2] low [1] high [1] lhs_dilation [1] rhs_dilation [1] groups 1 : (<[B, 3, W], f32>, <[4, 3, 3], f32>) -> <[B, 4, W], f32>
  return
}

// -----

// window_reduce (C1)
func.func @window_reduce(%x: !quern.tensor<[8], f32>) {
  // expected-error@+2 {{(C1) cannot slide 2 dimensions over '!quern.tensor<[8], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.window_reduce max %x window [2, 2] strides [1, 1] low [0, 0] high [0, 0] base_dilation [1, 1] dilation [1, 1] : !quern.tensor<[8], f32> -> !quern.tensor<[7], f32>
  return
}

// -----

// window_reduce (C2)
func.func @window_reduce(%x: !quern.tensor<[8], f32>) {
  // expected-error@+2 {{(C2) needs positive windows, strides and dilations}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.window_reduce max %x window [0] strides [1] low [0] high [0] base_dilation [1] dilation [1] : !quern.tensor<[8], f32> -> !quern.tensor<[9], f32>
  return
}

// -----

// window_reduce (C3)
func.func @window_reduce(%x: !quern.tensor<[8], f32>) {
  // expected-error@+2 {{(C3) cannot combine by 'max' with a base dilation}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.window_reduce max %x window [2] strides [1] low [0] high [0] base_dilation [2] dilation [1] : !quern.tensor<[8], f32> -> !quern.tensor<[14], f32>
  return
}

// -----

// window_reduce (C4)
func.func @window_reduce(%x: !quern.tensor<[B, 8], f32>) {
  // expected-error@+2 {{inferred type(s) '!quern.tensor<[B, 4], f32>' are incompatible}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.window_reduce add %x window [2] strides [2] low [0] high [0] base_dilation [1] dilation [1] : !quern.tensor<[B, 8], f32> -> !quern.tensor<[B, 5], f32>
  return
}

// -----

// window_gather (C1)
func.func @window_gather(%x: !quern.tensor<[8], f32>) {
  // expected-error@+2 {{(C1) cannot slide 1 dimensions over '!quern.tensor<[8], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.window_gather max %x, %x window [2] strides [1, 1] low [0] high [0] dilation [1] : (<[8], f32>, <[8], f32>) -> <[7], f32>
  return
}

// -----

// window_gather (C2)
func.func @window_gather(%x: !quern.tensor<[8], f32>) {
  // expected-error@+2 {{(C2) needs positive windows, strides and dilations}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.window_gather max %x, %x window [2] strides [1] low [0] high [0] dilation [-1] : (<[8], f32>, <[8], f32>) -> <[7], f32>
  return
}

// -----

// window_gather (C3)
func.func @window_gather(%x: !quern.tensor<[8], f32>, %y: !quern.tensor<[9], f32>) {
  // expected-error@+2 {{(C3) takes elements of '!quern.tensor<[9], f32>' at places of '!quern.tensor<[8], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.window_gather max %x, %y window [2] strides [1] low [0] high [0] dilation [1] : (<[8], f32>, <[9], f32>) -> <[7], f32>
  return
}

// -----

// window_gather (C4)
func.func @window_gather(%x: !quern.tensor<[8], f32>) {
  // expected-error@+2 {{inferred type(s) '!quern.tensor<[7], f32>' are incompatible}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.window_gather max %x, %x window [2] strides [1] low [0] high [0] dilation [1] : (<[8], f32>, <[8], f32>) -> <[8], f32>
  return
}

// -----

// window_scatter (C1)
func.func @window_scatter(%x: !quern.tensor<[8], f32>, %g: !quern.tensor<[7], f32>) {
  // expected-error@+1 {{(C1) cannot slide 0 dimensions over '!quern.tensor<[8], f32>'}}
  %r = quern.window_scatter max %x, %g window [] strides [] low [] high [] dilation [] : (<[8], f32>, <[7], f32>) -> <[8], f32>
  return
}

// -----

// window_scatter (C2)
func.func @window_scatter(%x: !quern.tensor<[8], f32>, %g: !quern.tensor<[7], f32>) {
  // expected-error@+1 {{(C2) needs positive windows, strides and dilations}}
  %r = quern.window_scatter max %x, %g window [2] strides [0] low [0] high [0] dilation [1] : (<[8], f32>, <[7], f32>) -> <[8], f32>
  return
}

// -----

// window_scatter (C3)
func.func @window_scatter(%x: !quern.tensor<[8], f32>, %g: !quern.tensor<[6], f32>) {
  // expected-error@+1 {{(C3) has low -1}}
  %r = quern.window_scatter max %x, %g window [2] strides [1] low [-1] high [0] dilation [1] : (<[8], f32>, <[6], f32>) -> <[8], f32>
  return
}

// -----

// window_scatter (C4)
func.func @window_scatter(%x: !quern.tensor<[8], f32>, %g: !quern.tensor<[8], f32>) {
  // expected-error@+1 {{(C4) puts '!quern.tensor<[8], f32>' into '!quern.tensor<[8], f32>'}}
  %r = quern.window_scatter max %x, %g window [2] strides [1] low [0] high [0] dilation [1] : (<[8], f32>, <[8], f32>) -> <[8], f32>
  return
}
