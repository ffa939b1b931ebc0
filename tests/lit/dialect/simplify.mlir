// RUN: quern-opt %s --canonicalize | FileCheck %s

// What folds and canonicalises: one function a rule, whose name begins with the op.

// CHECK-LABEL: @neg_of_neg
// CHECK-NEXT: return %arg0
func.func @neg_of_neg(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %0 = quern.neg %x : !quern.tensor<[B], f32>
  %1 = quern.neg %0 : !quern.tensor<[B], f32>
  return %1 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @barrier_of_constant
// CHECK-NEXT: %[[C:.*]] = quern.constant 2.0
// CHECK-NEXT: %[[R:.*]] = quern.barrier %arg0
// CHECK-NEXT: return %[[C]], %[[R]]
func.func @barrier_of_constant(%x: !quern.tensor<[B], f32>) -> (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) {
  %c = quern.constant 2.0 : !quern.tensor<[B], f32>
  %0 = quern.barrier %c : !quern.tensor<[B], f32>
  %1 = quern.barrier %x : !quern.tensor<[B], f32>
  return %0, %1 : !quern.tensor<[B], f32>, !quern.tensor<[B], f32>
}

// CHECK-LABEL: @not_of_not
// CHECK-NEXT: return %arg0
func.func @not_of_not(%x: !quern.tensor<[B], i1>) -> !quern.tensor<[B], i1> {
  %0 = quern.not %x : !quern.tensor<[B], i1>
  %1 = quern.not %0 : !quern.tensor<[B], i1>
  return %1 : !quern.tensor<[B], i1>
}

// Zero on either side; but x - (-0.0) may be another zero than x.
// CHECK-LABEL: @add_of_zero
// CHECK-NEXT: return %arg0
func.func @add_of_zero(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %z = quern.constant 0.0 : !quern.tensor<[B], f32>
  %0 = quern.add %z, %x : !quern.tensor<[B], f32>
  %1 = quern.add %0, %z : !quern.tensor<[B], f32>
  return %1 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @sub_of_zero
// CHECK-NEXT: return %arg0
func.func @sub_of_zero(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %z = quern.constant 0.0 : !quern.tensor<[B], f32>
  %0 = quern.sub %x, %z : !quern.tensor<[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @sub_of_negative_zero
// CHECK: quern.sub
func.func @sub_of_negative_zero(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %z = quern.constant -0.0 : !quern.tensor<[B], f32>
  %0 = quern.sub %x, %z : !quern.tensor<[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @mul_by_one
// CHECK-NEXT: return %arg0
func.func @mul_by_one(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %o = quern.constant 1.0 : !quern.tensor<[B], f32>
  %0 = quern.mul %o, %x : !quern.tensor<[B], f32>
  %1 = quern.mul %0, %o : !quern.tensor<[B], f32>
  return %1 : !quern.tensor<[B], f32>
}

// NaN times 0 is NaN: nothing to fold.
// CHECK-LABEL: @mul_by_zero
// CHECK: quern.mul
func.func @mul_by_zero(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %z = quern.constant 0.0 : !quern.tensor<[B], f32>
  %0 = quern.mul %x, %z : !quern.tensor<[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @div_by_one
// CHECK-NEXT: return %arg0
func.func @div_by_one(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %o = quern.constant 1.0 : !quern.tensor<[B], f32>
  %0 = quern.div %x, %o : !quern.tensor<[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @floor_div_by_one
// CHECK-NEXT: return %arg0
func.func @floor_div_by_one(%x: !quern.tensor<[B], i64>) -> !quern.tensor<[B], i64> {
  %o = quern.constant 1 : !quern.tensor<[B], i64>
  %0 = quern.floor_div %x, %o : !quern.tensor<[B], i64>
  return %0 : !quern.tensor<[B], i64>
}

// Of floats it rounds down.
// CHECK-LABEL: @floor_div_of_floats
// CHECK: quern.floor_div
func.func @floor_div_of_floats(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %o = quern.constant 1.0 : !quern.tensor<[B], f32>
  %0 = quern.floor_div %x, %o : !quern.tensor<[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @pow_of_one
// CHECK-NEXT: return %arg0
func.func @pow_of_one(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %o = quern.constant 1.0 : !quern.tensor<[B], f32>
  %0 = quern.pow %x, %o : !quern.tensor<[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @max_of_itself
// CHECK-NEXT: return %arg0
func.func @max_of_itself(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %0 = quern.max %x, %x : !quern.tensor<[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @min_of_itself
// CHECK-NEXT: return %arg0
func.func @min_of_itself(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %0 = quern.min %x, %x : !quern.tensor<[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @and_of_true
// CHECK-NEXT: return %arg0
func.func @and_of_true(%x: !quern.tensor<[B], i1>) -> !quern.tensor<[B], i1> {
  %t = quern.constant true : !quern.tensor<[B], i1>
  %0 = quern.and %t, %x : !quern.tensor<[B], i1>
  %1 = quern.and %0, %t : !quern.tensor<[B], i1>
  %2 = quern.and %1, %1 : !quern.tensor<[B], i1>
  return %2 : !quern.tensor<[B], i1>
}

// 1 has one bit of many.
// CHECK-LABEL: @and_of_integers
// CHECK: quern.and
func.func @and_of_integers(%x: !quern.tensor<[B], i64>) -> !quern.tensor<[B], i64> {
  %o = quern.constant 1 : !quern.tensor<[B], i64>
  %0 = quern.and %x, %o : !quern.tensor<[B], i64>
  return %0 : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @or_of_false
// CHECK-NEXT: return %arg0
func.func @or_of_false(%x: !quern.tensor<[B], i1>) -> !quern.tensor<[B], i1> {
  %f = quern.constant false : !quern.tensor<[B], i1>
  %0 = quern.or %f, %x : !quern.tensor<[B], i1>
  %1 = quern.or %0, %f : !quern.tensor<[B], i1>
  %2 = quern.or %1, %1 : !quern.tensor<[B], i1>
  return %2 : !quern.tensor<[B], i1>
}

// CHECK-LABEL: @xor_of_false
// CHECK-NEXT: return %arg0
func.func @xor_of_false(%x: !quern.tensor<[B], i1>) -> !quern.tensor<[B], i1> {
  %f = quern.constant false : !quern.tensor<[B], i1>
  %0 = quern.xor %x, %f : !quern.tensor<[B], i1>
  return %0 : !quern.tensor<[B], i1>
}

// CHECK-LABEL: @select_of_one_value
// CHECK-NEXT: return %arg1
func.func @select_of_one_value(%c: !quern.tensor<[B], i1>, %x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %0 = quern.select %c, %x, %x : (<[B], i1>, <[B], f32>, <[B], f32>) -> <[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @select_by_constant
// CHECK-NEXT: return %arg1
func.func @select_by_constant(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %f = quern.constant false : !quern.tensor<[B], i1>
  %0 = quern.select %f, %x, %y : (<[B], i1>, <[B], f32>, <[B], f32>) -> <[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @convert_to_itself
// CHECK-NEXT: return %arg0
func.func @convert_to_itself(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %0 = quern.convert %x : <[B], f32> -> <[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// 0.1 in bf16.
// CHECK-LABEL: @convert_of_constant
// CHECK: quern.constant 0.1 : <[B], bf16>
func.func @convert_of_constant() -> !quern.tensor<[B], bf16> {
  %c = quern.constant 0.1 : !quern.tensor<[B], f32>
  %0 = quern.convert %c : <[B], f32> -> <[B], bf16>
  return %0 : !quern.tensor<[B], bf16>
}

// CHECK-LABEL: @constant_stays
// CHECK: quern.constant [1, 2] : <[2], i64>
func.func @constant_stays() -> !quern.tensor<[2], i64> {
  %c = quern.constant [1, 2] : !quern.tensor<[2], i64>
  return %c : !quern.tensor<[2], i64>
}

// CHECK-LABEL: @extent_of_constant
// CHECK: quern.constant 6.0 : <[], f32>
func.func @extent_of_constant() -> !quern.tensor<[], f32> {
  %0 = quern.extent 2*3 : !quern.tensor<[], f32>
  return %0 : !quern.tensor<[], f32>
}

// CHECK-LABEL: @reduce_of_nothing
// CHECK-NEXT: return %arg0
func.func @reduce_of_nothing(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %0 = quern.reduce add %x dims [] : <[B], f32> -> <[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @reshape_to_itself
// CHECK-NEXT: return %arg0
func.func @reshape_to_itself(%x: !quern.tensor<[B, 6], f32>) -> !quern.tensor<[B, 6], f32> {
  %0 = quern.reshape %x : <[B, 6], f32> -> <[B, 6], f32>
  return %0 : !quern.tensor<[B, 6], f32>
}

// CHECK-LABEL: @reshape_of_reshape
// CHECK-NEXT: %[[R:.*]] = quern.reshape %arg0 : <[B, 6], f32> -> <[B, 3, 2], f32>
// CHECK-NEXT: return %[[R]]
func.func @reshape_of_reshape(%x: !quern.tensor<[B, 6], f32>) -> !quern.tensor<[B, 3, 2], f32> {
  %0 = quern.reshape %x : <[B, 6], f32> -> <[B, 2, 3], f32>
  %1 = quern.reshape %0 : <[B, 2, 3], f32> -> <[B, 3, 2], f32>
  return %1 : !quern.tensor<[B, 3, 2], f32>
}

// CHECK-LABEL: @reshape_of_splat
// CHECK-NEXT: quern.constant 1.0 : <[6*B], f32>
// CHECK-NEXT: return
func.func @reshape_of_splat() -> !quern.tensor<[B*6], f32> {
  %c = quern.constant 1.0 : !quern.tensor<[B, 6], f32>
  %0 = quern.reshape %c : <[B, 6], f32> -> <[B*6], f32>
  return %0 : !quern.tensor<[B*6], f32>
}

// CHECK-LABEL: @transpose_of_nothing
// CHECK-NEXT: return %arg0
func.func @transpose_of_nothing(%x: !quern.tensor<[B, 6], f32>) -> !quern.tensor<[B, 6], f32> {
  %0 = quern.transpose %x [0, 1] : <[B, 6], f32> -> <[B, 6], f32>
  return %0 : !quern.tensor<[B, 6], f32>
}

// CHECK-LABEL: @transpose_of_transpose
// CHECK-NEXT: %[[R:.*]] = quern.transpose %arg0 [2, 0, 1]
// CHECK-NEXT: return %[[R]]
func.func @transpose_of_transpose(%x: !quern.tensor<[2, 3, 4], f32>) -> !quern.tensor<[4, 2, 3], f32> {
  %0 = quern.transpose %x [1, 2, 0] : <[2, 3, 4], f32> -> <[3, 4, 2], f32>
  %1 = quern.transpose %0 [1, 2, 0] : <[3, 4, 2], f32> -> <[4, 2, 3], f32>
  return %1 : !quern.tensor<[4, 2, 3], f32>
}

// CHECK-LABEL: @transpose_of_splat
// CHECK-NEXT: quern.constant 1.0 : <[6, B], f32>
// CHECK-NEXT: return
func.func @transpose_of_splat() -> !quern.tensor<[6, B], f32> {
  %c = quern.constant 1.0 : !quern.tensor<[B, 6], f32>
  %0 = quern.transpose %c [1, 0] : <[B, 6], f32> -> <[6, B], f32>
  return %0 : !quern.tensor<[6, B], f32>
}

// CHECK-LABEL: @broadcast_to_itself
// CHECK-NEXT: return %arg0
func.func @broadcast_to_itself(%x: !quern.tensor<[B, 6], f32>) -> !quern.tensor<[B, 6], f32> {
  %0 = quern.broadcast %x dims [0, 1] : <[B, 6], f32> -> <[B, 6], f32>
  return %0 : !quern.tensor<[B, 6], f32>
}

// CHECK-LABEL: @broadcast_of_broadcast
// CHECK-NEXT: %[[R:.*]] = quern.broadcast %arg0 dims [2] : <[6], f32> -> <[A, B, 6], f32>
// CHECK-NEXT: return %[[R]]
func.func @broadcast_of_broadcast(%x: !quern.tensor<[6], f32>) -> !quern.tensor<[A, B, 6], f32> {
  %0 = quern.broadcast %x dims [1] : <[6], f32> -> <[B, 6], f32>
  %1 = quern.broadcast %0 dims [1, 2] : <[B, 6], f32> -> <[A, B, 6], f32>
  return %1 : !quern.tensor<[A, B, 6], f32>
}

// CHECK-LABEL: @broadcast_of_splat
// CHECK-NEXT: quern.constant 1.0 : <[B, 6], f32>
// CHECK-NEXT: return
func.func @broadcast_of_splat() -> !quern.tensor<[B, 6], f32> {
  %c = quern.constant 1.0 : !quern.tensor<[6], f32>
  %0 = quern.broadcast %c dims [1] : <[6], f32> -> <[B, 6], f32>
  return %0 : !quern.tensor<[B, 6], f32>
}

// CHECK-LABEL: @slice_of_all
// CHECK-NEXT: return %arg0
func.func @slice_of_all(%x: !quern.tensor<[B, 6], f32>) -> !quern.tensor<[B, 6], f32> {
  %0 = quern.slice %x offsets [0, 0] strides [1, 1] : <[B, 6], f32> -> <[B, 6], f32>
  return %0 : !quern.tensor<[B, 6], f32>
}

// CHECK-LABEL: @slice_of_splat
// CHECK-NEXT: quern.constant 1.0 : <[B, 3], f32>
// CHECK-NEXT: return
func.func @slice_of_splat() -> !quern.tensor<[B, 3], f32> {
  %c = quern.constant 1.0 : !quern.tensor<[B, 6], f32>
  %0 = quern.slice %c offsets [0, 1] strides [1, 2] : <[B, 6], f32> -> <[B, 3], f32>
  return %0 : !quern.tensor<[B, 3], f32>
}

// A row's maximum that is repeated along the row needs no dimension of extent 1 on the way.
// CHECK-LABEL: @broadcast_of_reshape
// CHECK-NEXT: %[[R:.*]] = quern.broadcast %arg0 dims [0] : <[B], f32> -> <[B, 10], f32>
// CHECK-NEXT: return %[[R]]
func.func @broadcast_of_reshape(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B, 10], f32> {
  %0 = quern.reshape %x : <[B], f32> -> <[B, 1], f32>
  %1 = quern.broadcast %0 dims [0, 1] : <[B, 1], f32> -> <[B, 10], f32>
  return %1 : !quern.tensor<[B, 10], f32>
}

// CHECK-LABEL: @add_of_equal_products
// CHECK-DAG: %[[C:.*]] = quern.constant 0.5
// CHECK: %[[R:.*]] = quern.mul %arg0, %[[C]]
// CHECK-NEXT: return %[[R]]
func.func @add_of_equal_products(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %c = quern.constant 0.25 : !quern.tensor<[B], f32>
  %0 = quern.mul %x, %c : !quern.tensor<[B], f32>
  %1 = quern.add %0, %0 : !quern.tensor<[B], f32>
  return %1 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @window_reduce_of_single_elements
// CHECK-NEXT: return %{{.*}} : !quern.tensor<[B, 8], f32>
func.func @window_reduce_of_single_elements(%x: !quern.tensor<[B, 8], f32>) -> !quern.tensor<[B, 8], f32> {
  %r = quern.window_reduce max %x window [1] strides [1] low [0] high [0] base_dilation [1] dilation [3] : !quern.tensor<[B, 8], f32> -> !quern.tensor<[B, 8], f32>
  return %r : !quern.tensor<[B, 8], f32>
}

// CHECK-LABEL: @cumulate_of_one_element
// CHECK-NEXT: return %arg0
func.func @cumulate_of_one_element(%x: !quern.tensor<[B, 1], f32>) -> !quern.tensor<[B, 1], f32> {
  %0 = quern.cumulate mul %x dim 1 : !quern.tensor<[B, 1], f32>
  return %0 : !quern.tensor<[B, 1], f32>
}

// CHECK-LABEL: @argsort_of_one_element
// CHECK-NEXT: %[[ZERO:.*]] = quern.constant 0 : <[B, 1], i64>
// CHECK-NEXT: return %[[ZERO]]
func.func @argsort_of_one_element(%x: !quern.tensor<[B, 1], f32>) -> !quern.tensor<[B, 1], i64> {
  %0 = quern.argsort %x dim 1 : !quern.tensor<[B, 1], f32> -> !quern.tensor<[B, 1], i64>
  return %0 : !quern.tensor<[B, 1], i64>
}

// CHECK-LABEL: @iota_along_one_element
// CHECK-NEXT: %[[ZERO:.*]] = quern.constant 0 : <[B, 1], i64>
// CHECK-NEXT: return %[[ZERO]]
func.func @iota_along_one_element() -> !quern.tensor<[B, 1], i64> {
  %0 = quern.iota 1 : !quern.tensor<[B, 1], i64>
  return %0 : !quern.tensor<[B, 1], i64>
}

// CHECK-LABEL: @argreduce_of_one_element
// CHECK-NEXT: %[[ZERO:.*]] = quern.constant 0 : <[B], i64>
// CHECK-NEXT: return %[[ZERO]]
func.func @argreduce_of_one_element(%x: !quern.tensor<[B, 1], f32>) -> !quern.tensor<[B], i64> {
  %0 = quern.argreduce max %x dim 1 : !quern.tensor<[B, 1], f32> -> !quern.tensor<[B], i64>
  return %0 : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @pad_by_nothing
// CHECK-NEXT: return %arg0
func.func @pad_by_nothing(%x: !quern.tensor<[B], f32>, %f: !quern.tensor<[], f32>) -> !quern.tensor<[B], f32> {
  %0 = quern.pad %x, %f low [0] high [0] interior [0] : (<[B], f32>, <[], f32>) -> <[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @pad_between
// CHECK: quern.pad
func.func @pad_between(%x: !quern.tensor<[B], f32>, %f: !quern.tensor<[], f32>) -> !quern.tensor<[2*B - 1], f32> {
  %0 = quern.pad %x, %f low [0] high [0] interior [1] : (<[B], f32>, <[], f32>) -> <[2*B - 1], f32>
  return %0 : !quern.tensor<[2*B - 1], f32>
}

// CHECK-LABEL: @reverse_of_one_element
// CHECK-NEXT: return %arg0
func.func @reverse_of_one_element(%x: !quern.tensor<[B, 1], f32>) -> !quern.tensor<[B, 1], f32> {
  %0 = quern.reverse %x dims [1] : !quern.tensor<[B, 1], f32>
  return %0 : !quern.tensor<[B, 1], f32>
}

// Along other dims, the second does not undo the first.
// CHECK-LABEL: @reverse_of_reverse
// CHECK-NEXT: %[[R:.*]] = quern.reverse %arg0 dims [0]
// CHECK-NEXT: %[[S:.*]] = quern.reverse %[[R]] dims [1]
// CHECK-NEXT: return %arg0, %[[S]]
func.func @reverse_of_reverse(%x: !quern.tensor<[B, 2], f32>) -> (!quern.tensor<[B, 2], f32>, !quern.tensor<[B, 2], f32>) {
  %0 = quern.reverse %x dims [0] : !quern.tensor<[B, 2], f32>
  %1 = quern.reverse %0 dims [0] : !quern.tensor<[B, 2], f32>
  %2 = quern.reverse %0 dims [1] : !quern.tensor<[B, 2], f32>
  return %1, %2 : !quern.tensor<[B, 2], f32>, !quern.tensor<[B, 2], f32>
}

// CHECK-LABEL: @reverse_of_a_constant
// CHECK-NEXT: %[[C:.*]] = quern.constant 2.5
// CHECK-NEXT: return %[[C]]
func.func @reverse_of_a_constant() -> !quern.tensor<[B, 2], f32> {
  %c = quern.constant 2.5 : !quern.tensor<[B, 2], f32>
  %0 = quern.reverse %c dims [1] : !quern.tensor<[B, 2], f32>
  return %0 : !quern.tensor<[B, 2], f32>
}

// CHECK-LABEL: @concat_of_one
// CHECK-NEXT: return %arg0
func.func @concat_of_one(%x: !quern.tensor<[B], f32>) -> !quern.tensor<[B], f32> {
  %0 = quern.concat %x dim 0 : (<[B], f32>) -> <[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// The part is all there is, wherever the offset points.
// CHECK-LABEL: @dynamic_slice_of_all
// CHECK-NEXT: return %arg0
func.func @dynamic_slice_of_all(%x: !quern.tensor<[B], f32>, %i: !quern.tensor<[], i64>) -> !quern.tensor<[B], f32> {
  %0 = quern.dynamic_slice %x[%i] : (<[B], f32>, <[], i64>) -> <[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @dynamic_slice_of_a_constant
// CHECK-NEXT: %[[C:.*]] = quern.constant 2 : <[3], i64>
// CHECK-NEXT: return %[[C]]
func.func @dynamic_slice_of_a_constant(%i: !quern.tensor<[], i64>) -> !quern.tensor<[3], i64> {
  %c = quern.constant 2 : !quern.tensor<[B], i64>
  %0 = quern.dynamic_slice %c[%i] : (<[B], i64>, <[], i64>) -> <[3], i64>
  return %0 : !quern.tensor<[3], i64>
}

// CHECK-LABEL: @dynamic_update_slice_of_all
// CHECK-NEXT: return %arg1
func.func @dynamic_update_slice_of_all(%x: !quern.tensor<[B], f32>, %u: !quern.tensor<[B], f32>, %i: !quern.tensor<[], i64>) -> !quern.tensor<[B], f32> {
  %0 = quern.dynamic_update_slice %x, %u[%i] : (<[B], f32>, <[B], f32>, <[], i64>) -> <[B], f32>
  return %0 : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @gather_from_a_constant
// CHECK-NEXT: %[[C:.*]] = quern.constant 1.0 : <[B, 4], f32>
// CHECK-NEXT: return %[[C]]
func.func @gather_from_a_constant(%i: !quern.tensor<[B], i64>) -> !quern.tensor<[B, 4], f32> {
  %c = quern.constant 1.0 : !quern.tensor<[8, 4], f32>
  %0 = quern.gather %c[%i] dims [0] : (<[8, 4], f32>, <[B], i64>) -> <[B, 4], f32>
  return %0 : !quern.tensor<[B, 4], f32>
}

// CHECK-LABEL: @stop_gradient_of_a_constant
// CHECK-NEXT: %[[C:.*]] = quern.constant 2.5
// CHECK-NEXT: return %[[C]]
func.func @stop_gradient_of_a_constant() -> !quern.tensor<[B], f32> {
  %c = quern.constant 2.5 : !quern.tensor<[B], f32>
  %0 = quern.stop_gradient %c : !quern.tensor<[B], f32>
  return %0 : !quern.tensor<[B], f32>
}
