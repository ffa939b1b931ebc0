// The pass from planned kernels to vector loops over memory.
#include "compiler/codegen/EmitLoops.h"
#include "compiler/codegen/ArgumentStruct.h"
#include "compiler/codegen/KernelFunctions.h"
#include "compiler/codegen/SizeFunctions.h"
#include "dialect/Conventions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
namespace quern {
#define GEN_PASS_DEF_EMITLOOPS
#include "compiler/codegen/EmitLoops.h.inc"

static arith::CmpIPredicate predicateOf(StringRef relation) {
  return llvm::StringSwitch<arith::CmpIPredicate>(relation)
      .Case("eq", arith::CmpIPredicate::eq)
      .Case("ne", arith::CmpIPredicate::ne)
      .Case("lt", arith::CmpIPredicate::slt)
      .Case("le", arith::CmpIPredicate::sle)
      .Case("gt", arith::CmpIPredicate::sgt)
      .Default(arith::CmpIPredicate::sge);
}

namespace {
/// Emits the functions of one entry.
class EntryEmitter {
public:
  EntryEmitter(func::FuncOp entry, const TargetDescription &target, KernelBodies &bodies)
      : entry(entry), target(target), bodies(bodies), builder(entry), loc(entry.getLoc()) {}

  void emit() {
    if (auto list = entry->getAttrOfType<ArrayAttr>(attr::dims))
      for (StringAttr name : list.getAsRange<StringAttr>())
        dims.push_back(name.getValue());
    auto checks = entry->getAttrOfType<ArrayAttr>(attr::checks);
    int64_t nextCheck = 1 + (checks ? checks.size() : 0);
    auto workspace = entry->getAttrOfType<ExtentAttr>(attr::workspace);
    Extent planned = workspace ? Extent(workspace) : Extent::constant(entry.getContext(), 0);
    int64_t workerBytes = 0;
    // Those in the bodies of loops, too, in the order in which they stand.
    entry.walk<WalkOrder::PreOrder>([&](KernelOp kernel) {
      std::string name = (entry.getName() + ".k" + Twine(kernels.size())).str();
      auto &functions = kernels[kernel];
      functions = std::make_unique<KernelFunctions>(kernel, name, dims, planned.alignTo(64),
                                                    nextCheck, target);
      nextCheck += llvm::range_size(kernel.getBody().front().getOps<CheckRangeOp>());
      workerBytes = std::max<int64_t>(workerBytes, llvm::alignTo(functions->workerBytes(), 64));
    });
    for (auto &[op, kernel] : kernels) {
      kernel->setWorkerStride(workerBytes);
      kernel->emit(builder, bodies);
    }
    emitRun(checks, workerBytes);
  }

private:
  void emitRun(ArrayAttr checks, int64_t workerBytes) {
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    auto run = func::FuncOp::create(builder, loc, (entry.getName() + ".run").str(),
                                    builder.getFunctionType(pointer, builder.getI32Type()));
    // Rounding up to where the first worker's share begins may take up to 64 bytes more.
    if (workerBytes)
      run->setAttr(attr::workerBytes,
                   Extent::constant(builder.getContext(), workerBytes + 64).getAttr());
    if (entry->hasAttr(attr::variantOf))
      run.setPrivate();
    Block *block = run.addEntryBlock();
    builder.setInsertionPointToStart(block);
    Value argument = block->getArgument(0);
    ArgumentStruct arguments(builder, loc, argument, dims);
    ExtentValues extents = arguments.loadExtents();
    passToVariants(run, argument, extents);
    if (checks)
      for (auto [i, check] : llvm::enumerate(checks.getAsRange<CheckAttr>())) {
        Value holds = arith::CmpIOp::create(builder, loc, predicateOf(check.getRelation()),
                                            extents.emit(builder, loc, Extent(check.getLhs())),
                                            extents.emit(builder, loc, Extent(check.getRhs())));
        Block *failed = run.addBlock(), *next = run.addBlock();
        cf::CondBranchOp::create(builder, loc, holds, next, failed);
        builder.setInsertionPointToStart(failed);
        Value fault = arguments.fault();
        storeNumber(fault, 0, extents.emit(builder, loc, Extent(check.getLhs())));
        storeNumber(fault, 1, extents.emit(builder, loc, Extent(check.getRhs())));
        Value number = arith::ConstantIntOp::create(builder, loc, i + 1, 32);
        func::ReturnOp::create(builder, loc, number);
        builder.setInsertionPointToStart(next);
      }
    emitSteps(entry.getBody().front(), argument, [&](Value failed) {
      Value zero = arith::ConstantIntOp::create(builder, loc, 0, 32);
      Value isFailed = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, failed, zero);
      returnIf(run, isFailed, [&] { return failed; });
    });
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 32);
    func::ReturnOp::create(builder, loc, zero);
  }

  /// Calls of kernels, and loops of such. Checks stand in no loop.
  void emitSteps(Block &block, Value argument, function_ref<void(Value)> leaveWhere) {
    for (Operation &op : block) {
      if (auto kernel = dyn_cast<KernelOp>(op)) {
        if (Value failed = kernels.find(kernel)->second->emitCall(builder, argument))
          leaveWhere(failed);
      } else if (auto scan = dyn_cast<ScanOp>(op)) {
        emitLoop(scan, argument);
      }
    }
  }

