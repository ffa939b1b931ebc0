// The `quern` dialect itself; attributes, types and the ops, one file a family, build on it.
#ifndef QUERN_DIALECT_TD
#define QUERN_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Quern_Dialect : Dialect {
  let name = "quern";
  let cppNamespace = "::quern";
  let summary = "Pure tensor functions with symbolic extents, closed under differentiation.";
  let description = [{
    Neural networks as pure functions over `!quern.tensor` values. Broadcasts and conversions are
    explicit; extents are integer polynomials over named dims. `README.md` beside this file tells how
    functions carry parameters, inputs and results.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
  }];
}

// Ops whose results are named for what they are, in printed programs.
def Quern_NamesResults : DeclareOpInterfaceMethods<OpAsmOpInterface, ["getAsmResultNames"]>;

class Quern_Op<string mnemonic, list<Trait> traits = []> : Op<Quern_Dialect, mnemonic, traits>;

// One result element a set of indices, computed from the operands' elements at the same indices.
def Quern_Pointwise : NativeOpTrait<"Pointwise"> { let cppNamespace = "::quern"; }

#endif
