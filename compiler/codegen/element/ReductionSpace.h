// How a kernel with reductions is walked: its roots, the dimensions that they keep and reduce, and
// the order in which they depend on each other. Shared by the targets, which differ in who walks
// what.
#ifndef QUERN_COMPILER_CODEGEN_ELEMENT_REDUCTIONSPACE_H
#define QUERN_COMPILER_CODEGEN_ELEMENT_REDUCTIONSPACE_H

#include "compiler/codegen/element/Element.h"

namespace quern {
class ReductionSpace {
public:
  /// `kernel` has at least one root.
  explicit ReductionSpace(KernelOp kernel);

  /// Whether an op accumulates: a reduction, argreduction or contraction.
  static bool isRoot(mlir::Operation *op);

  /// Reductions over the last dimensions go by rows: a row's elements stand side by side, and
  /// values along the row can be used again after the reduction. All others go by columns: each
  /// result element has its own reduced elements, some way apart.
  bool byRows = false;
  /// The roots in order, of which the first gives the shapes.
  llvm::SmallVector<mlir::Operation *> roots;
  /// By rows: the dimensions outside the row, and those of the row (with kept ones of extent 1
  /// among them). By columns: all kept dimensions, and the reduced ones.
  llvm::SmallVector<Extent> outerShape, reducedShape;
  llvm::SmallVector<Extent> resultShape;

  mlir::Operation *root() const { return roots.front(); }
  /// Roots whose operands need no root that comes later, stage by stage.
  llvm::SmallVector<llvm::SmallVector<mlir::Operation *>> stages() const;
  /// Whether an output has the shape of what is reduced rather than that of the result.
  bool isAlongRow(mlir::Value output) const;

  /// The states that the roots of `group` start from, one after the other.
  static llvm::SmallVector<mlir::Value> initial(ElementEmitter &emitter,
                                                llvm::ArrayRef<mlir::Operation *> group);
  /// Takes one vector of elements into the states of `group`: those at `reduced` (for a
  /// contraction, one index a dimension) of the row or column at `kept`.
  llvm::SmallVector<mlir::Value> step(ElementEmitter &emitter,
                                      llvm::ArrayRef<mlir::Operation *> group, const Position &kept,
                                      const Position &reduced, mlir::ValueRange carried) const;

private:
  llvm::SmallVector<mlir::Value> operandsAt(ElementEmitter &emitter, mlir::Operation *op,
                                            const Position &kept, const Position &reduced) const;

  KernelOp kernel;
};
} // namespace quern

#endif
