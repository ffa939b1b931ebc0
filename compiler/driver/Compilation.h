// One compilation: the file of a command line, taken to the phase that a command needs.
#ifndef QUERN_COMPILER_DRIVER_COMPILATION_H
#define QUERN_COMPILER_DRIVER_COMPILATION_H

#include "compiler/driver/CommandLine.h"
#include "compiler/frontend/Frontend.h"
#include "compiler/target/PtxEmission.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/Timing.h"

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace quern {
/// What `build` makes, by the suffix of its output.
enum class OutputKind { program, sharedLibrary, archive, object };

class Compilation {
public:
  explicit Compilation(const CommandLine &line);
  ~Compilation();

  /// Compiles the function of `run` for arrays of these types.
  void setRunInputs(std::vector<RunInput> inputs) { runInputs = std::move(inputs); }
  /// Reads the file (`.qn`, or `.mlir` at phase `model`) and takes it to a phase up to `loops`.
  /// False after errors, which have been printed.
  bool runTo(llvm::StringRef phase);
  /// Notes at the entries of a module at phase `planned` what their loops need for each worker.
  bool findWorkerBytes();
  /// The LLVM module with the descriptor, optimised. Null after errors, which have been printed.
  /// Runs from the start; the module of `getModule` is then at phase `llvm`.
  std::unique_ptr<llvm::Module> makeCode(bool asProgram);
  /// The LLVM module of the kernels for the target cuda, optimised; `getModule` is then at phase
  /// `loops` with its kernels lowered. Null after errors, which have been printed.
  std::unique_ptr<llvm::Module> makeGpuCode(const PtxTarget &ptx);
  /// For each kernel of `makeGpuCode`, and each that the target lacks, a line on it.
  const std::vector<std::string> &getGpuReport() const { return gpuReport; }
  /// Writes the artefact, and a header beside libraries and objects. False after printed errors.
  bool build(OutputKind kind, llvm::StringRef output);

  mlir::ModuleOp getModule() { return *module; }
  SourceManager &getSources() { return sources; }
  DiagnosticEngine &getDiagnostics() { return diagnostics; }
  mlir::MLIRContext &getContext() { return context; }
  const CommandLine &getLine() const { return line; }
  const TargetDescription &getTarget() const { return target; }
  std::string getModelName() const;
  /// Prints one sentence as an error; returns false.
  bool fail(const llvm::Twine &message) const;
  bool fail(llvm::Error error) const { return fail(llvm::toString(std::move(error))); }
  /// Prints what the frontend found.
  void printDiagnostics() const;

private:
  bool load();
  /// Prints a message of a pass at the user's line that it is about.
  void report(mlir::Diagnostic &message);
  void print(const DiagnosticEngine &messages) const;
  bool describe();
  /// Takes a module from phase `planned` to `loops`.
  bool emitLoops(mlir::ModuleOp planned);

  const CommandLine &line;
  std::vector<RunInput> runInputs;
  PipelineOptions pipeline;
  mlir::DefaultTimingManager timings;
  mlir::TimingScope timing;
  mlir::MLIRContext context;
  SourceManager sources;
  DiagnosticEngine diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  TargetDescription target;
  std::vector<std::string> gpuReport;
  std::unique_ptr<llvm::LLVMContext> llvmContext;
};

OutputKind outputKindOf(llvm::StringRef output);
} // namespace quern

#endif
