// RUN: quern-opt %s -split-input-file -verify-diagnostics

// What the verifiers refuse. Each case names the op and the constraint that it breaks.

// compare (C1)
func.func @compare(%x: !quern.tensor<[B], f32>, %y: !quern.tensor<[2], f32>) {
  // expected-error@+1 {{op requires all operands to have the same type}}
  %r = quern.compare lt, %x, %y : (<[B], f32>, <[2], f32>) -> <[B], i1>
  return
}

// -----

// compare (C2)
func.func @compare(%x: !quern.tensor<[B], f32>) {
  // expected-error@+2 {{inferred type(s) '!quern.tensor<[B], i1>' are incompatible with return type(s) of operation '!quern.tensor<[2], i1>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.compare lt, %x, %x : (<[B], f32>, <[B], f32>) -> <[2], i1>
  return
}

// -----

// select (C1)
func.func @select(%c: !quern.tensor<[B], i1>, %x: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f64>) {
  // expected-error@+1 {{failed to verify that all of {onTrue, onFalse} have same type}}
  %r = quern.select %c, %x, %y : (<[B], i1>, <[B], f32>, <[B], f64>) -> <[B], f32>
  return
}

// -----

// select (C2)
func.func @select(%c: !quern.tensor<[2], i1>, %x: !quern.tensor<[B], f32>) {
  // expected-error@+2 {{(C2) condition is '!quern.tensor<[2], i1>', but the choices are '!quern.tensor<[B], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.select %c, %x, %x : (<[2], i1>, <[B], f32>, <[B], f32>) -> <[B], f32>
  return
}

// -----

// convert (C1)
func.func @convert(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{(C1) turns '!quern.tensor<[B], f32>' into another shape, '!quern.tensor<[2], f16>'}}
  %r = quern.convert %x : <[B], f32> -> <[2], f16>
  return
}

// -----

// constant (C1)
func.func @constant() {
  // expected-error@+1 {{(C1) has 3 elements, but its type is '!quern.tensor<[2], f32>'}}
  %r = quern.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32> -> !quern.tensor<[2], f32>
  return
}

// -----

// constant (C2)
func.func @constant() {
  // expected-error@+1 {{(C2) has 'f64' elements, but its type is '!quern.tensor<[], f32>'}}
  %r = quern.constant dense<1.0> : tensor<f64> -> !quern.tensor<[], f32>
  return
}

// -----

// iota (C1)
func.func @iota() {
  // expected-error@+1 {{(C1) counts along dimension 2, but its type is '!quern.tensor<[B, 4], i64>'}}
  %r = quern.iota 2 : !quern.tensor<[B, 4], i64>
  return
}

// -----

// extent (C1)
func.func @extent() {
  // expected-error@+1 {{(C1) gives a scalar of i64 or of floats, not '!quern.tensor<[], i32>'}}
  %r = quern.extent B*T : !quern.tensor<[], i32>
  return
}

// -----

// random (C1)
func.func @random(%s: !quern.tensor<[2], i64>, %t: !quern.tensor<[], i64>) {
  // expected-error@+1 {{(C1) takes scalars of i64, not '!quern.tensor<[2], i64>'}}
  %r = quern.random %s, %t id 3 : (<[2], i64>, <[], i64>) -> <[B], f32>
  return
}

// -----

// random (C2)
func.func @random(%s: !quern.tensor<[], i64>) {
  // expected-error@+1 {{(C2) gives f32 elements, not '!quern.tensor<[B], f64>'}}
  %r = quern.random %s, %s id 3 : (<[], i64>, <[], i64>) -> <[B], f64>
  return
}

// -----

// reduce (C1)
func.func @reduce(%x: !quern.tensor<[B, 10], f32>) {
  // expected-error@+2 {{(C1) cannot reduce dimension 0 of '!quern.tensor<[B, 10], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.reduce add %x dims [1, 0] : <[B, 10], f32> -> <[], f32>
  return
}

// -----

// reduce (C2)
func.func @reduce(%x: !quern.tensor<[B, 10], f32>) {
  // expected-error@+2 {{inferred type(s) '!quern.tensor<[B], f32>' are incompatible}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.reduce add %x dims [1] : <[B, 10], f32> -> <[10], f32>
  return
}

// -----

// reduce (C3)
func.func @reduce(%x: !quern.tensor<[B, 10], f32>) {
  // expected-error@+1 {{(C3) all does not take '!quern.tensor<[B, 10], f32>'}}
  %r = quern.reduce all %x dims [1] : <[B, 10], f32> -> <[B], f32>
  return
}

