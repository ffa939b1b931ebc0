// `quern bisect`: the first kernel of a function that the reference interpreter contradicts, on the
// data that a built program would take, and that kernel as a small file.
#include "compiler/bisect/Reducer.h"
#include "compiler/driver/Arrays.h"
#include "compiler/driver/Commands.h"
#include "dialect/Conventions.h"
#include "dialect/SourceLines.h"
#include "runtime/core/call.h"
#include "runtime/core/instance.h"
#include "runtime/program/session.h"
#include "runtime/train/batcher.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"

using namespace mlir;
namespace quern {

/// The function of --entry, else the first that trains, else the first that is exported.
static std::optional<std::string> chooseEntry(Compilation &compilation) {
  const std::string &wanted = compilation.getLine().function;
  std::string names, trained, exported;
  for (auto function : compilation.getModule().getOps<func::FuncOp>()) {
    if (!isEntry(function) || function->hasAttr(attr::variantOf) || getKind(function) == "init")
      continue;
    std::string name = function.getName().str();
    if (name == wanted)
      return name;
    names += (names.empty() ? "" : ", ") + name;
    if (trained.empty() && getKind(function) == "train")
      trained = name;
    if (exported.empty() && getKind(function) == "export")
      exported = name;
  }
  const std::string &file = compilation.getLine().file;
  if (!wanted.empty()) {
    compilation.fail("there is no function '" + wanted + "' that is compiled in " + file +
                     (names.empty() ? "" : "; it has " + names));
    return std::nullopt;
  }
  if (trained.empty() && exported.empty()) {
    compilation.fail(file + " has nothing to bisect: no function is exported or trained");
    return std::nullopt;
  }
  return trained.empty() ? exported : trained;
}

namespace {
/// An instance of what was compiled, with a call of the entry bound to a batch of the data: the
/// first, or the one after those of --after, which it runs.
class OneBatch {
public:
  ~OneBatch() { quern_call_destroy(call); }

  quern_status open(const quern_model &model, const quern_entry &entry, const runtime::Flags &flags,
                    quern_message *message) {
    if (quern_status status = session.open(model, flags, message))
      return status;
    if (flags.data.empty() && entry.input_count > 0) {
      std::strcpy(message->text, "bisect needs --data");
      return QUERN_INVALID;
    }
    data.allowNan(); // what a kernel was run on may hold some
    quern_status status = runtime::parseData(flags.data, specification, message);
    if (!status)
      status = data.open(specification, nullptr, message);
    if (!status)
      status = data.match(model, entry, message);
    if (!status)
      status = runtime::applyScalers(data, session.scalers, message);
    if (!status)
      status = quern_call_create(session.instance, &entry - model.entries, message, &call);
    for (const runtime::NamedNumber &hyper : flags.hypers)
      if (!status)
        status = quern_call_set_hyper(call, hyper.name.c_str(), hyper.value, message);
    int64_t rows = data.rows(), batch = std::min(flags.batch, rows);
    if (!status)
      status = batcher.prepare(call, data, batch, rows, /*dropLast=*/false, message);
    for (int64_t i = 0, batches = (rows + batch - 1) / batch; i <= flags.after && !status; ++i) {
      int64_t first = i % batches * batch;
      status = batcher.fill(nullptr, first, std::min(batch, rows - first), message);
      if (!status && i < flags.after)
        status = quern_call_run(call, message);
    }
    return status;
  }

  BoundCall getCall(const quern_model &model) const {
    BoundCall bound{call->arguments, model.params_bytes, model.buffers_bytes, model.state_bytes,
                    call->workspaceBytes};
    bound.arguments.seed = call->instance->seed;
    bound.arguments.step = *call->counter + 1;
    return bound;
  }

private:
  runtime::Session session;
  runtime::Specification specification;
  runtime::Dataset data;
  quern_call *call = nullptr;
  runtime::Batcher batcher;
};
} // namespace

/// "%.3g", of a share in per cent.
static std::string formatShare(int64_t part, int64_t whole) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.3g", whole ? 100.0 * part / whole : 0.0);
  return text;
}

static void printAgreement(StringRef entry, const BisectReport &report) {
  const Agreement &results = report.results;
  llvm::outs() << entry << ": ";
  if (report.kernels == 1)
    llvm::outs() << "its one kernel agrees with the reference interpreter\n";
  else
    llvm::outs() << "all " << report.kernels
                 << " kernels agree with the reference interpreter, and as a "
                    "whole it gives the same bits\n";
  if (report.runs != report.kernels)
    llvm::outs() << "runs of kernels, with those in loops: " << report.runs << "\n";
  llvm::outs() << "elements compared: " << results.elements << ", "
               << formatShare(results.unbounded, results.elements) << " % of them without a bound\n"
               << "largest error: " << llvm::format("%.3g", results.worst) << " of its bound";
  if (report.worst) {
    llvm::outs() << ", in " << report.worst->name;
    auto places = userPlaces(KernelOp(report.worst->kernel).getLoc());
    if (!places.empty())
      llvm::outs() << " (" << places.back().getFilename().getValue() << ":"
                   << places.back().getLine() << ":" << places.back().getColumn() << ")";
  }
  llvm::outs() << "\n";
}

