// The pass that cuts entries into kernels.
#include "compiler/transforms/FormKernels.h"
#include "compiler/transforms/KernelGroups.h"
#include "compiler/transforms/LaneDims.h"
#include "dialect/Conventions.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_FORMKERNELS
#include "compiler/transforms/FormKernels.h.inc"

namespace {
/// Moves one group's ops into a kernel at the builder's place.
class KernelBuilder {
public:
  KernelBuilder(OpBuilder &builder, const KernelGroup &group) : builder(builder), group(group) {}

  void build() {
    SmallVector<Value> inputs = findInputs(), outputs = KernelGroups::outputsOf(group);
    SmallVector<Location> locations;
    for (Operation *op : group.ops)
      locations.push_back(op->getLoc());
    auto kernel = KernelOp::create(builder, builder.getFusedLoc(locations),
                                   llvm::to_vector(ValueRange(outputs).getTypes()), group.kind,
                                   inputs, ArrayAttr(), ArrayAttr());
    OpBuilder::InsertionGuard guard(builder);
    Block *body = builder.createBlock(&kernel.getBody());
    for (Value input : inputs)
      mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
    for (Operation *op : group.ops) {
      cloneFreeOperands(op);
      builder.clone(*op, mapping);
    }
    SmallVector<Value> yielded;
    for (Value output : outputs)
      yielded.push_back(mapping.lookup(output));
    YieldOp::create(builder, kernel.getLoc(), yielded);
    // What was repeated for several groups that became one. Kernels that do the same stay apart: one of
    // them computes again, behind a barrier, what the other has computed.
    IRRewriter rewriter(builder);
    DominanceInfo dominance(kernel);
    eliminateCommonSubExpressions(rewriter, dominance, kernel);
    // What is free stays as it is, for other kernels to copy.
    for (auto [output, result] : llvm::zip(outputs, kernel.getResults()))
      output.replaceUsesWithIf(result, [&](OpOperand &use) {
        return !group.ops.contains(use.getOwner()) && !isFree(use.getOwner());
      });
  }

private:
  bool isCopied(Value value) {
    Operation *op = value.getDefiningOp();
    return op && isFree(op) && !group.ops.contains(op);
  }

  SmallVector<Value> findInputs() {
    llvm::SetVector<Value> inputs;
    for (Operation *op : group.ops)
      for (Value operand : op->getOperands())
        if (!group.ops.contains(operand.getDefiningOp()) && !isCopied(operand))
          inputs.insert(operand);
    return inputs.takeVector();
  }

  void cloneFreeOperands(Operation *op) {
    for (Value operand : op->getOperands())
      if (isCopied(operand) && !mapping.contains(operand)) {
        cloneFreeOperands(operand.getDefiningOp());
        builder.clone(*operand.getDefiningOp(), mapping);
      }
  }

  OpBuilder &builder;
  const KernelGroup &group;
  IRMapping mapping;
};

class FormKernelsPass : public impl::FormKernelsBase<FormKernelsPass> {
public:
  using FormKernelsBase::FormKernelsBase;

private:
  /// Small enough to be unrolled completely: its code stays in the instruction cache, and most of its
  /// values in registers.
  static bool isTiny(Block &block) {
    if (block.without_terminator().empty() || !block.getOps<ScanOp>().empty())
      return false;
    std::optional<LaneDims> lanes = findLaneDims(block);
    constexpr int64_t lanesOfVector = 16, mostVectors = 1024;
    return lanes && lanes->vectors * ((lanes->lanes + lanesOfVector - 1) / lanesOfVector) <= mostVectors;
  }

  void formKernels(Block &block, bool isEntryBlock) {
    KernelGroups groups(block);
    bool isWhole = fuse && wholeSteps && isEntryBlock && isTiny(block);
    if (fuse && !isWhole)
      groups.fuse();
    groups.dropBarriers();
    if (isWhole)
      groups.fuseAll();
    OpBuilder builder(block.getTerminator());
    SmallVector<KernelGroup *> order = groups.inOrder();
    for (KernelGroup *group : order) {
      if (auto scan = dyn_cast<ScanOp>(group->ops.front())) {
        scan->moveBefore(block.getTerminator());
        formKernels(scan.getBody().front(), false);
      } else {
        KernelBuilder(builder, *group).build();
      }
    }
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (!isa<KernelOp, ScanOp>(op) && !op.hasTrait<OpTrait::IsTerminator>()) {
        op.dropAllUses();
        op.erase();
      }
  }

  void runOnOperation() override {
    if (isEntry(getOperation()))
      formKernels(getOperation().getBody().front(), true);
  }
};
} // namespace
} // namespace quern
