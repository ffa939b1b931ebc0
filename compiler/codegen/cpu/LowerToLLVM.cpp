// One dialect conversion with the union of the upstream patterns: a chain of separate conversion
// passes walks and rebuilds large unrolled kernels ten times and takes several times as long.
#include "compiler/codegen/cpu/LowerToLLVM.h"
#include "compiler/codegen/element/VectorMath.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;
using quern::emitMath;
using quern::MathFunction;

namespace quern {
#define GEN_PASS_DEF_LOWERTOLLVM
#include "compiler/codegen/cpu/LowerToLLVM.h.inc"
} // namespace quern

/// Replaces the elementary functions of the math dialect, in f32 and in vectors of f64, by the code
/// of VectorMath.h. Scalars of f64 stay, to become libm calls.
static void expandMath(ModuleOp module) {
  SmallVector<std::pair<Operation *, MathFunction>> ops;
  module.walk([&](Operation *op) {
    auto function = llvm::TypeSwitch<Operation *, std::optional<MathFunction>>(op)
                        .Case([](math::ExpOp) { return MathFunction::Exp; })
                        .Case([](math::ExpM1Op) { return MathFunction::Expm1; })
                        .Case([](math::LogOp) { return MathFunction::Log; })
                        .Case([](math::Log1pOp) { return MathFunction::Log1p; })
                        .Case([](math::TanhOp) { return MathFunction::Tanh; })
                        .Case([](math::ErfOp) { return MathFunction::Erf; })
                        .Case([](math::SinOp) { return MathFunction::Sin; })
                        .Case([](math::CosOp) { return MathFunction::Cos; })
                        .Case([](math::RsqrtOp) { return MathFunction::Rsqrt; })
                        .Case([](math::PowFOp) { return MathFunction::Pow; })
                        .Default(std::nullopt);
    if (!function)
      return;
    Type type = op->getResult(0).getType();
    auto vector = dyn_cast<VectorType>(type);
    if (vector && (vector.getRank() != 1 || vector.isScalable()))
      return;
    Type element = getElementTypeOrSelf(type);
    bool rootOfScalar = *function == MathFunction::Rsqrt;
    if (element.isF32() || (element.isF64() && (vector || rootOfScalar)))
      ops.push_back({op, *function});
  });
  for (auto [op, function] : ops) {
    OpBuilder builder(op);
    op->getResult(0).replaceAllUsesWith(
        emitMath(builder, op->getLoc(), function, op->getOperands()));
    op->erase();
  }
}

/// Upstream lowers expm1 to exp(x) - 1, which loses all digits of small results; libm does not.
static LogicalResult callExpm1(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](math::ExpM1Op op) { ops.push_back(op); });
  if (ops.empty())
    return success();
  RewritePatternSet patterns(module.getContext());
  populateMathToLibmConversionPatterns(patterns);
  return applyOpPatternsGreedily(ops, std::move(patterns));
}

/// Rewrites the few ops that the LLVM conversion cannot take directly (views of memrefs, vectors of
/// more than one dimension, transfers), touching nothing else.
static LogicalResult prepare(ModuleOp module) {
  SmallVector<Operation *> ops;
  module.walk([&](Operation *op) {
    if (isa<memref::SubViewOp, memref::CollapseShapeOp, memref::ExpandShapeOp,
            memref::ExtractStridedMetadataOp, vector::TransferReadOp, vector::TransferWriteOp,
            vector::ContractionOp, vector::OuterProductOp, vector::MultiDimReductionOp,
            vector::ShapeCastOp, vector::TransposeOp, vector::BroadcastOp, vector::StepOp,
            vector::ExtractStridedSliceOp, vector::InsertStridedSliceOp, vector::MaskOp,
            vector::GatherOp, vector::ScanOp>(op))
      ops.push_back(op);
  });
  if (ops.empty())
    return success();
  RewritePatternSet patterns(module.getContext());
  memref::populateExpandStridedMetadataPatterns(patterns);
  memref::populateResolveExtractStridedMetadataPatterns(patterns);
  populateVectorToSCFConversionPatterns(patterns, VectorTransferToSCFOptions().enableFullUnroll());
  vector::populateVectorTransferLoweringPatterns(patterns, /*maxTransferRank=*/1);
  vector::populateVectorMultiReductionLoweringPatterns(
      patterns, vector::VectorMultiReductionLowering::InnerReduction);
  vector::populateVectorShapeCastLoweringPatterns(patterns);
  vector::populateVectorTransposeLoweringPatterns(patterns,
                                                  vector::VectorTransposeLowering::Shuffle1D);
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  vector::populateVectorStepLoweringPatterns(patterns);
  vector::populateVectorMaskLoweringPatternsForSideEffectingOps(patterns);
  vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
  GreedyRewriteConfig config;
  config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
  config.enableFolding(false);
  return applyOpPatternsGreedily(ops, std::move(patterns), config);
}

namespace {
struct LowerToLLVMPass : quern::impl::LowerToLLVMBase<LowerToLLVMPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    MLIRContext *context = &getContext();
    expandMath(module);
    if (failed(callExpm1(module)) || failed(prepare(module)))
      return signalPassFailure();

    LowerToLLVMOptions options(context);
    options.useBarePtrCallConv = true;
    LLVMTypeConverter converter(context, options);
    RewritePatternSet patterns(context);
    populateAffineToStdConversionPatterns(patterns);
    populateSCFToControlFlowConversionPatterns(patterns);
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    cf::populateAssertToLLVMConversionPattern(converter, patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns, /*approximateLog1p=*/false,
                                         /*benefit=*/2);
    populateMathToLibmConversionPatterns(patterns, /*benefit=*/1);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);

    LLVMConversionTarget target(*context);
    target.addLegalOp<ModuleOp>();
    if (failed(applyFullConversion(module, target, std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

void quern::buildLowerToLLVMPipeline(OpPassManager &pm) {
  pm.addPass(createLowerToLLVM());
  // Memrefs made of addresses, and functions taken as addresses, are casts until here.
  pm.addPass(createReconcileUnrealizedCastsPass());
}

void quern::registerCpuDialects(DialectRegistry &registry) {
  registry.insert<affine::AffineDialect, arith::ArithDialect, cf::ControlFlowDialect,
                  func::FuncDialect, index::IndexDialect, LLVM::LLVMDialect, math::MathDialect,
                  memref::MemRefDialect, scf::SCFDialect, ub::UBDialect, vector::VectorDialect>();
}
