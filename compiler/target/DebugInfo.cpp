// Debug information for the LLVM dialect.
#include "compiler/target/DebugInfo.h"
#include "dialect/SourceLines.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
namespace quern {

namespace {
class DebugInfo {
public:
  DebugInfo(MLIRContext *context, StringRef file, StringRef producer, bool optimised)
      : context(context), optimised(optimised) {
    // A failure leaves the folder empty, and debuggers then look in their own.
    (void)llvm::sys::fs::current_path(folder);
    // No code is given to the language of tensors; C is what debuggers evaluate expressions in.
    unit = LLVM::DICompileUnitAttr::get(newId(), llvm::dwarf::DW_LANG_C99, fileOf(file),
                                        StringAttr::get(context, producer), optimised,
                                        LLVM::DIEmissionKind::Full);
    type = LLVM::DISubroutineTypeAttr::get(context, llvm::dwarf::DW_CC_normal, {});
  }

  void attach(LLVM::LLVMFuncOp function) {
    if (function.isExternal())
      return;
    llvm::SmallVector<FileLineColLoc> places = userPlaces(function.getLoc());
    // The last op of a kernel is its root, the one whose result it is for.
    LLVM::DIFileAttr file = places.empty() ? unit.getFile() : fileOf(places.back().getFilename());
    unsigned line = places.empty() ? 0 : places.back().getLine();
    auto flags = LLVM::DISubprogramFlags::Definition;
    if (function.getLinkage() != LLVM::Linkage::External)
      flags = flags | LLVM::DISubprogramFlags::LocalToUnit;
    if (optimised)
      flags = flags | LLVM::DISubprogramFlags::Optimized;
    auto subprogram = LLVM::DISubprogramAttr::get(
        context, newId(), unit, file, function.getNameAttr(), function.getNameAttr(), file, line,
        line, flags, type, /*retainedNodes=*/{}, /*annotations=*/{});
    Location own = FileLineColLoc::get(context, file.getName(), line, 0);
    function->setLoc(FusedLoc::get({own}, subprogram, context));
    function.getBody().walk([&](Operation *op) {
      llvm::SmallVector<FileLineColLoc> lines = userPlaces(op->getLoc());
      if (lines.empty())
        return op->setLoc(own);
      FileLineColLoc place = lines.back();
      if (place.getFilename() == file.getName())
        return op->setLoc(place);
      auto other = LLVM::DILexicalBlockFileAttr::get(subprogram, fileOf(place.getFilename()),
                                                     /*discriminator=*/0);
      op->setLoc(FusedLoc::get({place}, other, context));
    });
  }

private:
  DistinctAttr newId() { return DistinctAttr::create(UnitAttr::get(context)); }
  LLVM::DIFileAttr fileOf(StringRef name) { return LLVM::DIFileAttr::get(context, name, folder); }

  MLIRContext *context;
  bool optimised;
  llvm::SmallString<256> folder;
  LLVM::DICompileUnitAttr unit;
  LLVM::DISubroutineTypeAttr type;
};
} // namespace

void attachDebugInfo(ModuleOp module, StringRef file, StringRef producer, bool optimised) {
  DebugInfo info(module.getContext(), file, producer, optimised);
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    info.attach(function);
}
} // namespace quern
