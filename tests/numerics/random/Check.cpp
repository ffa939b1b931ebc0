// One interpretation of each call, and as many compilations as there are settings.
#include "tests/numerics/random/Check.h"
#include "dialect/QuernOps.h"
#include "tests/numerics/EntryCheck.h"

using namespace mlir;
namespace quern::test {

ArrayRef<Setting> getSettings() {
  static const Setting settings[] = {
      {"with everything", true, true, 0, false, 3},
      {"without whole steps", true, false, 1, false, 0},
      {"without fusion", false, true, -1, false, 0},
      {"in less memory", true, true, 0, true, 0},
  };
  return settings;
}

namespace {
/// A call of an entry and what the interpreter says to it.
struct Call {
  size_t program;
  const Entry *entry;
  size_t size;
  std::vector<HostTensor> arguments;
  llvm::SmallVector<BoundedTensor> expected;
};

class Checker {
public:
  Checker(ArrayRef<Program> programs, Tally &tally) : programs(programs), tally(tally) {
    found.resize(programs.size());
  }

  void prepare(ArrayRef<EntryKind> kinds) {
    for (auto [i, program] : llvm::enumerate(programs)) {
      std::string suffix = programs.size() == 1 ? "" : std::to_string(i);
      derived.push_back(deriveEntries(program, suffix, kinds));
      if (!derived.back().message.empty())
        note(i, {Outcome::isInvalid, 0, EntryKind::value, 0, {}, derived.back().message});
      text += derived.back().text;
    }
    for (size_t i = 0; i < programs.size(); ++i)
      for (const Entry &entry : derived[i].entries)
        for (size_t size = 0; size < programs[i].sizes.size(); ++size)
          interpret(i, entry, size);
  }

  /// Calls everything in one setting; false where the module does not compile.
  bool compileAndCall(size_t number, std::string &message) {
    const Setting &setting = getSettings()[number];
    llvm::Expected<CompiledModule> compiled = compile(setting);
    if (!compiled) {
      message = llvm::toString(compiled.takeError());
      return false;
    }
    Arenas arenas(compiled->model());
    for (const Call &call : calls) {
      const Program &program = programs[call.program];
      // The code of all other sizes is that of the first setting.
      bool isRepeated = number > 0 && setting.fuses && setting.variant >= 0 &&
                        program.sizes.size() > size_t(setting.variant) &&
                        call.size != size_t(setting.variant);
      if (isRepeated || found[call.program].outcome != Outcome::agrees)
        continue;
      func::FuncOp function = call.entry->function;
      int32_t workers = 1 + int32_t((program.seed + call.size) % 3);
      Reply reply = compareCall(*compiled, arenas, function, call.entry->name, call.arguments,
                                program.sizes[call.size], call.expected, workers);
      int kind = int(call.entry->kind);
      ++tally.calls[kind];
      tally.elements[kind] += reply.elements;
      tally.bounded[kind] += reply.bounded;
      if (!reply.message.empty())
        note(call.program, {Outcome::differs, 0, call.entry->kind, number, program.sizes[call.size],
                            reply.message});
    }
    return true;
  }

  std::vector<Finding> findings() const {
    std::vector<Finding> all;
    llvm::copy_if(found, std::back_inserter(all),
                  [](const Finding &each) { return each.outcome != Outcome::agrees; });
    return all;
  }

private:
  void note(size_t program, Finding finding) {
    finding.seed = programs[program].seed;
    if (found[program].outcome == Outcome::agrees)
      found[program] = std::move(finding);
  }

  void interpret(size_t program, const Entry &entry, size_t size) {
    const DimValues &dims = programs[program].sizes[size];
    func::FuncOp function = entry.function;
    Call call{program, &entry, size, drawArguments(function, dims, programs[program].seed), {}};
    std::string message;
    if (failed(Interpreter().runBounded(function, call.arguments, dims, call.expected, message)))
      note(program, {Outcome::isInvalid, 0, entry.kind, 0, dims, message});
    else
      calls.push_back(std::move(call));
  }

  llvm::Expected<CompiledModule> compile(const Setting &setting) {
    CompiledModule::Options options;
    if (!setting.fuses)
      options.pipeline.disabled.insert("fusion");
    if (!setting.wholeSteps)
      options.pipeline.disabled.insert("whole-steps");
    if (setting.variant >= 0)
      for (const Program &program : programs) {
        size_t size = std::min(program.sizes.size() - 1, size_t(setting.variant));
        for (const auto &dim : program.sizes[size])
          options.pipeline.dims[dim.getKey()] = dim.getValue();
      }
    options.optimisationLevel = setting.optimisationLevel;
    if (setting.recomputes)
      options.memoryShare = 0.6;
    return CompiledModule::compile(text, options);
  }

  ArrayRef<Program> programs;
  Tally &tally;
  std::vector<Finding> found; // one a program
  std::vector<Entries> derived;
  std::vector<Call> calls;
  std::string text;
};
} // namespace

std::vector<Finding> checkPrograms(ArrayRef<Program> programs, ArrayRef<size_t> settings,
                                   ArrayRef<EntryKind> kinds, Tally &tally) {
  Checker checker(programs, tally);
  checker.prepare(kinds);
  for (size_t setting : settings) {
    std::string message;
    if (checker.compileAndCall(setting, message))
      continue;
    Finding finding{Outcome::doesNotCompile, 0, kinds[0], setting, {}, message};
    if (programs.size() == 1)
      finding.seed = programs[0].seed;
    return {finding};
  }
  return checker.findings();
}
} // namespace quern::test
