// What ops can do in the rooms of the compiler. The dialect only declares it: each room attaches its
// own implementation to the ops, so that `dialect` depends on none of them.
#ifndef QUERN_INTERFACES_TD
#define QUERN_INTERFACES_TD

include "mlir/IR/OpBase.td"

def Quern_Differentiable : OpInterface<"Differentiable"> {
  let cppNamespace = "::quern";
  let description = [{
    Ops with a derivative, or with a reason why they have none. `compiler/autodiff` implements it for
    the ops of this dialect; an op of another dialect may implement it itself.
  }];
  let methods = [
    InterfaceMethod<[{
      The vector-Jacobian product: adds to the cotangents of the operands what those of the results
      amount to. Called only for ops that have a derivative.
    }], "void", "accumulateCotangents", (ins "::quern::VjpContext &":$context)>,
    StaticInterfaceMethod<[{
      Why there is no derivative, as what follows "as"; empty if there is one.
    }], "::llvm::StringRef", "whyNotDifferentiable", (ins)>];
}

def Quern_Interpretable : OpInterface<"Interpretable"> {
  let cppNamespace = "::quern";
  let description = [{
    Ops that the reference interpreter can evaluate. `compiler/interpreter` implements it for the ops
    of this dialect; an op of another dialect may implement it itself.
  }];
  let methods = [
    InterfaceMethod<[{
      Appends one tensor a result, in both modes of evaluation. Fails after setting the evaluation's
      message.
    }], "::mlir::LogicalResult", "evaluate",
    (ins "::quern::Evaluation &":$evaluation, "::llvm::ArrayRef<const ::quern::Tensor *>":$operands,
         "::std::vector<::quern::Tensor> &":$results)>];
}

#endif
