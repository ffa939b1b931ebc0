// The pass that makes the weights of a file part of the module.
#include "compiler/transforms/EmbedWeights.h"
#include "compiler/artefact/WeightsFile.h"
#include "compiler/transforms/SelectEntries.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_EMBEDWEIGHTS
#include "compiler/transforms/EmbedWeights.h.inc"

namespace {
class EmbedWeightsPass : public impl::EmbedWeightsBase<EmbedWeightsPass> {
public:
  using EmbedWeightsBase::EmbedWeightsBase;

private:
  static Value constantOf(OpBuilder &builder, Value value, DenseElementsAttr elements) {
    return ConstantOp::create(builder, value.getLoc(), cast<TensorType>(value.getType()), elements);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto weights = readWeights(module, file);
    if (!weights) {
      emitError(UnknownLoc::get(module.getContext())) << llvm::toString(weights.takeError());
      return signalPassFailure();
    }
    llvm::StringSet<> written;
    for (auto function : module.getOps<func::FuncOp>())
      if (isEntry(function) && getKind(function) != "init")
        for (unsigned i = 0; i < function.getNumResults(); ++i)
          written.insert(getResultName(function, i));
    auto isFixed = [&](Role role, StringRef name) {
      return (role == Role::param || role == Role::buffer) && weights->contains(name) &&
             !written.contains(name);
    };
    for (auto function : module.getOps<func::FuncOp>()) {
      if (!isEntry(function))
        continue;
      if (getKind(function) == "init") {
        begin(function, *weights);
        continue;
      }
      OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
      for (unsigned i = function.getNumArguments(); i-- > 0;) {
        if (!isFixed(getRole(function, i), quern::getName(function, i)))
          continue;
        BlockArgument argument = function.getArgument(i);
        argument.replaceAllUsesWith(
            constantOf(builder, argument, weights->lookup(quern::getName(function, i))));
        (void)function.eraseArgument(i);
      }
    }
    eraseInitResults(module, [&](func::FuncOp init, unsigned i) {
      return isFixed(getResultRole(init, i), getResultName(init, i));
    });
  }

  /// Lets `init` return the file's values.
  static void begin(func::FuncOp init, const llvm::StringMap<DenseElementsAttr> &weights) {
    Operation *end = init.getBody().front().getTerminator();
    OpBuilder builder(end);
    for (unsigned i = 0; i < init.getNumResults(); ++i) {
      Role role = getResultRole(init, i);
      auto found = weights.find(getResultName(init, i));
      if ((role == Role::param || role == Role::buffer) && found != weights.end())
        end->setOperand(i, constantOf(builder, end->getOperand(i), found->second));
    }
  }
};
} // namespace
} // namespace quern
