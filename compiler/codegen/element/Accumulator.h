// The running state of one reduction (cumulative too), argreduce or contraction in vector registers.
#ifndef QUERN_COMPILER_CODEGEN_ELEMENT_ACCUMULATOR_H
#define QUERN_COMPILER_CODEGEN_ELEMENT_ACCUMULATOR_H

#include "compiler/codegen/element/Element.h"

namespace quern {
class Accumulator {
public:
  explicit Accumulator(mlir::Operation *root) : root(root) {}

  /// How many vectors are carried from turn to turn.
  size_t size() const { return mlir::isa<ArgReduceOp>(root) ? 2 : 1; }
  llvm::SmallVector<mlir::Value> initial(ElementEmitter &emitter) const;
  /// Takes in the elements that `operands` hold (two for a contraction), at `index` along the
  /// reduced dimension; lanes that the emitter masks off stay as they are.
  llvm::SmallVector<mlir::Value> step(ElementEmitter &emitter, mlir::ValueRange carried,
                                      llvm::ArrayRef<mlir::Value> operands, LaneIndex index) const;
  /// Folds all lanes into one, by halves; the result has it in every lane.
  llvm::SmallVector<mlir::Value> foldLanes(ElementEmitter &emitter, mlir::ValueRange carried) const;
  /// One state from two, in this order.
  llvm::SmallVector<mlir::Value> merge(ElementEmitter &emitter, mlir::ValueRange a,
                                       mlir::ValueRange b) const;
  /// The root's value from the carried ones.
  mlir::Value finish(ElementEmitter &emitter, mlir::ValueRange carried) const;

private:
  mlir::Type elementType() const;
  mlir::Value combine(ElementEmitter &emitter, mlir::Value a, mlir::Value b) const;
  /// Whether candidate b (with its index) beats a.
  mlir::Value beats(ElementEmitter &emitter, mlir::ValueRange b, mlir::ValueRange a) const;

  mlir::Operation *root;
};
} // namespace quern

#endif
