// RUN: quern-opt %s -split-input-file -verify-diagnostics

// Pointwise ops keep the type of their operands. Each case names the op and the constraint that it breaks.

// abs (C1)
func.func @abs(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.abs"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// ceil (C1)
func.func @ceil(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.ceil"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// cos (C1)
func.func @cos(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.cos"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// erf (C1)
func.func @erf(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.erf"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// exp (C1)
func.func @exp(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.exp"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// expm1 (C1)
func.func @expm1(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.expm1"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// floor (C1)
func.func @floor(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.floor"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// log (C1)
func.func @log(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.log"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// log1p (C1)
func.func @log1p(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.log1p"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// neg (C1)
func.func @neg(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.neg"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// round (C1)
func.func @round(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.round"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// rsqrt (C1)
func.func @rsqrt(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.rsqrt"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// sigmoid (C1)
func.func @sigmoid(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.sigmoid"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// sign (C1)
func.func @sign(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.sign"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// sin (C1)
func.func @sin(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.sin"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// sqrt (C1)
func.func @sqrt(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.sqrt"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// tanh (C1)
func.func @tanh(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.tanh"(%x) : (!quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// not (C1)
func.func @not(%x: !quern.tensor<[B], i1>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.not"(%x) : (!quern.tensor<[B], i1>) -> !quern.tensor<[2], i1>
  return
}

// -----

// add (C1)
func.func @add(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.add"(%x, %y) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// div (C1)
func.func @div(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.div"(%x, %y) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// floor_div (C1)
func.func @floor_div(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.floor_div"(%x, %y) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// max (C1)
func.func @max(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.max"(%x, %y) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// min (C1)
func.func @min(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.min"(%x, %y) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// mul (C1)
func.func @mul(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.mul"(%x, %y) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// pow (C1)
func.func @pow(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.pow"(%x, %y) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// remainder (C1)
func.func @remainder(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.remainder"(%x, %y) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// sub (C1)
func.func @sub(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.sub"(%x, %y) : (!quern.tensor<[B], f32>, !quern.tensor<[B], f32>) -> !quern.tensor<[2], f32>
  return
}

// -----

// and (C1)
func.func @and(%x: !quern.tensor<[B], i1>, %y: !quern.tensor<[B], i1>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.and"(%x, %y) : (!quern.tensor<[B], i1>, !quern.tensor<[B], i1>) -> !quern.tensor<[2], i1>
  return
}

// -----

// or (C1)
func.func @or(%x: !quern.tensor<[B], i1>, %y: !quern.tensor<[B], i1>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.or"(%x, %y) : (!quern.tensor<[B], i1>, !quern.tensor<[B], i1>) -> !quern.tensor<[2], i1>
  return
}

// -----

// xor (C1)
func.func @xor(%x: !quern.tensor<[B], i1>, %y: !quern.tensor<[B], i1>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %r = "quern.xor"(%x, %y) : (!quern.tensor<[B], i1>, !quern.tensor<[B], i1>) -> !quern.tensor<[2], i1>
  return
}
