// What the evaluation of one function shares: values during evaluation, the dims, and one `evaluate`
// per op, grouped in one source file a family.
#ifndef QUERN_COMPILER_INTERPRETER_EVALUATION_H
#define QUERN_COMPILER_INTERPRETER_EVALUATION_H

#include "compiler/interpreter/Interpreter.h"
#include "dialect/QuernOps.h"

namespace quern {
/// One number of a tensor: `real` when the dtype is a float, else `integer`. `error` is the bound of
/// bounded evaluation, 1 for a bool that rounding may turn.
struct Element {
  double real = 0;
  int64_t integer = 0;
  double error = 0;
};

struct Tensor {
  DType dtype = DType::f32;
  llvm::SmallVector<int64_t, 4> shape;
  std::vector<Element> elements;

  Tensor() = default;
  Tensor(DType dtype, llvm::ArrayRef<int64_t> shape)
      : dtype(dtype), shape(shape), elements(getNumElements(shape)) {}
};
using Operands = llvm::ArrayRef<const Tensor *>;

struct Evaluation {
  /// Whether f64 with bounds is computed rather than each op rounded.
  bool bounded;
  DimValues dims;
  llvm::raw_ostream &output;
  std::string &message;

  /// Sets the message, with the op's name and place in front.
  mlir::LogicalResult fail(mlir::Operation *op, const llvm::Twine &reason);
  /// The value of an extent; fails when a dim is unknown or it is negative where `op` makes a shape.
  mlir::FailureOr<int64_t> getValue(mlir::Operation *op, Extent extent);
  /// A tensor of zeros of the type.
  mlir::FailureOr<Tensor> makeTensor(mlir::Operation *op, mlir::Type type);
  /// Makes a float element of `dtype`: rounds, or adds to the propagated `error` that of rounding the
  /// result `roundings` times.
  Element finish(DType dtype, double value, double error, double roundings = 1) const;
};

/// Moves to the next index in row-major order; false after the last.
bool advance(llvm::MutableArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape);
/// Row-major position of an index.
int64_t getPosition(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape);
/// Calls `visit(index, position)` for every index of the shape in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t>, int64_t)> visit);

// Every op that is not pointwise; those are in a table of their own. An op without an `evaluate` does
// not compile.
#define QUERN_EVALUATE(OP)                                                                         \
  mlir::FailureOr<Tensor> evaluate(Evaluation &evaluation, OP op, Operands operands)
QUERN_EVALUATE(ConstantOp);
QUERN_EVALUATE(IotaOp);
QUERN_EVALUATE(ExtentOp);
QUERN_EVALUATE(RandomOp);
QUERN_EVALUATE(ReduceOp);
QUERN_EVALUATE(ArgReduceOp);
QUERN_EVALUATE(CumulateOp);
QUERN_EVALUATE(ContractOp);
QUERN_EVALUATE(ReshapeOp);
QUERN_EVALUATE(TransposeOp);
QUERN_EVALUATE(BroadcastOp);
QUERN_EVALUATE(SliceOp);
QUERN_EVALUATE(PadOp);
QUERN_EVALUATE(ReverseOp);
QUERN_EVALUATE(ConcatOp);
QUERN_EVALUATE(DynamicSliceOp);
QUERN_EVALUATE(DynamicUpdateSliceOp);
QUERN_EVALUATE(GatherOp);
QUERN_EVALUATE(ScatterOp);
QUERN_EVALUATE(ConvOp);
QUERN_EVALUATE(WindowReduceOp);
QUERN_EVALUATE(WindowGatherOp);
QUERN_EVALUATE(WindowScatterOp);
QUERN_EVALUATE(ArgSortOp);
#undef QUERN_EVALUATE
void attachPointwiseModels(mlir::MLIRContext *context);

/// Ops without one result tensor.
mlir::LogicalResult evaluate(Evaluation &evaluation, CheckRangeOp op, Operands operands);
mlir::LogicalResult evaluate(Evaluation &evaluation, PrintOp op, Operands operands);
mlir::LogicalResult evaluate(Evaluation &evaluation, ScanOp op, Operands operands,
                             std::vector<Tensor> &results);
/// A block with its arguments given, up to its terminator, whose operands are the results.
mlir::LogicalResult evaluateBlock(Evaluation &evaluation, mlir::Block &block,
                                  std::vector<Tensor> arguments, std::vector<Tensor> &results);

/// Between host tensors and values during evaluation.
Tensor fromHost(const HostTensor &tensor);
HostTensor toHost(const Tensor &tensor);
} // namespace quern

#endif
