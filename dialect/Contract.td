// Sums of products over shared dimensions.
#ifndef QUERN_CONTRACT_TD
#define QUERN_CONTRACT_TD

include "dialect/QuernAttrs.td"

def Quern_ContractOp : Quern_Op<"contract", [Pure, InferTypeOpAdaptor]> {
  let summary = "contraction";
  let description = [{
    Sums the products of the two operands' elements over the contracting dimensions, for each index
    of the batch dimensions, which both have. bf16 and f16 accumulate in f32.

    Constraints: (C1) the operands have one element type; (C2) the dimension lists of one operand are
    in range and name no dimension twice; (C3) batch and contracting lists have the same lengths on
    both sides and equal extents pairwise; (C4) the result's extents are the batch extents in the
    order of the list, then lhs's other extents, then rhs's.

    Example:
    ```mlir
    %r = quern.contract %x, %w batch [] x [] contracting [1] x [1] : (!quern.tensor<[B, 784], f32>, !quern.tensor<[512, 784], f32>) -> !quern.tensor<[B, 512], f32>
    ```
  }];
  let arguments = (ins Quern_NumberTensor:$lhs, Quern_NumberTensor:$rhs,
                       DenseI64ArrayAttr:$lhsBatch, DenseI64ArrayAttr:$rhsBatch,
                       DenseI64ArrayAttr:$lhsContracting, DenseI64ArrayAttr:$rhsContracting);
  let results = (outs Quern_NumberTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs `batch` $lhsBatch `x` $rhsBatch `contracting` $lhsContracting `x` $rhsContracting
    attr-dict `:` custom<Signature>(type($result), type($lhs), type($rhs))
  }];
  let extraClassDeclaration = [{
    /// Dimensions of each operand that are neither batch nor contracting, in order.
    ::llvm::SmallVector<int64_t> getLhsFree();
    ::llvm::SmallVector<int64_t> getRhsFree();
  }];
}

#endif
