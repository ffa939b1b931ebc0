// Constants as a person writes them: a splat is one number, few numbers are nested lists.
// RUN: quern-opt %s | quern-opt | FileCheck %s

func.func @numbers() {
  // CHECK: quern.constant 0.5 : <[B, 512], f32>
  %a = quern.constant dense<0.5> : tensor<f32> -> !quern.tensor<[B, 512], f32>
  // CHECK-NEXT: quern.constant 0.1 : <[], f32>
  %b = quern.constant 0.1 : <[], f32>
  // CHECK-NEXT: quern.constant 16777216.0 : <[], f32>
  %c = quern.constant 1.6777217e7 : <[], f32>
  // CHECK-NEXT: quern.constant 1.0e-10 : <[4], f64>
  %d = quern.constant 1.0e-10 : <[4], f64>
  // CHECK-NEXT: quern.constant -0.0 : <[], bf16>
  %e = quern.constant -0.0 : <[], bf16>
  // CHECK-NEXT: quern.constant inf : <[], f32>
  %f = quern.constant inf : <[], f32>
  // CHECK-NEXT: quern.constant negative_inf : <[], f16>
  %g = quern.constant negative_inf : <[], f16>
  // CHECK-NEXT: quern.constant nan : <[B], f64>
  %h = quern.constant nan : <[B], f64>
  // CHECK-NEXT: quern.constant -9223372036854775808 : <[], i64>
  %i = quern.constant -9223372036854775808 : <[], i64>
  // CHECK-NEXT: quern.constant 255 : <[B], ui8>
  %j = quern.constant 255 : <[B], ui8>
  // CHECK-NEXT: quern.constant true : <[B], i1>
  %k = quern.constant true : <[B], i1>
  // CHECK-NEXT: quern.constant {{\[\[}}1.5, -2.0], [0.25, 3.0]] : <[2, 2], f32>
  %l = quern.constant [[1.5, -2.0], [0.25, 3.0]] : <[2, 2], f32>
  // CHECK-NEXT: quern.constant [true, false, true] : <[3], i1>
  %m = quern.constant dense<[true, false, true]> : tensor<3xi1> -> <[3], i1>
  // CHECK-NEXT: quern.constant {{\[\[}}], []] : <[2, 0], f32>
  %n = quern.constant [[], []] : <[2, 0], f32>
  // CHECK-NEXT: quern.constant dense<"0x{{[0-9A-F]+}}"> : tensor<101xui8> -> <[101], ui8>
  %o = quern.constant dense<"0x000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F6061626364"> : tensor<101xui8> -> <[101], ui8>
  return
}
