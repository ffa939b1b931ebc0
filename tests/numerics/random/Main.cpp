// Random programs, compiled with each optimisation on and off and compared with the interpreter's
// bounds: values, gradients of all results, one step of training. A program that fails is made
// smaller and printed. Programs run in processes of their own, so that one that crashes ends no
// others.
//   numerics_random SEED         one program
//   numerics_random FIRST COUNT  many
#include "compiler/pipelines/Registration.h"
#include "dialect/QuernOps.h"
#include "tests/numerics/random/Check.h"
#include "tests/numerics/random/Reduce.h"
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <poll.h>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace mlir;
using namespace quern::test;

namespace {
/// What a process says at its end, through a pipe.
struct Report {
  Tally tally;
  Outcome outcome = Outcome::agrees;
  EntryKind kind = EntryKind::value;
  size_t setting = 0;
  unsigned seed = 0;
  char message[4096] = {};
};

/// A process that checks some programs.
struct Worker {
  pid_t process = 0;
  int pipe = -1;
  unsigned first = 0, count = 0;
};

constexpr std::array<EntryKind, 3> allKinds = {EntryKind::value, EntryKind::gradient,
                                               EntryKind::step};

SmallVector<size_t> allSettings() {
  return llvm::to_vector(llvm::seq<size_t>(0, getSettings().size()));
}

Report makeReport(ArrayRef<Program> programs, ArrayRef<size_t> settings,
                  ArrayRef<EntryKind> kinds) {
  Report report;
  std::vector<Finding> findings = checkPrograms(programs, settings, kinds, report.tally);
  if (findings.empty())
    return report;
  const Finding &finding = findings.front();
  report.outcome = finding.outcome;
  report.kind = finding.kind;
  report.setting = finding.setting;
  report.seed = finding.seed;
  std::string dims;
  for (const auto &dim : finding.dims)
    dims += dim.getKey().str() + "=" + std::to_string(dim.getValue()) + " ";
  std::string text = dims + finding.message;
  std::strncpy(report.message, text.c_str(), sizeof(report.message) - 1);
  return report;
}

/// Starts a process that reports on what `check` checks, and ends after that many seconds in any
/// case.
Worker start(unsigned seconds, llvm::function_ref<Report()> check) {
  int ends[2];
  if (pipe(ends))
    std::abort();
  std::fflush(nullptr);
  Worker worker;
  worker.process = fork();
  if (worker.process == 0) {
    alarm(seconds);
    close(ends[0]);
    Report report = check();
    bool isWritten = write(ends[1], &report, sizeof(report)) == ssize_t(sizeof(report));
    _exit(isWritten ? 0 : 1);
  }
  close(ends[1]);
  worker.pipe = ends[0];
  return worker;
}

/// What the process said, or nothing where it crashed; `signal` tells by which.
std::optional<Report> collect(const Worker &worker, int &signal) {
  Report report;
  size_t got = 0;
  while (got < sizeof(report)) {
    ssize_t part = read(worker.pipe, reinterpret_cast<char *>(&report) + got, sizeof(report) - got);
    if (part <= 0)
      break;
    got += size_t(part);
  }
  close(worker.pipe);
  int status = 0;
  waitpid(worker.process, &status, 0);
  signal = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  return got == sizeof(report) ? std::optional(report) : std::nullopt;
}

class Session {
public:
  Session() : context(makeRegistry(), MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
  }

  /// Checks programs [first, first + count), several in a module. Returns how many fail.
  int run(unsigned first, unsigned count) {
    constexpr unsigned together = 6;
    std::deque<std::pair<unsigned, unsigned>> pending;
    for (unsigned i = 0; i < count; i += together)
      pending.push_back({first + i, std::min(together, count - i)});
    std::vector<Worker> workers;
    const size_t most = std::max(1u, std::thread::hardware_concurrency());
    int failures = 0;
    while (!pending.empty() || !workers.empty()) {
      while (workers.size() < most && !pending.empty()) {
        auto [seed, size] = pending.front();
        pending.pop_front();
        workers.push_back(start(300, [&, seed = seed, size = size] {
          return makeReport(generate(seed, size), allSettings(), allKinds);
        }));
        workers.back().first = seed;
        workers.back().count = size;
      }
      Worker worker = waitForOne(workers);
      int signal;
      std::optional<Report> report = collect(worker, signal);
      if (report)
        add(report->tally);
      if (report && report->outcome == Outcome::agrees)
        continue;
      if (worker.count > 1) { // Find out which it is.
        for (unsigned i = 0; i < worker.count; ++i)
          pending.push_front({worker.first + i, 1});
        continue;
      }
      ++failures;
      explain(worker.first, report, signal);
    }
    return failures;
  }