// -----

// argreduce (C1)
func.func @argreduce(%x: !quern.tensor<[B, 10], f32>) {
  // expected-error@+2 {{(C1) has no dimension 2 in '!quern.tensor<[B, 10], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.argreduce max %x dim 2 : <[B, 10], f32> -> <[B], i64>
  return
}

// -----

// argreduce (C2)
func.func @argreduce(%x: !quern.tensor<[B, 10], f32>) {
  // expected-error@+2 {{inferred type(s) '!quern.tensor<[B], i64>' are incompatible}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.argreduce max %x dim 1 : <[B, 10], f32> -> <[B], i32>
  return
}

// -----

// contract (C1)
func.func @contract(%x: !quern.tensor<[B, 8], f32>, %w: !quern.tensor<[4, 8], f64>) {
  // expected-error@+2 {{(C1) operands are '!quern.tensor<[B, 8], f32>' and '!quern.tensor<[4, 8], f64>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (<[B, 8], f32>, <[4, 8], f64>) -> <[B, 4], f32>
  return
}

// -----

// contract (C2)
func.func @contract(%x: !quern.tensor<[B, 8], f32>, %w: !quern.tensor<[4, 8], f32>) {
  // expected-error@+2 {{(C2) dimension 1 of '!quern.tensor<[B, 8], f32>' is out of range or named twice}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.contract %x, %w batch [1] x [1] contracting [1] x [1] : (<[B, 8], f32>, <[4, 8], f32>) -> <[B, 4], f32>
  return
}

// -----

// contract (C3)
func.func @contract(%x: !quern.tensor<[B, 8], f32>, %w: !quern.tensor<[4, 9], f32>) {
  // expected-error@+2 {{(C3) extent 8 of '!quern.tensor<[B, 8], f32>' meets 9 of '!quern.tensor<[4, 9], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (<[B, 8], f32>, <[4, 9], f32>) -> <[B, 4], f32>
  return
}

// -----

// contract (C4)
func.func @contract(%x: !quern.tensor<[B, 8], f32>, %w: !quern.tensor<[4, 8], f32>) {
  // expected-error@+2 {{inferred type(s) '!quern.tensor<[B, 4], f32>' are incompatible}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (<[B, 8], f32>, <[4, 8], f32>) -> <[4, B], f32>
  return
}

// -----

// reshape (C1)
func.func @reshape(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+1 {{(C1) turns '!quern.tensor<[B, 6], f32>' into other elements, '!quern.tensor<[6*B], f64>'}}
  %r = quern.reshape %x : <[B, 6], f32> -> <[B*6], f64>
  return
}

// -----

// reshape (C2)
func.func @reshape(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+1 {{(C2) turns '!quern.tensor<[B, 6], f32>' with 6*B elements into '!quern.tensor<[B, 7], f32>' with 7*B}}
  %r = quern.reshape %x : <[B, 6], f32> -> <[B, 7], f32>
  return
}

// -----

