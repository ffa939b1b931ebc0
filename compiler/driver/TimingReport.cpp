// The report of `--time`.
#include "compiler/driver/TimingReport.h"
#include "llvm/Support/Format.h"

using namespace mlir;
namespace {
class TimingReport : public OutputStrategy {
public:
  using OutputStrategy::OutputStrategy;

  void printHeader(const TimeRecord &) override { os << "        ms  share  phase or pass\n"; }
  void printFooter() override { os.flush(); }
  void printTime(const TimeRecord &time, const TimeRecord &total) override {
    double share = total.wall > 0 ? 100 * time.wall / total.wall : 0;
    os << llvm::format("%10.2f %4.0f %%  ", 1000 * time.wall, share);
  }
  void printListEntry(StringRef name, const TimeRecord &time, const TimeRecord &total,
                      bool) override {
    printTreeEntry(0, name, time, total);
  }
  void printTreeEntry(unsigned indent, StringRef name, const TimeRecord &time,
                      const TimeRecord &total) override {
    // Analyses, the groups of passes over functions, and what is left over of a phase tell nothing.
    if (name.starts_with("(A) ") || name.starts_with("'") || (name == "Rest" && indent > 2))
      return;
    printTime(time, total);
    os.indent(indent) << name << "\n";
  }
  void printTreeEntryEnd(unsigned, bool) override {}
};
} // namespace

std::unique_ptr<OutputStrategy> quern::createTimingReport(llvm::raw_ostream &os) {
  return std::make_unique<TimingReport>(os);
}