  /// The ops that none of the programs has, of those that functions can have.
  std::vector<std::string> findMissing(unsigned first, unsigned count) {
    std::set<StringRef> seen = {quern::KernelOp::getOperationName(),
                                quern::PrintOp::getOperationName()};
    for (unsigned i = 0; i < count; ++i)
      for (const Program &program : generate(first + i, 1))
        ModuleOp(program.module.get()).walk([&](Operation *op) {
          seen.insert(op->getName().getStringRef());
        });
    std::vector<std::string> missing;
    for (RegisteredOperationName op : context.getRegisteredOperationsByDialect("quern"))
      if (!seen.count(op.getStringRef()))
        missing.push_back(op.getStringRef().str());
    return missing;
  }

  /// Prints what has been compared; returns the smallest share of elements with narrow bounds.
  double summarise(unsigned count, int failures) const {
    double smallest = 1;
    std::printf("%u programs, %d fail\n", count, failures);
    for (EntryKind kind : allKinds) {
      int i = int(kind);
      double share = total.elements[i] ? double(total.bounded[i]) / double(total.elements[i]) : 1;
      smallest = std::min(smallest, share);
      std::printf("%s: %lld calls, %lld elements, %.1f %% of them within narrow bounds\n",
                  quern::test::stringify(kind).data(), static_cast<long long>(total.calls[i]),
                  static_cast<long long>(total.elements[i]), 100 * share);
    }
    return smallest;
  }

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    quern::registerDialects(registry);
    return registry;
  }

  std::vector<Program> generate(unsigned first, unsigned count) {
    std::vector<Program> programs;
    for (unsigned i = 0; i < count; ++i)
      programs.push_back(generateProgram(context, first + i, count == 1 ? "" : std::to_string(i)));
    return programs;
  }

  static Worker waitForOne(std::vector<Worker> &workers) {
    std::vector<pollfd> ends;
    for (const Worker &worker : workers)
      ends.push_back({worker.pipe, POLLIN, 0});
    poll(ends.data(), ends.size(), -1);
    size_t which = 0;
    while (which + 1 < ends.size() && !ends[which].revents)
      ++which;
    Worker worker = workers[which];
    workers.erase(workers.begin() + which);
    return worker;
  }

  void add(const Tally &tally) {
    for (int i = 0; i < 3; ++i) {
      total.calls[i] += tally.calls[i];
      total.elements[i] += tally.elements[i];
      total.bounded[i] += tally.bounded[i];
    }
  }

  /// Says how a program fails, and prints the least that fails in the same way.
  void explain(unsigned seed, const std::optional<Report> &report, int signal) {
    std::string how = report ? report->message : "crashes with signal " + std::to_string(signal);
    std::fprintf(stderr, "program %u fails: ", seed);
    SmallVector<size_t> settings = allSettings();
    std::vector<EntryKind> kinds(allKinds.begin(), allKinds.end());
    if (report) {
      settings = {report->setting};
      if (report->outcome != Outcome::doesNotCompile)
        kinds = {report->kind};
      std::fprintf(stderr, "%s, %s: ", quern::test::stringify(report->kind).data(),
                   getSettings()[report->setting].name.data());
    }
    std::fprintf(stderr, "%s\n", how.c_str());
    Program least = std::move(generate(seed, 1)[0]);
    if (!report || report->outcome != Outcome::isInvalid)
      least = reduce(std::move(least), [&](const Program &program) {
        int otherSignal;
        Worker worker = start(60, [&] {
          std::freopen("/dev/null", "w", stderr);
          return makeReport(program, settings, kinds);
        });
        std::optional<Report> other = collect(worker, otherSignal);
        if (!report)
          return !other && otherSignal == signal;
        return other && other->outcome == report->outcome;
      });
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << "// least program of seed " << seed << ", at";
    for (const quern::DimValues &size : least.sizes) {
      for (const auto &dim : size)
        stream << " " << dim.getKey() << "=" << dim.getValue();
      stream << ";";
    }
    stream << "\n" << *least.module;
    std::fprintf(stderr, "%s\n", text.c_str());
  }

  MLIRContext context;
  Tally total;
};
} // namespace

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3)
    return std::fprintf(stderr, "usage: numerics_random SEED | FIRST COUNT\n"), 2;
  const unsigned first = unsigned(std::atoi(argv[1])),
                 count = argc > 2 ? unsigned(std::atoi(argv[2])) : 1;
  Session session;
  int failures = session.run(first, count);
  double share = session.summarise(count, failures);
  if (count < 100)
    return failures ? 1 : 0;
  // Among so many, every op occurs; and a comparison with a wide bound has no force.
  for (const std::string &op : session.findMissing(first, count)) {
    std::fprintf(stderr, "no program has %s\n", op.c_str());
    ++failures;
  }
  const double leastShare = 0.9;
  if (share < leastShare) {
    std::fprintf(stderr, "less than %.0f %% of the elements have narrow bounds\n",
                 100 * leastShare);
    ++failures;
  }
  return failures ? 1 : 0;
}