// transpose (C1)
func.func @transpose(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+2 {{(C1) needs a permutation of the 2 dimensions of '!quern.tensor<[B, 6], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.transpose %x [1, 1] : <[B, 6], f32> -> <[6, 6], f32>
  return
}

// -----

// broadcast (C1)
func.func @broadcast(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+1 {{(C1) maps to dimension 0 of '!quern.tensor<[6, B], f32>'}}
  %r = quern.broadcast %x dims [1, 0] : <[B, 6], f32> -> <[6, B], f32>
  return
}

// -----

// broadcast (C2)
func.func @broadcast(%x: !quern.tensor<[3], f32>) {
  // expected-error@+1 {{(C2) repeats extent 3 of '!quern.tensor<[3], f32>' as 6 of '!quern.tensor<[B, 6], f32>'}}
  %r = quern.broadcast %x dims [1] : <[3], f32> -> <[B, 6], f32>
  return
}

// -----

// broadcast (C3)
func.func @broadcast(%x: !quern.tensor<[6], f32>) {
  // expected-error@+1 {{(C3) turns '!quern.tensor<[6], f32>' into other elements, '!quern.tensor<[B, 6], f64>'}}
  %r = quern.broadcast %x dims [1] : <[6], f32> -> <[B, 6], f64>
  return
}

// -----

// slice (C1)
func.func @slice(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+1 {{(C1) needs 2 offsets and strides}}
  %r = quern.slice %x offsets [0] strides [1, 1] : <[B, 6], f32> -> <[B, 3], f32>
  return
}

// -----

// slice (C2)
func.func @slice(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+1 {{(C2) has stride 0}}
  %r = quern.slice %x offsets [0, 0] strides [1, 0] : <[B, 6], f32> -> <[B, 3], f32>
  return
}

// -----

// slice (C3)
func.func @slice(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+1 {{(C3) turns '!quern.tensor<[B, 6], f32>' into '!quern.tensor<[3], f32>'}}
  %r = quern.slice %x offsets [0, 0] strides [1, 1] : <[B, 6], f32> -> <[3], f32>
  return
}

// -----

// pad (C1)
func.func @pad(%x: !quern.tensor<[B, 6], f32>, %f: !quern.tensor<[], f32>) {
  // expected-error@+2 {{(C1) needs 2 entries of low, high and interior}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.pad %x, %f low [0] high [0, 1] interior [0, 0] : (<[B, 6], f32>, <[], f32>) -> <[B, 7], f32>
  return
}

// -----

// pad (C2)
func.func @pad(%x: !quern.tensor<[B, 6], f32>, %f: !quern.tensor<[], f32>) {
  // expected-error@+2 {{(C2) has interior -1}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.pad %x, %f low [0, 0] high [0, 1] interior [0, -1] : (<[B, 6], f32>, <[], f32>) -> <[B, 2], f32>
  return
}

// -----

// pad (C3)
func.func @pad(%x: !quern.tensor<[B, 6], f32>, %f: !quern.tensor<[], f64>) {
  // expected-error@+2 {{(C3) fills '!quern.tensor<[B, 6], f32>' with '!quern.tensor<[], f64>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.pad %x, %f low [0, 0] high [0, 1] interior [0, 0] : (<[B, 6], f32>, <[], f64>) -> <[B, 7], f32>
  return
}

// -----

// pad (C4)
func.func @pad(%x: !quern.tensor<[B, 6], f32>, %f: !quern.tensor<[], f32>) {
  // expected-error@+2 {{inferred type(s) '!quern.tensor<[B, 12], f32>' are incompatible}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.pad %x, %f low [0, 0] high [0, 1] interior [0, 1] : (<[B, 6], f32>, <[], f32>) -> <[B, 7], f32>
  return
}

// -----

// reverse (C1)
func.func @reverse(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+1 {{(C1) cannot reverse dimension 2 of '!quern.tensor<[B, 6], f32>'}}
  %r = quern.reverse %x dims [2] : !quern.tensor<[B, 6], f32>
  return
}

// -----

// concat (C1)
func.func @concat() {
  // expected-error@+2 {{(C1) has no operands}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = "quern.concat"() <{dimension = 0 : i64}> : () -> !quern.tensor<[B], f32>
  return
}

// -----

// concat (C2)
func.func @concat(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+2 {{(C2) has no dimension 2 in '!quern.tensor<[B, 6], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.concat %x, %x dim 2 : (<[B, 6], f32>, <[B, 6], f32>) -> <[B, 12], f32>
  return
}

// -----

// concat (C3)
func.func @concat(%x: !quern.tensor<[B, 6], f32>, %y: !quern.tensor<[B, 5], f32>) {
  // expected-error@+2 {{(C3) cannot join '!quern.tensor<[B, 6], f32>' and '!quern.tensor<[B, 5], f32>' along dimension 0}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.concat %x, %y dim 0 : (<[B, 6], f32>, <[B, 5], f32>) -> <[2*B, 6], f32>
  return
}

// -----

// concat (C4)
func.func @concat(%x: !quern.tensor<[B, 6], f32>) {
  // expected-error@+2 {{inferred type(s) '!quern.tensor<[2*B, 6], f32>' are incompatible}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.concat %x, %x dim 0 : (<[B, 6], f32>, <[B, 6], f32>) -> <[B, 6], f32>
  return
}

// -----

// dynamic_slice (C1)
func.func @dynamic_slice(%x: !quern.tensor<[B, 6], f32>, %i: !quern.tensor<[], i64>) {
  // expected-error@+1 {{(C1) has 1 offsets for '!quern.tensor<[B, 6], f32>'}}
  %r = quern.dynamic_slice %x[%i] : (<[B, 6], f32>, <[], i64>) -> <[1, 6], f32>
  return
}

// -----

// dynamic_slice (C2)
func.func @dynamic_slice(%x: !quern.tensor<[B], f32>, %i: !quern.tensor<[], i64>) {
  // expected-error@+1 {{(C2) turns '!quern.tensor<[B], f32>' into '!quern.tensor<[1], f64>'}}
  %r = quern.dynamic_slice %x[%i] : (<[B], f32>, <[], i64>) -> <[1], f64>
  return
}

// -----

// dynamic_update_slice (C1)
func.func @dynamic_update_slice(%x: !quern.tensor<[B], f32>, %u: !quern.tensor<[1], f32>, %i: !quern.tensor<[], i32>) {
  // expected-error@+1 {{(C1) takes i64 scalars as offsets, not '!quern.tensor<[], i32>'}}
  %r = quern.dynamic_update_slice %x, %u[%i] : (<[B], f32>, <[1], f32>, <[], i32>) -> <[B], f32>
  return
}

// -----

// dynamic_update_slice (C2)
func.func @dynamic_update_slice(%x: !quern.tensor<[B], f32>, %u: !quern.tensor<[1, 1], f32>, %i: !quern.tensor<[], i64>) {
  // expected-error@+1 {{(C2) puts '!quern.tensor<[1, 1], f32>' into '!quern.tensor<[B], f32>'}}
  %r = quern.dynamic_update_slice %x, %u[%i] : (<[B], f32>, <[1, 1], f32>, <[], i64>) -> <[B], f32>
  return
}

// -----

// dynamic_update_slice (C3)
func.func @dynamic_update_slice(%x: !quern.tensor<[B], f32>, %u: !quern.tensor<[1], f32>, %i: !quern.tensor<[], i64>) {
  // expected-error@+1 {{failed to verify that all of {operand, result} have same type}}
  %r = quern.dynamic_update_slice %x, %u[%i] : (<[B], f32>, <[1], f32>, <[], i64>) -> <[B + 1], f32>
  return
}

// -----

// gather (C1)
func.func @gather(%x: !quern.tensor<[V, 8], f32>, %i: !quern.tensor<[B], i64>) {
  // expected-error@+2 {{(C1) has 1 index tensors for 2 dimensions}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.gather %x[%i] dims [0, 1] : (<[V, 8], f32>, <[B], i64>) -> <[B], f32>
  return
}

// -----

// gather (C2)
func.func @gather(%x: !quern.tensor<[V, 8], f32>, %i: !quern.tensor<[B], i64>) {
  // expected-error@+2 {{(C2) cannot index dimension 2 of '!quern.tensor<[V, 8], f32>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.gather %x[%i] dims [2] : (<[V, 8], f32>, <[B], i64>) -> <[B, 8], f32>
  return
}

// -----

// gather (C3)
func.func @gather(%x: !quern.tensor<[V, 8], f32>, %i: !quern.tensor<[B], i8>) {
  // expected-error@+2 {{(C3) takes indices of i64 or i32, not '!quern.tensor<[B], i8>'}}
  // expected-error@+1 {{failed to infer returned types}}
  %r = quern.gather %x[%i] dims [0] : (<[V, 8], f32>, <[B], i8>) -> <[B, 8], f32>
  return
}

// -----

// cumulate (C1)
func.func @cumulate(%x: !quern.tensor<[B, 8], f32>) {
  // expected-error@+1 {{'quern.cumulate' op (C1) has no dimension 2 in '!quern.tensor<[B, 8], f32>'}}
  %r = quern.cumulate add %x dim 2 : <[B, 8], f32>
  return
}

// -----

// cumulate (C2)
func.func @cumulate(%x: !quern.tensor<[B, 8], f32>) {
  // expected-error@+1 {{'quern.cumulate' op (C2) cannot cumulate by any}}
  %r = quern.cumulate any %x dim 1 : <[B, 8], f32>
  return
}

// -----

// argsort (C1)
func.func @argsort(%x: !quern.tensor<[B, 8], f32>) {
  // expected-error@+1 {{'quern.argsort' op (C1) has no dimension -1 in '!quern.tensor<[B, 8], f32>'}}
  %r = quern.argsort %x dim -1 : <[B, 8], f32> -> <[B, 8], i64>
  return
}

// -----

// argsort (C2)
func.func @argsort(%x: !quern.tensor<[B, 8], f32>) {
  // expected-error@+1 {{'quern.argsort' op (C2) cannot give '!quern.tensor<[B, 9], i64>' from '!quern.tensor<[B, 8], f32>'}}
  %r = quern.argsort descending %x dim 1 : <[B, 8], f32> -> <[B, 9], i64>
  return
}

// -----

// argsort (C3)
func.func @argsort(%x: !quern.tensor<[B, 8], f32>) {
  // expected-error@+1 {{'quern.argsort' op (C3) gives elements of i64, not '!quern.tensor<[B, 8], i32>'}}
  %r = quern.argsort %x dim 1 : <[B, 8], f32> -> <[B, 8], i32>
  return
}

// -----

// scatter (C1)
func.func @scatter(%x: !quern.tensor<[V, 8], f32>, %u: !quern.tensor<[B], f32>, %i: !quern.tensor<[B], i64>) {
  // expected-error@+1 {{(C1) has 1 index tensors for 2 dimensions}}
  %r = quern.scatter add %x, %u[%i] dims [0, 1] : (<[V, 8], f32>, <[B], f32>, <[B], i64>) -> <[V, 8], f32>
  return
}

// -----

// scatter (C2)
func.func @scatter(%x: !quern.tensor<[V, 8], f32>, %u: !quern.tensor<[B], f32>, %i: !quern.tensor<[B], i64>) {
  // expected-error@+1 {{(C2) cannot index dimension 0 of '!quern.tensor<[V, 8], f32>'}}
  %r = quern.scatter set %x, %u[%i, %i] dims [1, 0] : (<[V, 8], f32>, <[B], f32>, <[B], i64>, <[B], i64>) -> <[V, 8], f32>
  return
}

// -----

// scatter (C3)
func.func @scatter(%x: !quern.tensor<[V, 8], f32>, %u: !quern.tensor<[B], f32>, %i: !quern.tensor<[B], i64>, %j: !quern.tensor<[B], i32>) {
  // expected-error@+1 {{(C3) has index tensors '!quern.tensor<[B], i64>' and '!quern.tensor<[B], i32>'}}
  %r = quern.scatter add %x, %u[%i, %j] dims [0, 1] : (<[V, 8], f32>, <[B], f32>, <[B], i64>, <[B], i32>) -> <[V, 8], f32>
  return
}

// -----

// scatter (C4)
func.func @scatter(%x: !quern.tensor<[V, 8], f32>, %u: !quern.tensor<[B], f32>, %i: !quern.tensor<[B], i64>) {
  // expected-error@+1 {{(C4) needs updates of type '!quern.tensor<[B, 8], f32>', not '!quern.tensor<[B], f32>'}}
  %r = quern.scatter add %x, %u[%i] dims [0] : (<[V, 8], f32>, <[B], f32>, <[B], i64>) -> <[V, 8], f32>
  return
}

// -----

// scatter (C5)
func.func @scatter(%x: !quern.tensor<[V], i1>, %u: !quern.tensor<[B], i1>, %i: !quern.tensor<[B], i64>) {
  // expected-error@+1 {{(C5) cannot add '!quern.tensor<[B], i1>'}}
  %r = quern.scatter add %x, %u[%i] dims [0] : (<[V], i1>, <[B], i1>, <[B], i64>) -> <[V], i1>
  return
}

// -----

// composite (C1)
func.func @composite(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{(C1) body yields ('!quern.tensor<[B], f32>'), not ('!quern.tensor<[2], f32>')}}
  %r = quern.composite "twice"(%x) : (<[B], f32>) -> <[2], f32> {
  ^bb0(%a: !quern.tensor<[B], f32>):
    quern.yield %a : !quern.tensor<[B], f32>
  } vjp [] {}
  return
}

// -----

// composite (C2)
func.func @composite(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{(C2) vjp takes ('!quern.tensor<[B], f32>'), not ('!quern.tensor<[B], f32>', '!quern.tensor<[B], f32>', '!quern.tensor<[B], f32>')}}
  %r = quern.composite "same"(%x) : (<[B], f32>) -> <[B], f32> {
  ^bb0(%a: !quern.tensor<[B], f32>):
    quern.yield %a : !quern.tensor<[B], f32>
  } vjp [0] {
  ^bb0(%a: !quern.tensor<[B], f32>):
    quern.yield %a : !quern.tensor<[B], f32>
  }
  return
}

// -----

// composite (C3)
func.func @composite(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{(C3) is computed again for its derivative, and has a vjp as well}}
  %r = quern.composite recomputed "same"(%x) : (<[B], f32>) -> <[B], f32> {
  ^bb0(%a: !quern.tensor<[B], f32>):
    quern.yield %a : !quern.tensor<[B], f32>
  } vjp [0] {
  ^bb0(%a: !quern.tensor<[B], f32>, %y: !quern.tensor<[B], f32>, %g: !quern.tensor<[B], f32>):
    quern.yield %g : !quern.tensor<[B], f32>
  }
  return
}

// -----

// kernel (C1)
func.func @kernel(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{(C1) body takes ('!quern.tensor<[2], f32>'), not ('!quern.tensor<[B], f32>')}}
  %r = quern.kernel pointwise(%x) : (<[B], f32>) -> <[2], f32> {
  ^bb0(%a: !quern.tensor<[2], f32>):
    quern.yield %a : !quern.tensor<[2], f32>
  }
  return
}

