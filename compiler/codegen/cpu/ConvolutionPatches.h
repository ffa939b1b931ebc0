// Packs the patches that a convolution multiplies with its kernel, block by block, straight from the
// operand: [terms][columns], where a term is a feature and a tap, and a column an example and a
// position. Places outside the operand are 0. No matrix of patches ever stands in memory.
#ifndef QUERN_COMPILER_CODEGEN_CPU_CONVOLUTIONPATCHES_H
#define QUERN_COMPILER_CODEGEN_CPU_CONVOLUTIONPATCHES_H

#include "compiler/codegen/cpu/Contraction.h"
#include "compiler/codegen/element/Element.h"
#include "dialect/Window.h"

namespace quern {
class ConvolutionPatches {
public:
  /// `group` is the group whose features are packed, `columns` the number of columns.
  ConvolutionPatches(ConvOp op, const KernelFrame &frame, mlir::Value group, Index columns,
                     int64_t lanes);

  void pack(const PanelBlock &block) const;

private:
  /// A row-major index over an outer extent and the spatial dimensions; each step along one of these
  /// moves by `steps` places of the operand.
  struct Axis {
    Extent outer, outerStride;
    llvm::SmallVector<Extent> extents;
    llvm::SmallVector<int64_t> steps;
  };
  /// Consecutive indices of an axis that lie side by side in memory: those of the dimensions from
  /// `first` on. Endless where all of them do.
  struct Run {
    size_t first = 0;
    Extent length;
    bool isEndless = false;
  };
  /// Lanes at consecutive indices of an axis.
  struct Span {
    mlir::Value outer;                       // of the first lane
    mlir::Value outerOffset;                 // per lane, i32; null if they have one outer index
    llvm::SmallVector<mlir::Value> places;   // per lane and dimension, i32, `low` subtracted
    llvm::SmallVector<mlir::Value> runBases; // where lane 0 would stand, a run each
    llvm::SmallVector<mlir::Value> runMasks; // lanes of each run; null for all
    mlir::Value exists;                      // null for all
  };
  /// One index of the other axis.
  struct Point {
    mlir::Value outer;
    llvm::SmallVector<mlir::Value> shifts; // places, a dimension each
  };

  Axis positionAxis() const;
  Axis termAxis() const;
  std::optional<Run> findRun(const Axis &axis) const;
  /// Runs that `lanes` indices can touch; 0 if too many.
  int64_t runsOf(const Run &run) const;
  void packInRuns(const PanelBlock &block, bool alongTerms, const Run *run, int64_t runs) const;
  void packAlongPositions(const PanelBlock &block, const Run *run, int64_t runs) const;
  void packAlongTerms(const PanelBlock &block, const Run *run, int64_t runs) const;

  Span span(KernelBuilder &kernel, const Axis &axis, mlir::Value first, mlir::Value exists,
            const Run *run, int64_t runs) const;
  Point point(KernelBuilder &kernel, const Axis &axis, mlir::Value index) const;
  /// The lanes of a span that are inside the operand for a point; null for all.
  mlir::Value inside(KernelBuilder &kernel, const Span &span, const Point &point) const;
  /// Where the lanes stand in memory without the point's outer index, for spans without runs.
  mlir::Value offsets(KernelBuilder &kernel, const Axis &axis, const Span &span,
                      const Point &point) const;
  /// The offset of a point in memory; without its shifts if those are in `offsets`.
  mlir::Value base(KernelBuilder &kernel, const Axis &axis, const Point &point,
                   bool withShifts) const;
  mlir::Value load(KernelBuilder &kernel, const Span &span, const Point &point, mlir::Value base,
                   mlir::Value offsets, mlir::Value inside, bool alongTerms) const;

  mlir::Value lhs;
  TensorType lhsType, rhsType;
  const KernelFrame &frame;
  mlir::Value group, memory;
  Index columns;
  int64_t lanes;
  llvm::SmallVector<WindowDim> dims;
  llvm::SmallVector<Extent> strides; // of the operand's spatial dimensions, in memory
  Extent plane;                      // elements of one feature
  bool isInside;
};
} // namespace quern

#endif
