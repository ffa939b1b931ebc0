// RUN: quern-opt %s --canonicalize | FileCheck %s

// Ops of splat constants are splats: rounded to the element type, or wrapped around to its width.

// CHECK-LABEL: @neg_of_floats
// CHECK-NEXT: quern.constant -1.5 : <[B], f32>
// CHECK-NEXT: return
func.func @neg_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %r = quern.neg %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @abs_of_floats
// CHECK-NEXT: quern.constant 1.5 : <[B], f32>
// CHECK-NEXT: return
func.func @abs_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant -1.5 : !quern.tensor<[B], f32>
  %r = quern.abs %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @sign_of_floats
// CHECK-NEXT: quern.constant -1.0 : <[B], f32>
// CHECK-NEXT: return
func.func @sign_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant -1.5 : !quern.tensor<[B], f32>
  %r = quern.sign %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @floor_of_floats
// CHECK-NEXT: quern.constant -2.0 : <[B], f32>
// CHECK-NEXT: return
func.func @floor_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant -1.5 : !quern.tensor<[B], f32>
  %r = quern.floor %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @ceil_of_floats
// CHECK-NEXT: quern.constant -1.0 : <[B], f32>
// CHECK-NEXT: return
func.func @ceil_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant -1.5 : !quern.tensor<[B], f32>
  %r = quern.ceil %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @round_of_floats
// CHECK-NEXT: quern.constant 2.0 : <[B], f32>
// CHECK-NEXT: return
func.func @round_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 2.5 : !quern.tensor<[B], f32>
  %r = quern.round %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @exp_of_floats
// CHECK-NEXT: quern.constant 1.0 : <[B], f32>
// CHECK-NEXT: return
func.func @exp_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 0.0 : !quern.tensor<[B], f32>
  %r = quern.exp %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @expm1_of_floats
// CHECK-NEXT: quern.constant 0.0 : <[B], f32>
// CHECK-NEXT: return
func.func @expm1_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 0.0 : !quern.tensor<[B], f32>
  %r = quern.expm1 %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @log_of_floats
// CHECK-NEXT: quern.constant 0.0 : <[B], f32>
// CHECK-NEXT: return
func.func @log_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 1.0 : !quern.tensor<[B], f32>
  %r = quern.log %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @log1p_of_floats
// CHECK-NEXT: quern.constant 0.0 : <[B], f32>
// CHECK-NEXT: return
func.func @log1p_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 0.0 : !quern.tensor<[B], f32>
  %r = quern.log1p %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @sqrt_of_floats
// CHECK-NEXT: quern.constant 2.5 : <[B], f32>
// CHECK-NEXT: return
func.func @sqrt_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 6.25 : !quern.tensor<[B], f32>
  %r = quern.sqrt %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @rsqrt_of_floats
// CHECK-NEXT: quern.constant 0.4 : <[B], f32>
// CHECK-NEXT: return
func.func @rsqrt_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 6.25 : !quern.tensor<[B], f32>
  %r = quern.rsqrt %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @sin_of_floats
// CHECK-NEXT: quern.constant 0.0 : <[B], f32>
// CHECK-NEXT: return
func.func @sin_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 0.0 : !quern.tensor<[B], f32>
  %r = quern.sin %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @cos_of_floats
// CHECK-NEXT: quern.constant 1.0 : <[B], f32>
// CHECK-NEXT: return
func.func @cos_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 0.0 : !quern.tensor<[B], f32>
  %r = quern.cos %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @tanh_of_floats
// CHECK-NEXT: quern.constant 0.0 : <[B], f32>
// CHECK-NEXT: return
func.func @tanh_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 0.0 : !quern.tensor<[B], f32>
  %r = quern.tanh %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @erf_of_floats
// CHECK-NEXT: quern.constant 0.0 : <[B], f32>
// CHECK-NEXT: return
func.func @erf_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 0.0 : !quern.tensor<[B], f32>
  %r = quern.erf %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @sigmoid_of_floats
// CHECK-NEXT: quern.constant 0.5 : <[B], f32>
// CHECK-NEXT: return
func.func @sigmoid_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 0.0 : !quern.tensor<[B], f32>
  %r = quern.sigmoid %x : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @add_of_floats