  void emitLoop(ScanOp scan, Value argument) {
    ArgumentStruct arguments(builder, loc, argument, dims);
    ExtentValues extents = arguments.loadExtents(scan);
    Value address = arguments.slotAddress(*scan.getCounterSlot(), extents);
    Value count = extents.emit(builder, loc, Extent(scan.getCount()));
    Value one = emitIndex(builder, loc, 1);
    auto loop = scf::ForOp::create(builder, loc, emitIndex(builder, loc, 0), count, one);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value number = loop.getInductionVar(), index = number;
    if (scan.getReverse())
      index = arith::SubIOp::create(builder, loc, arith::SubIOp::create(builder, loc, count, one), number);
    // The kernels read both, on whichever thread they run.
    storeNumber(address, 0, number);
    storeNumber(address, 1, index);
    emitSteps(scan.getBody().front(), argument,
              [](Value) { llvm_unreachable("a check stands in a loop"); });
  }

  void storeNumber(Value array, int32_t position, Value value) {
    Value address = LLVM::GEPOp::create(builder, loc, array.getType(), builder.getI64Type(), array,
                                        ArrayRef<LLVM::GEPArg>{position});
    Value number = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value);
    LLVM::StoreOp::create(builder, loc, number, address);
  }

  void returnIf(func::FuncOp run, Value condition, function_ref<Value()> value) {
    Block *leave = run.addBlock(), *next = run.addBlock();
    cf::CondBranchOp::create(builder, loc, condition, leave, next);
    builder.setInsertionPointToStart(leave);
    func::ReturnOp::create(builder, loc, value());
    builder.setInsertionPointToStart(next);
  }

  /// Calls with exactly a variant's dims are its own.
  void passToVariants(func::FuncOp run, Value argument, const ExtentValues &extents) {
    auto module = entry->getParentOfType<ModuleOp>();
    for (auto other : module.getOps<func::FuncOp>()) {
      auto of = other->getAttrOfType<FlatSymbolRefAttr>(attr::variantOf);
      auto values = other->getAttrOfType<DenseI64ArrayAttr>(attr::variantDims);
      if (!of || !values || of.getValue() != entry.getName())
        continue;
      Value all;
      for (auto [name, value] : llvm::zip(dims, values.asArrayRef())) {
        Value same = arith::CmpIOp::create(
            builder, loc, arith::CmpIPredicate::eq,
            extents.emit(builder, loc, Extent::dim(builder.getContext(), name)),
            emitIndex(builder, loc, value));
        all = all ? arith::AndIOp::create(builder, loc, all, same).getResult() : same;
      }
      if (!all)
        continue;
      std::string name = (other.getName() + ".run").str();
      returnIf(run, all, [&] {
        return func::CallOp::create(builder, loc, name, builder.getI32Type(), argument)
            .getResult(0);
      });
    }
  }

  func::FuncOp entry;
  const TargetDescription &target;
  KernelBodies &bodies;
  OpBuilder builder;
  Location loc;
  SmallVector<StringRef> dims;
  llvm::MapVector<Operation *, std::unique_ptr<KernelFunctions>> kernels;
};

class EmitLoopsPass : public impl::EmitLoopsBase<EmitLoopsPass> {
public:
  using EmitLoopsBase::EmitLoopsBase;
  explicit EmitLoopsPass(const TargetDescription &target) : resolved(target) {}

private:
  void runOnOperation() override {
    ModuleOp module = getOperation();
    TargetOptions options;
    options.cpu = cpu;
    options.features = features;
    if (!resolved) {
      llvm::Expected<TargetDescription> target = describeTarget(options);
      if (!target) {
        module.emitError() << llvm::toString(target.takeError());
        return signalPassFailure();
      }
      resolved = *target;
    }
    bool failed = false;
    ScopedDiagnosticHandler handler(module.getContext(), [&](Diagnostic &diagnostic) {
      failed |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
      return failure();
    });
    SmallVector<func::FuncOp> entries = llvm::to_vector(module.getOps<func::FuncOp>());
    KernelBodies bodies;
    for (func::FuncOp entry : entries)
      if (isEntry(entry))
        EntryEmitter(entry, *resolved, bodies).emit();
    for (func::FuncOp entry : entries)
      if (isEntry(entry) && !entry->hasAttr(attr::variantOf))
        emitSizeFunctions(entry);
    for (func::FuncOp entry : entries)
      entry.erase();
    if (failed)
      signalPassFailure();
  }

  std::optional<TargetDescription> resolved;
};
} // namespace

std::unique_ptr<Pass> createEmitLoops(const TargetDescription &target) {
  return std::make_unique<EmitLoopsPass>(target);
}

void copyWorkerBytes(ModuleOp loops, ModuleOp planned) {
  for (auto entry : planned.getOps<func::FuncOp>())
    if (auto run = loops.lookupSymbol<func::FuncOp>((entry.getName() + ".run").str()))
      if (Attribute bytes = run->getAttr(attr::workerBytes))
        entry->setAttr(attr::workerBytes, bytes);
}
} // namespace quern
