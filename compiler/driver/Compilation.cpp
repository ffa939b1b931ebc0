// One compilation, from the file to the artefact.
#include "compiler/driver/Compilation.h"
#include "compiler/artefact/Descriptor.h"
#include "compiler/artefact/Header.h"
#include "compiler/artefact/Version.h"
#include "compiler/codegen/EmitLoops.h"
#include "compiler/codegen/cpu/LowerToLLVM.h"
#include "compiler/codegen/ptx/EmitGpu.h"
#include "compiler/codegen/ptx/LowerToNVVM.h"
#include "compiler/driver/TimingReport.h"
#include "compiler/pipelines/Registration.h"
#include "compiler/target/DebugInfo.h"
#include "compiler/target/Link.h"
#include "compiler/target/ObjectEmission.h"
#include "compiler/target/ObjectParts.h"
#include "dialect/Conventions.h"
#include "dialect/SourceLines.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
namespace quern {

Compilation::Compilation(const CommandLine &line)
    : line(line), pipeline(line.pipeline), diagnostics(sources),
      llvmContext(std::make_unique<llvm::LLVMContext>()) {
  DialectRegistry registry;
  registerDialects(registry);
  registerCpuDialects(registry);
  registerGpuDialects(registry);
  registerTranslations(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false); // Ops are no part of the language.
  context.getDiagEngine().registerHandler([this](mlir::Diagnostic &message) { report(message); });
  timings.setEnabled(line.timing);
  timings.setOutput(createTimingReport(llvm::errs()));
  timing = timings.getRootScope();
  pipeline.timing = &timing;
  // A whole step in the registers of one thread is a matter of the CPU.
  if (line.isCuda())
    pipeline.disabled.insert("whole-steps");
}

Compilation::~Compilation() = default;

bool Compilation::fail(const Twine &message) const {
  printError(line.messages, message);
  return false;
}

/// The user's place that a location is about, if the file was read.
static Place placeOf(const SourceManager &sources, Location location) {
  llvm::SmallVector<FileLineColLoc> places = userPlaces(location);
  if (places.empty())
    return {};
  FileLineColLoc last = places.back();
  return sources.findPlace(last.getFilename(), last.getLine(), last.getColumn());
}

void Compilation::report(mlir::Diagnostic &message) {
  DiagnosticEngine engine(sources);
  Place place = placeOf(sources, message.getLocation());
  std::string text = message.str();
  if (!place.isValid())
    if (auto at = llvm::dyn_cast<FileLineColLoc>(message.getLocation()))
      text = (at.getFilename().getValue() + ":" + Twine(at.getLine()) + ":" +
              Twine(at.getColumn()) + ": " + text)
                 .str();
  quern::Diagnostic &shown = message.getSeverity() == DiagnosticSeverity::Error
                                 ? engine.error(place, text)
                                 : engine.warning(place, text);
  for (mlir::Diagnostic &note : message.getNotes())
    shown.note(placeOf(sources, note.getLocation()), note.str());
  print(engine);
}

void Compilation::print(const DiagnosticEngine &messages) const {
  if (line.messages.json)
    messages.printJson(llvm::errs());
  else
    messages.print(llvm::errs(), line.messages.color);
}

void Compilation::printDiagnostics() const { print(diagnostics); }

/// What the file is called in debug information.
static std::string nameOfSource(ModuleOp module, StringRef file) {
  auto source = module->getAttrOfType<StringAttr>(attr::source);
  return source ? source.getValue().str() : file.str();
}

std::string Compilation::getModelName() const {
  if (line.file == "-" && line.name.empty())
    return "model";
  std::string name = line.name.empty() ? llvm::sys::path::stem(line.file).str() : line.name;
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return name.empty() || llvm::isDigit(name[0]) ? "_" + name : name;
}

bool Compilation::load() {
  TimingScope scope = timing.nest("frontend");
  if (StringRef(line.file).ends_with(".mlir")) {
    std::string error; // messages show the file's lines
    if (!sources.addFile(line.file, error))
      return fail(error);
    module = parseSourceFile<ModuleOp>(line.file, &context);
    return static_cast<bool>(module);
  }
  if (StringRef(line.file).ends_with(".safetensors"))
    return fail(line.file + " holds weights and no model: quern params lists them, and --load FILE "
                            "gives them to one");
  FrontendOptions options;
  options.importPaths = line.importPaths;
  options.floats = line.doubles ? "f64" : "f32";
  if (line.command == "run")
    options.runFunction = line.function;
  else if (line.command == "plot")
    for (StringRef name : llvm::split(line.function, ','))
      options.exported.push_back(name.str());
  options.runInputs = runInputs;
  module = compileToModel(context, sources, line.file, options, diagnostics);
  printDiagnostics();
  return module && !diagnostics.hasErrors();
}

bool Compilation::describe() {
  auto described = describeTarget(line.target);
  if (!described)
    return fail(described.takeError());
  target = *described;
  return true;
}

bool Compilation::emitLoops(ModuleOp planned) {
  PassManager passes(&context);
  passes.addPass(line.isCuda() ? createEmitGpu() : createEmitLoops(target));
  // Emitters write constants and index arithmetic where they need them; one of each is enough.
  passes.addPass(createCSEPass());
  TimingScope scope = timing.nest("loops");
  passes.enableTiming(scope);
  return succeeded(passes.run(planned));
}

bool Compilation::runTo(StringRef phase) {
  if (!describe() || !load())
    return false;
  bool toLoops = phase == "loops";
  const Phase *row = findPhase(toLoops ? "planned" : phase);
  if (failed(runToPhase(*module, *row, pipeline)))
    return false;
  if (!toLoops)
    return true;
  return emitLoops(*module);
}

bool Compilation::findWorkerBytes() {
  OwningOpRef<ModuleOp> loops(module->clone());
  if (!emitLoops(*loops))
    return false;
  copyWorkerBytes(*loops, *module);
  return true;
}

std::unique_ptr<llvm::Module> Compilation::makeCode(bool asProgram) {
  if (!runTo("planned"))
    return nullptr;
  // The descriptor is made from the planned module, which emission changes.
  OwningOpRef<ModuleOp> loops(module->clone());
  if (!emitLoops(*loops))
    return nullptr;
  PassManager lowering(&context);
  lowering.enableVerifier(false);
  buildLowerToLLVMPipeline(lowering);
  TimingScope scope = timing.nest("llvm");
  lowering.enableTiming(scope);
  if (failed(lowering.run(*loops)))
    return nullptr;
  if (line.debugInfo)
    attachDebugInfo(*loops, nameOfSource(*module, line.file), compilerVersion,
                    target.optimisationLevel > 0);
  auto code = translate(*loops, *llvmContext, target);
  if (!code) {
    fail(code.takeError());
    return nullptr;
  }
  if (line.debugInfo)
    (*code)->addModuleFlag(llvm::Module::Warning, "Dwarf Version", 5);
  Provenance provenance;
  provenance.name = getModelName();
  provenance.flags = line.codeFlags;
  provenance.cpu = target.cpu;
  auto features = requiredFeatures(target);
  if (!features) {
    fail(features.takeError());
    return nullptr;
  }
  provenance.cpuFeatures = *features;
  addDescriptor(**code, *module, provenance);
  if (asProgram)
    addProgramStart(**code, "quern_model_" + provenance.name);
  TimingScope optimising = scope.nest("LLVM's optimiser");
  if (llvm::Error error = optimise(**code, target)) {
    fail(std::move(error));
    return nullptr;
  }
  return std::move(*code);
}

std::unique_ptr<llvm::Module> Compilation::makeGpuCode(const PtxTarget &ptx) {
  if (!runTo("loops"))
    return nullptr;
  gpu::GPUModuleOp kernels = findGpuModule(*module);
  gpuReport = describeLaunches(kernels);
  llvm::append_range(gpuReport, describeMissingKernels(kernels));
  PassManager lowering(&context);
  buildLowerToNVVMPipeline(lowering);
  TimingScope scope = timing.nest("llvm");
  lowering.enableTiming(scope);
  if (failed(lowering.run(*module)))
    return nullptr;
  auto code = translateForPtx(kernels, *llvmContext, ptx);
  if (code)
    return std::move(*code);
  fail(code.takeError());
  return nullptr;
}

/// The folder of the runtime's archives: where installation puts it, seen from the compiler itself,
/// and `../lib` in the build tree.
static std::string libraryFolder() {
  std::string self = llvm::sys::fs::getMainExecutable(nullptr, nullptr);
  llvm::SmallString<256> folder;
  for (StringRef place : {QUERN_LIBRARY_FOLDER, "../lib"}) {
    folder = llvm::sys::path::parent_path(self);
    llvm::sys::path::append(folder, place);
    llvm::sys::path::remove_dots(folder, /*remove_dot_dot=*/true);
    if (llvm::sys::fs::exists(folder + "/libquern.a"))
      break;
  }
  return folder.str().str();
}

bool Compilation::build(OutputKind kind, StringRef output) {
  std::unique_ptr<llvm::Module> code = makeCode(kind == OutputKind::program);
  if (!code)
    return false;
  llvm::SmallString<128> object(output);
  if (kind != OutputKind::object)
    if (std::error_code ec = llvm::sys::fs::createTemporaryFile(getModelName(), "o", object))
      return fail("cannot make a temporary file: " + ec.message());
  TimingScope emitting = timing.nest("obj");
  llvm::Error error = writeObject(*code, target, object);
  emitting.stop();
  if (!error) {
    TimingScope linking = timing.nest("link");
    switch (kind) {
    case OutputKind::program:
      error = linkExecutable(object, libraryFolder(), output, /*strip=*/!line.debugInfo);
      break;
    case OutputKind::sharedLibrary:
      error = linkSharedLibrary(object, output);
      break;
    case OutputKind::archive:
      error = writeArchive(object, output);
      break;
    case OutputKind::object:
      break;
    }
  }
  if (kind != OutputKind::object)
    llvm::sys::fs::remove(object);
  if (error)
    return fail(std::move(error));
  if (kind == OutputKind::program)
    return true;
  llvm::SmallString<128> header(output);
  llvm::sys::path::replace_extension(header, "h");
  std::error_code ec;
  llvm::raw_fd_ostream os(header, ec);
  if (ec)
    return fail("cannot write " + header + ": " + ec.message());
  writeHeader(*module, getModelName(), os);
  return true;
}

OutputKind outputKindOf(StringRef output) {
  return llvm::StringSwitch<OutputKind>(llvm::sys::path::extension(output))
      .Case(".so", OutputKind::sharedLibrary)
      .Case(".a", OutputKind::archive)
      .Case(".o", OutputKind::object)
      .Default(OutputKind::program);
}
} // namespace quern
