// The frontend's interface: parse, evaluate, verify.
#include "compiler/frontend/Frontend.h"
#include "compiler/autodiff/Derivatives.h"
#include "compiler/frontend/Docstring.h"
#include "compiler/frontend/Library.h"
#include "compiler/frontend/Parser.h"
#include "compiler/frontend/Sema.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

using namespace quern;
using namespace quern::sema;

Sema::Sema(mlir::MLIRContext *context, DiagnosticEngine &diagnostics,
           const FrontendOptions &options)
    : context(context), diagnostics(diagnostics), options(options),
      sources(diagnostics.getSources()), builder(context) {}

Sema::~Sema() {
  // Blocks whose ops were never moved into a function.
  for (auto &block : initBlocks)
    block->dropAllReferences();
}

mlir::OwningOpRef<mlir::ModuleOp> Sema::compile(uint32_t file) {
  mainFile = file;
  module = mlir::ModuleOp::create(mlir::FileLineColLoc::get(context, sources.getName(file), 1, 1));
  library = newEnv(Env::Library, nullptr);
  for (const LibraryFile &part : getLibrary()) {
    uint32_t index = sources.addBuffer(("std/" + part.name).str(), part.text.str(), true);
    files.push_back(parse(diagnostics, index));
    Flow flow;
    execBlock(files.back()->body, library, flow);
  }
  mainEnv = newEnv(Env::File, library);
  imported[file] = mainEnv;
  importing.push_back(file);
  files.push_back(parse(diagnostics, file));
  if (std::string doc = dedentDoc(files.back()->doc); !doc.empty())
    (*module)->setAttr(attr::doc, builder.getStringAttr(doc));
  Flow flow;
  execBlock(files.back()->body, mainEnv, flow);
  if (diagnostics.hasErrors())
    return {};
  nameVariables(mainEnv);
  if (diagnostics.hasErrors())
    return {};
  if (!options.runFunction.empty()) {
    traceRun(options.runFunction);
  } else {
    collectEntries(mainEnv);
    exportOthers();
    for (const Entry &entry : entries) {
      if (entry.kind == Entry::Train && !entry.optimizer)
        continue;
      if (entry.kind != Entry::Train) {
        traceEntry(entry, entry.kind == Entry::Export   ? "export"
                          : entry.kind == Entry::Metric ? "metric"
                                                        : "totals");
      } else if (traceEntry(entry, "train")) {
        traceEntry(entry, "validate");
      }
    }
    checkTotals();
  }
  checkAverages();
  if (diagnostics.hasErrors())
    return {};
  traceInit();
  llvm::SmallVector<mlir::Attribute> rows;
  llvm::SmallPtrSet<Variable *, 16> counted;
  for (auto &[instance, depth] : layerRows) {
    // A layer's own parameters: those of the layers in it stand in their rows.
    std::vector<Variable *> held;
    int64_t total = 0, trainable = 0;
    std::vector<const Value *> members;
    for (const std::string &name : instance->order)
      if (const Value *v = instance->members->find(name))
        members.push_back(v);
    while (!members.empty()) {
      const Value *member = members.back();
      members.pop_back();
      if (member->isSequence())
        for (const Value &item : *member->items)
          members.push_back(&item);
      else if (member->kind != Value::Instance)
        collectVariables(*member, held);
    }
    for (Variable *v : held) {
      // What two layers share is counted once.
      if (v->kind != Variable::Param || !counted.insert(v).second)
        continue;
      int64_t n = v->type.getNumElements().getConstant().value_or(0);
      total += n;
      trainable += isTrainable(*v) ? n : 0;
    }
    mlir::NamedAttrList row;
    row.set("type", builder.getStringAttr(instance->cls->definition->name));
    row.set("path", builder.getStringAttr(instance->path));
    row.set("text", builder.getStringAttr(instance->text));
    row.set("depth", builder.getI64IntegerAttr(depth));
    row.set("parameters", builder.getI64IntegerAttr(total));
    row.set("trainable", builder.getI64IntegerAttr(trainable));
    if (auto type = llvm::dyn_cast_or_null<TensorType>(instance->lastResult))
      row.set("shape", getExtentArray(context, type.getExtents()));
    rows.push_back(row.getDictionary(context));
  }
  (*module)->setAttr(attr::layers, builder.getArrayAttr(rows));
  (*module)->setAttr(attr::source, builder.getStringAttr(sources.getName(file)));
  (*module)->setAttr(attr::sourceHash, builder.getStringAttr(llvm::utohexstr(
                                           llvm::xxh3_64bits(sources.getText(file)), true, 16)));
  std::string name = llvm::sys::path::stem(sources.getName(file)).str();
  for (char &c : name)
    c = llvm::isAlnum(c) ? c : '_';
  (*module)->setAttr("quern.name", builder.getStringAttr(name));
  // A module that does not verify is a defect of the compiler; say so in one sentence at the place.
  mlir::ScopedDiagnosticHandler handler(context, [&](mlir::Diagnostic &d) {
    diagnostics.error({file, 0, 0},
                      "internal error: the compiler made an invalid program: " + d.str());
    return mlir::success();
  });
  if (failed(mlir::verify(*module)))
    return {};
  return std::move(module);
}

std::unique_ptr<ast::File> quern::parseFile(DiagnosticEngine &diagnostics, llvm::StringRef file) {
  std::string error;
  auto index = diagnostics.getSources().addFile(file, error);
  if (!index) {
    diagnostics.error({}, error);
    return nullptr;
  }
  return parse(diagnostics, *index);
}

mlir::OwningOpRef<mlir::ModuleOp>
quern::compileToModel(mlir::MLIRContext &context, SourceManager &sources, llvm::StringRef file,
                      const FrontendOptions &options, DiagnosticEngine &diagnostics) {
  std::string error;
  auto index = sources.addFile(file, error);
  if (!index) {
    diagnostics.error({}, error);
    return {};
  }
  // `grad(f, x)` differentiates while tracing.
  mlir::DialectRegistry registry;
  registerDerivatives(registry);
  context.appendDialectRegistry(registry);
  context.loadDialect<QuernDialect, mlir::func::FuncDialect>();
  return Sema(&context, diagnostics, options).compile(*index);
}

bool quern::check(mlir::MLIRContext &context, SourceManager &sources, llvm::StringRef file,
                  const FrontendOptions &options, DiagnosticEngine &diagnostics) {
  return bool(compileToModel(context, sources, file, options, diagnostics));
}