// CHECK-NEXT: quern.constant 3.5 : <[B], f32>
// CHECK-NEXT: return
func.func @add_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.add %x, %y : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @sub_of_floats
// CHECK-NEXT: quern.constant -0.5 : <[B], f32>
// CHECK-NEXT: return
func.func @sub_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.sub %x, %y : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @mul_of_floats
// CHECK-NEXT: quern.constant 3.0 : <[B], f32>
// CHECK-NEXT: return
func.func @mul_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.mul %x, %y : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @div_of_floats
// CHECK-NEXT: quern.constant 0.75 : <[B], f32>
// CHECK-NEXT: return
func.func @div_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.div %x, %y : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @pow_of_floats
// CHECK-NEXT: quern.constant 2.25 : <[B], f32>
// CHECK-NEXT: return
func.func @pow_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.pow %x, %y : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @max_of_floats
// CHECK-NEXT: quern.constant 2.0 : <[B], f32>
// CHECK-NEXT: return
func.func @max_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.max %x, %y : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @min_of_floats
// CHECK-NEXT: quern.constant 1.5 : <[B], f32>
// CHECK-NEXT: return
func.func @min_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.min %x, %y : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @floor_div_of_floats
// CHECK-NEXT: quern.constant -4.0 : <[B], f32>
// CHECK-NEXT: return
func.func @floor_div_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant -7.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.floor_div %x, %y : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @remainder_of_floats
// CHECK-NEXT: quern.constant 0.5 : <[B], f32>
// CHECK-NEXT: return
func.func @remainder_of_floats() -> !quern.tensor<[B], f32> {
  %x = quern.constant -7.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.remainder %x, %y : !quern.tensor<[B], f32>
  return %r : !quern.tensor<[B], f32>
}

// CHECK-LABEL: @neg_of_integers
// CHECK-NEXT: quern.constant -3 : <[B], i64>
// CHECK-NEXT: return
func.func @neg_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 3 : !quern.tensor<[B], i64>
  %r = quern.neg %x : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @abs_of_integers
// CHECK-NEXT: quern.constant 3 : <[B], i64>
// CHECK-NEXT: return
func.func @abs_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant -3 : !quern.tensor<[B], i64>
  %r = quern.abs %x : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @sign_of_integers
// CHECK-NEXT: quern.constant -1 : <[B], i64>
// CHECK-NEXT: return
func.func @sign_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant -3 : !quern.tensor<[B], i64>
  %r = quern.sign %x : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @not_of_integers
// CHECK-NEXT: quern.constant -6 : <[B], i64>
// CHECK-NEXT: return
func.func @not_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 5 : !quern.tensor<[B], i64>
  %r = quern.not %x : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @add_of_integers
// CHECK-NEXT: quern.constant 7 : <[B], i64>
// CHECK-NEXT: return
func.func @add_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 3 : !quern.tensor<[B], i64>
  %y = quern.constant 4 : !quern.tensor<[B], i64>
  %r = quern.add %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @sub_of_integers
// CHECK-NEXT: quern.constant -1 : <[B], i64>
// CHECK-NEXT: return
func.func @sub_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 3 : !quern.tensor<[B], i64>
  %y = quern.constant 4 : !quern.tensor<[B], i64>
  %r = quern.sub %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @mul_of_integers
// CHECK-NEXT: quern.constant 12 : <[B], i64>
// CHECK-NEXT: return
func.func @mul_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 3 : !quern.tensor<[B], i64>
  %y = quern.constant 4 : !quern.tensor<[B], i64>
  %r = quern.mul %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @floor_div_of_integers
// CHECK-NEXT: quern.constant -4 : <[B], i64>
// CHECK-NEXT: return
func.func @floor_div_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant -7 : !quern.tensor<[B], i64>
  %y = quern.constant 2 : !quern.tensor<[B], i64>
  %r = quern.floor_div %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @floor_div_of_integers_by_zero