/// The flags of the compiler that change a kernel by itself.
static std::string flagsFor(const CommandLine &line, const Reproduction &made) {
  std::string flags;
  if (line.target.optimisationLevel != TargetOptions().optimisationLevel)
    flags += " -O" + std::to_string(line.target.optimisationLevel);
  if (line.target.cpu != TargetOptions().cpu)
    flags += " --mcpu " + line.target.cpu;
  std::vector<std::string> disabled;
  for (StringRef name : made.disabled.keys())
    disabled.push_back(name.str());
  llvm::sort(disabled);
  if (!disabled.empty())
    flags += " --disable " + llvm::join(disabled, ",");
  return flags;
}

/// Writes the kernel as a file, and its inputs beside it. False after errors, which have been
/// printed.
static bool writeReproduction(Compilation &compilation, const Finding &finding,
                              const Reproduction &made, StringRef path, StringRef data) {
  if (llvm::Error error = writeArrays(data.str(), made.inputs))
    return compilation.fail(std::move(error));
  std::error_code ec;
  llvm::raw_fd_ostream os(path, ec);
  if (!ec) {
    os << "// From " << finding.step->name << " of " << compilation.getLine().file << ".\n"
       << made.module.get() << "\n";
    os.close();
    ec = os.error();
    os.clear_error();
  }
  return !ec || compilation.fail("cannot write " + path + ": " + ec.message());
}

/// Prints the finding at its line, and writes the kernel that computes something else.
static void report(Compilation &compilation, Bisection &bisection, const Finding &finding,
                   const Bisection::Alteration &alter) {
  const CommandLine &line = compilation.getLine();
  const Step *step = finding.step;
  Location place = step ? KernelOp(step->kernel).getLoc() : compilation.getModule().getLoc();
  bool isKernel =
      finding.kind == Finding::Kind::leaves || finding.kind == Finding::Kind::disagreesOnCheck;
  Reproduction made;
  llvm::SmallString<128> path(line.output);
  if (path.empty())
    path = compilation.getModelName() + ".bisect.mlir";
  llvm::SmallString<128> data(path);
  llvm::sys::path::replace_extension(data, "safetensors");
  if (isKernel) {
    made = Reducer(bisection.getBody(*step), finding, compilation.getTarget(), line.pipeline, alter)
               .reduce();
    place = made.place.value_or(place);
    isKernel = writeReproduction(compilation, finding, made, path, data);
  }
  InFlightDiagnostic error = emitError(place) << finding.message;
  Location nowhere = UnknownLoc::get(&compilation.getContext());
  if (finding.maker && finding.maker != step)
    error.attachNote(KernelOp(finding.maker->kernel).getLoc())
        << "it is made here, by " << finding.maker->name;
  if (!isKernel)
    return;
  error.attachNote(nowhere) << (made.goesWrong ? "as little of it as still goes wrong is in "
                                               : "compiled alone, it agrees; the kernel is in ")
                            << path.str() << ", with its inputs in " << data.str();
  error.attachNote(nowhere) << "quern bisect " << path.str()
                            << (made.inputs.empty() ? "" : (" --data " + data).str())
                            << flagsFor(line, made) << " runs it again";
}

int bisectCommand(Compilation &compilation, const Bisection::Alteration &alter) {
  const CommandLine &line = compilation.getLine();
  if (!compilation.runTo("planned"))
    return 1;
  std::optional<std::string> entry = chooseEntry(compilation);
  if (!entry)
    return 1;
  auto bisection =
      Bisection::prepare(compilation.getModule(), *entry, compilation.getTarget(), alter);
  if (!bisection) {
    compilation.fail(bisection.takeError());
    return 1;
  }
  const quern_model &model = (*bisection)->model();
  std::vector<std::string> words = line.programArguments;
  std::vector<char *> pointers;
  for (std::string &word : words)
    pointers.push_back(word.data());
  runtime::Flags flags;
  quern_message message = {};
  if (runtime::parseFlagsOf(runtime::BisectCommand, model, pointers.size(), pointers.data(), flags,
                            &message)) {
    compilation.fail(message.text);
    return 2;
  }
  if (flags.help) {
    printHelp(line.command, llvm::outs());
    llvm::outs() << "\nThe program's own:\n";
    llvm::outs().flush();
    runtime::printUsage(model, "quern", &flags);
    std::fflush(stdout);
    return 0;
  }
  OneBatch batch;
  if (batch.open(model, (*bisection)->entry(), flags, &message)) {
    compilation.fail(message.text);
    return 1;
  }
  BisectReport found;
  std::string why;
  if (failed((*bisection)->run(batch.getCall(model), found, why))) {
    compilation.fail(why);
    return 1;
  }
  if (found.finding)
    report(compilation, **bisection, *found.finding, alter);
  else
    printAgreement(*entry, found);
  return found.finding.has_value();
}
} // namespace quern