// -----

// kernel (C2)
func.func @kernel(%x: !quern.tensor<[B], f32>) {
  // expected-error@+1 {{(C2) has slot lists of another length than its operands or results}}
  %r = quern.kernel pointwise(%x) : (<[B], f32>) -> <[B], f32> {
  ^bb0(%a: !quern.tensor<[B], f32>):
    quern.yield %a : !quern.tensor<[B], f32>
  } {operandSlots = [], resultSlots = []}
  return
}

// -----

// expected-error@+1 {{element type 'i16' is none of f64, f32, bf16, f16, i64, i32, i8, ui8, i1}}
func.func @element_type(%x: !quern.tensor<[B], i16>)

// -----

// expected-error@+1 {{extent -3 is negative}}
func.func @negative_extent(%x: !quern.tensor<[0 - 3], f32>)

// -----

// constant: lists of one length
func.func @constant() {
  // expected-error@+1 {{the lists of a constant have one length}}
  %r = quern.constant [[1, 2], [3]] : <[2, 2], i64>
  return
}

// -----

func.func @constant() {
  // expected-error@+1 {{the lists of a constant have one length}}
  %r = quern.constant [1, [2]] : <[2], i64>
  return
}

// -----

func.func @constant() {
  // expected-error@+1 {{a number of type 'f32' has a point}}
  %r = quern.constant 1 : <[B], f32>
  return
}

