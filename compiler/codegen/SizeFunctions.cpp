// Workspace sizes and shapes as functions of an entry's dims.
#include "compiler/codegen/SizeFunctions.h"
#include "compiler/codegen/element/ExtentValues.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
namespace quern {
namespace {
class SizeEmitter {
public:
  explicit SizeEmitter(func::FuncOp entry)
      : entry(entry), builder(entry), loc(entry.getLoc()),
        pointer(LLVM::LLVMPointerType::get(entry.getContext())) {}

  /// `int64_t (const int64_t *dims, int32_t workers)`: the larger of what the entry and its
  /// variants need, which is what is planned and each worker's share.
  void emitWorkspaceBytes() {
    Block *block = start(".workspace_bytes", {pointer, builder.getI32Type()}, builder.getI64Type());
    ExtentValues extents = loadDims(block->getArgument(0));
    Value workers =
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), block->getArgument(1));
    Value largest = emitIndex(builder, loc, 0);
    auto module = entry->getParentOfType<ModuleOp>();
    for (auto other : module.getOps<func::FuncOp>()) {
      auto of = other->getAttrOfType<FlatSymbolRefAttr>(attr::variantOf);
      bool isVariant = of && isEntry(other) && of.getValue() == entry.getName();
      if (other != entry && !isVariant)
        continue;
      Value bytes = emitIndex(builder, loc, 0);
      if (auto planned = other->getAttrOfType<ExtentAttr>(attr::workspace))
        bytes = extents.emit(builder, loc, Extent(planned));
      auto run = module.lookupSymbol<func::FuncOp>((other.getName() + ".run").str());
      if (auto share = run->getAttrOfType<ExtentAttr>(attr::workerBytes)) {
        Value all =
            arith::MulIOp::create(builder, loc, workers, extents.emit(builder, loc, Extent(share)));
        bytes = arith::AddIOp::create(builder, loc, bytes, all);
      }
      largest = arith::MaxSIOp::create(builder, loc, largest, bytes);
    }
    func::ReturnOp::create(builder, loc, toI64(largest));
  }

  /// `void (const int64_t *dims, int64_t *extents)`: the extents of every input, then of every
  /// output.
  void emitShapes() {
    Block *block = start(".shapes", {pointer, pointer}, {});
    ExtentValues extents = loadDims(block->getArgument(0));
    int32_t position = 0;
    auto store = [&](Type type) {
      for (Extent extent : cast<TensorType>(type).getExtents())
        LLVM::StoreOp::create(builder, loc, toI64(extents.emit(builder, loc, extent)),
                              elementAt(block->getArgument(1), position++));
    };
    for (auto [i, type] : llvm::enumerate(entry.getArgumentTypes()))
      if (getRole(entry, i) == Role::input)
        store(type);
    for (auto [i, type] : llvm::enumerate(entry.getResultTypes()))
      if (getResultRole(entry, i) == Role::output)
        store(type);
    func::ReturnOp::create(builder, loc);
  }

private:
  Block *start(const Twine &suffix, TypeRange arguments, TypeRange results) {
    builder.setInsertionPoint(entry);
    auto function = func::FuncOp::create(builder, loc, (entry.getName() + suffix).str(),
                                         builder.getFunctionType(arguments, results));
    Block *block = function.addEntryBlock();
    builder.setInsertionPointToStart(block);
    return block;
  }

  ExtentValues loadDims(Value dims) {
    ExtentValues extents;
    if (auto names = entry->getAttrOfType<ArrayAttr>(attr::dims))
      for (auto [i, name] : llvm::enumerate(names.getAsRange<StringAttr>())) {
        Value value = LLVM::LoadOp::create(builder, loc, builder.getI64Type(), elementAt(dims, i));
        extents.set(name, arith::IndexCastOp::create(builder, loc, builder.getIndexType(), value));
      }
    return extents;
  }

  Value elementAt(Value array, int32_t position) {
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), array,
                               ArrayRef<LLVM::GEPArg>{position});
  }
  Value toI64(Value index) {
    return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
  }

  func::FuncOp entry;
  OpBuilder builder;
  Location loc;
  Type pointer;
};
} // namespace

void emitSizeFunctions(func::FuncOp entry) {
  SizeEmitter emitter(entry);
  emitter.emitWorkspaceBytes();
  emitter.emitShapes();
}
} // namespace quern
