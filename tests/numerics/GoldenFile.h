// Golden values that a script wrote with PyTorch: the format of golden/library.txt and
// golden/learning*.txt.
#ifndef QUERN_TESTS_NUMERICS_GOLDENFILE_H
#define QUERN_TESTS_NUMERICS_GOLDENFILE_H

#include "compiler/interpreter/HostTensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <map>
#include <string>
#include <vector>

namespace quern::test {
/// Tensors of f64 by name.
using Tensors = std::map<std::string, HostTensor>;

/// A case of a file: a line with its name, then one line for each word, then an empty line. Most
/// lines are `WORD NAME RANK EXTENTS... NUMBERS...`, or, where the numbers follow from a formula,
/// `WORD NAME RANK EXTENTS... draw SEED LOW HIGH`.
struct GoldenCase {
  std::string name;
  /// `program PATH`: the file that has its functions, beside the golden file; else the file's own.
  std::string program;
  /// `change OLD => NEW`: replacements in the program's text, each of which fits in one place.
  std::vector<std::pair<std::string, std::string>> changes;
  /// `interpreted N`: how many steps the interpreter takes part in; all where negative.
  int64_t interpreted = -1;
  /// `slopes none`: gradients are not the loss's slopes, as a derivative of the user's own, or of a
  /// net whose kinks lie near, need not be.
  bool hasSlopes = true;
  /// `in`: inputs, parameters and buffers. `batches`: inputs of which step s takes the slice s,
  /// modulo the first extent.
  Tensors given, batches;
  /// `out`: what the functions return, or what parameters and buffers are in the end; `digest`: the
  /// same as digestOf() gives it. `near`: the same within 1e-7, for what Adam makes of gradients
  /// that are zero but for rounding, as that of a bias before a batch norm is: rounding over
  /// epsilon.
  Tensors wanted, digests, nearby;
  /// `grad`: by the parameter's name, or for trainings digests by `STEP:FUNCTION:PARAMETER`, where
  /// the parameter `*` has the digest of all gradients as one tensor would have it.
  Tensors gradients;
  /// `call`: digests of what exports and metrics return in the end, by `FUNCTION:POSITION`.
  Tensors calls;
  /// `loss`: a number for each step, by function, in the order in which they run.
  std::vector<std::pair<std::string, std::vector<double>>> losses;
};

std::vector<GoldenCase> readGoldenCases(const std::string &path);

/// `count` numbers from LOW to HIGH that depend on nothing but the seed: splitmix64 at the
/// element's position, of which 24 bits are kept.
std::vector<double> drawNumbers(uint64_t seed, double low, double high, int64_t count);

/// The L2 norm of a tensor, and its inner product with numbers drawn from -1 to 1 with seed 0: a
/// pair that tells any two tensors apart that are not made to fool it.
HostTensor digestOf(const HostTensor &tensor);

/// Reports elements that are off by more than 1e-9 of themselves, `ofLargest` of the tensor's
/// largest one, and 1e-13 of `scale`.
void compareWith(const HostTensor &wanted, const HostTensor &got, const std::string &what,
                 double ofLargest = 1e-13, double scale = 1);

/// A given tensor as the type that the argument has.
HostTensor convertTo(const HostTensor &given, mlir::Type type);

/// Appends a function whose arguments are all inputs to the text of a module.
void appendFunction(mlir::func::FuncOp function, const std::string &name, std::string &text);
} // namespace quern::test

#endif
