// Attaches each op's `evaluate` to it.
#include "compiler/interpreter/Interpretation.h"
#include "compiler/interpreter/Evaluation.h"

using namespace mlir;
namespace quern {

/// Ops with a body do what it does.
template <typename Op>
static LogicalResult evaluateBody(Evaluation &evaluation, Op op, Operands operands,
                                  std::vector<Tensor> &results) {
  std::vector<Tensor> arguments;
  for (const Tensor *operand : operands)
    arguments.push_back(*operand);
  return evaluateBlock(evaluation, op.getBody().front(), std::move(arguments), results);
}

namespace {
template <typename Op> struct Model : Interpretable::ExternalModel<Model<Op>, Op> {
  LogicalResult evaluate(Operation *op, Evaluation &evaluation, Operands operands,
                         std::vector<Tensor> &results) const {
    auto typed = cast<Op>(op);
    if constexpr (Op::template hasTrait<OpTrait::OneResult>()) {
      FailureOr<Tensor> result = quern::evaluate(evaluation, typed, operands);
      if (succeeded(result))
        results.push_back(std::move(*result));
      return result;
    } else if constexpr (Op::template hasTrait<OpTrait::ZeroResults>()) {
      return quern::evaluate(evaluation, typed, operands);
    } else if constexpr (std::is_same_v<Op, ScanOp>) {
      return quern::evaluate(evaluation, typed, operands, results);
    } else {
      return evaluateBody(evaluation, typed, operands, results);
    }
  }
};
} // namespace

template <typename Op> static void attach(MLIRContext *context) {
  // A terminator only ends the walk over its block.
  if constexpr (!Op::template hasTrait<Pointwise>() &&
                !Op::template hasTrait<OpTrait::IsTerminator>())
    Op::template attachInterface<Model<Op>>(*context);
}
template <typename... Ops> static void attachAll(MLIRContext *context) {
  (attach<Ops>(context), ...);
}

void registerInterpretation(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, QuernDialect *) {
    attachPointwiseModels(context);
    attachAll<
#define GET_OP_LIST
#include "dialect/QuernOps.cpp.inc"
        >(context);
  });
}
} // namespace quern