// -----

func.func @constant() {
  // expected-error@+1 {{this number is no 'ui8'}}
  %r = quern.constant 256 : <[B], ui8>
  return
}

// -----

// constant (C1)
func.func @constant() {
  // expected-error@+1 {{(C1) has 3 elements, but its type is '!quern.tensor<[2], i64>'}}
  %r = quern.constant [1, 2, 3] : <[2], i64>
  return
}

// -----

// scan (C1)
func.func @scan(%x: !quern.tensor<[B, 4], f32>) {
  // expected-error@+1 {{(C1) is over '!quern.tensor<[B, 4], f32>', whose first extent is not the count}}
  %r = quern.scan T carries() over(%x : !quern.tensor<[B, 4], f32>) with() -> (!quern.tensor<[T, 4], f32>) {
  ^bb0(%i: !quern.tensor<[], i64>, %s: !quern.tensor<[4], f32>):
    quern.yield %s : !quern.tensor<[4], f32>
  }
  return
}

// -----

// scan (C2)
func.func @scan(%x: !quern.tensor<[T, 4], f32>) {
  // expected-error@+1 {{(C2) body takes}}
  %r = quern.scan T carries() over(%x : !quern.tensor<[T, 4], f32>) with() -> (!quern.tensor<[T, T, 4], f32>) {
  ^bb0(%i: !quern.tensor<[], i64>, %s: !quern.tensor<[T, 4], f32>):
    quern.yield %s : !quern.tensor<[T, 4], f32>
  }
  return
}

// -----

// scan (C3)
func.func @scan(%h: !quern.tensor<[4], f32>) {
  // expected-error@+1 {{(C3) does not begin its results with the carried values}}
  %r = quern.scan T carries(%h : !quern.tensor<[4], f32>) over() with() -> (!quern.tensor<[T, 4], f32>) {
  ^bb0(%i: !quern.tensor<[], i64>, %c: !quern.tensor<[4], f32>):
    quern.yield %c : !quern.tensor<[4], f32>
  }
  return
}

// -----

func.func @scan(%h: !quern.tensor<[4], f32>) {
  // expected-error@+1 {{(C3) has the result '!quern.tensor<[4], f32>', whose first extent is not the count}}
  %r:2 = quern.scan T carries(%h : !quern.tensor<[4], f32>) over() with() -> (!quern.tensor<[4], f32>, !quern.tensor<[4], f32>) {
  ^bb0(%i: !quern.tensor<[], i64>, %c: !quern.tensor<[4], f32>):
    quern.yield %c, %c : !quern.tensor<[4], f32>, !quern.tensor<[4], f32>
  }
  return
}