// CHECK-NEXT: quern.constant 0 : <[B], i64>
// CHECK-NEXT: return
func.func @floor_div_of_integers_by_zero() -> !quern.tensor<[B], i64> {
  %x = quern.constant -7 : !quern.tensor<[B], i64>
  %y = quern.constant 0 : !quern.tensor<[B], i64>
  %r = quern.floor_div %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @remainder_of_integers
// CHECK-NEXT: quern.constant 1 : <[B], i64>
// CHECK-NEXT: return
func.func @remainder_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant -7 : !quern.tensor<[B], i64>
  %y = quern.constant 2 : !quern.tensor<[B], i64>
  %r = quern.remainder %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @remainder_of_integers_by_zero
// CHECK-NEXT: quern.constant 0 : <[B], i64>
// CHECK-NEXT: return
func.func @remainder_of_integers_by_zero() -> !quern.tensor<[B], i64> {
  %x = quern.constant 7 : !quern.tensor<[B], i64>
  %y = quern.constant 0 : !quern.tensor<[B], i64>
  %r = quern.remainder %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @max_of_integers
// CHECK-NEXT: quern.constant 4 : <[B], i64>
// CHECK-NEXT: return
func.func @max_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 3 : !quern.tensor<[B], i64>
  %y = quern.constant 4 : !quern.tensor<[B], i64>
  %r = quern.max %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @min_of_integers
// CHECK-NEXT: quern.constant 3 : <[B], i64>
// CHECK-NEXT: return
func.func @min_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 3 : !quern.tensor<[B], i64>
  %y = quern.constant 4 : !quern.tensor<[B], i64>
  %r = quern.min %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @and_of_integers
// CHECK-NEXT: quern.constant 2 : <[B], i64>
// CHECK-NEXT: return
func.func @and_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 6 : !quern.tensor<[B], i64>
  %y = quern.constant 3 : !quern.tensor<[B], i64>
  %r = quern.and %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @or_of_integers
// CHECK-NEXT: quern.constant 7 : <[B], i64>
// CHECK-NEXT: return
func.func @or_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 6 : !quern.tensor<[B], i64>
  %y = quern.constant 3 : !quern.tensor<[B], i64>
  %r = quern.or %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @xor_of_integers
// CHECK-NEXT: quern.constant 5 : <[B], i64>
// CHECK-NEXT: return
func.func @xor_of_integers() -> !quern.tensor<[B], i64> {
  %x = quern.constant 6 : !quern.tensor<[B], i64>
  %y = quern.constant 3 : !quern.tensor<[B], i64>
  %r = quern.xor %x, %y : !quern.tensor<[B], i64>
  return %r : !quern.tensor<[B], i64>
}

// CHECK-LABEL: @compare_eq
// CHECK-NEXT: quern.constant false : <[B], i1>
// CHECK-NEXT: return
func.func @compare_eq() -> !quern.tensor<[B], i1> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.compare eq, %x, %y : (<[B], f32>, <[B], f32>) -> <[B], i1>
  return %r : !quern.tensor<[B], i1>
}

// CHECK-LABEL: @compare_ne
// CHECK-NEXT: quern.constant true : <[B], i1>
// CHECK-NEXT: return
func.func @compare_ne() -> !quern.tensor<[B], i1> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.compare ne, %x, %y : (<[B], f32>, <[B], f32>) -> <[B], i1>
  return %r : !quern.tensor<[B], i1>
}

// CHECK-LABEL: @compare_lt
// CHECK-NEXT: quern.constant true : <[B], i1>
// CHECK-NEXT: return
func.func @compare_lt() -> !quern.tensor<[B], i1> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.compare lt, %x, %y : (<[B], f32>, <[B], f32>) -> <[B], i1>
  return %r : !quern.tensor<[B], i1>
}

// CHECK-LABEL: @compare_le
// CHECK-NEXT: quern.constant true : <[B], i1>
// CHECK-NEXT: return
func.func @compare_le() -> !quern.tensor<[B], i1> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.compare le, %x, %y : (<[B], f32>, <[B], f32>) -> <[B], i1>
  return %r : !quern.tensor<[B], i1>
}

// CHECK-LABEL: @compare_gt
// CHECK-NEXT: quern.constant false : <[B], i1>
// CHECK-NEXT: return
func.func @compare_gt() -> !quern.tensor<[B], i1> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.compare gt, %x, %y : (<[B], f32>, <[B], f32>) -> <[B], i1>
  return %r : !quern.tensor<[B], i1>
}

// CHECK-LABEL: @compare_ge
// CHECK-NEXT: quern.constant false : <[B], i1>
// CHECK-NEXT: return
func.func @compare_ge() -> !quern.tensor<[B], i1> {
  %x = quern.constant 1.5 : !quern.tensor<[B], f32>
  %y = quern.constant 2.0 : !quern.tensor<[B], f32>
  %r = quern.compare ge, %x, %y : (<[B], f32>, <[B], f32>) -> <[B], i1>
  return %r : !quern.tensor<[B], i1>
}

// 200 + 100 wraps around in ui8.
// CHECK-LABEL: @add_of_bytes
// CHECK-NEXT: quern.constant 44 : 
func.func @add_of_bytes() -> !quern.tensor<[B], ui8> {
  %x = quern.constant 200 : !quern.tensor<[B], ui8>
  %y = quern.constant 100 : !quern.tensor<[B], ui8>
  %r = quern.add %x, %y : !quern.tensor<[B], ui8>
  return %r : !quern.tensor<[B], ui8>
}
