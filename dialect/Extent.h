// An extent: an integer polynomial over named dims with floor division and remainder by constants as
// atoms, always in normal form, so that equality is identity.
#ifndef QUERN_DIALECT_EXTENT_H
#define QUERN_DIALECT_EXTENT_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>
#include <string>

namespace quern {
class ExtentAttr;
class TermAttr;

class Extent {
public:
  Extent() = default;
  /// Wraps an attribute, which is in normal form by construction.
  explicit Extent(ExtentAttr attr);

  static Extent constant(mlir::MLIRContext *context, int64_t value);
  static Extent dim(mlir::MLIRContext *context, llvm::StringRef name);

  ExtentAttr getAttr() const;
  mlir::MLIRContext *getContext() const;
  explicit operator bool() const { return attr != nullptr; }

  std::optional<int64_t> getConstant() const;
  bool isConstant(int64_t value) const;
  /// The name, when this is one bare dim.
  std::optional<llvm::StringRef> getDim() const;
  /// The single term's coefficient and factors, when there is exactly one term.
  std::optional<std::pair<int64_t, llvm::ArrayRef<mlir::Attribute>>> getMonomial() const;
  /// Calls `visit` for every dim that occurs, repeatedly where it does.
  void walkDims(llvm::function_ref<void(llvm::StringRef)> visit) const;

  Extent operator+(Extent other) const;
  Extent operator-(Extent other) const;
  Extent operator*(Extent other) const;
  Extent operator+(int64_t value) const;
  Extent operator-(int64_t value) const;
  Extent operator*(int64_t value) const;
  /// Rounded down; the divisor is positive.
  Extent floorDiv(int64_t divisor) const;
  /// In [0, divisor); the divisor is positive.
  Extent mod(int64_t divisor) const;
  /// This times a positive multiple: rounded up to a multiple of `multiple`.
  Extent alignTo(int64_t multiple) const;
  bool operator==(Extent other) const { return attr == other.attr; }
  bool operator!=(Extent other) const { return attr != other.attr; }

  /// Replaces dims; a null result of `replacement` keeps the dim.
  Extent substitute(llvm::function_ref<Extent(llvm::StringRef)> replacement) const;
  /// The value for given dims, or nothing when a dim has none or the arithmetic overflows.
  std::optional<int64_t>
  evaluate(llvm::function_ref<std::optional<int64_t>(llvm::StringRef)> value) const;

  /// As it is written in a type: `B*T + 1`. Quotients are written with `floordiv`, remainders with
  /// `mod`, or as in the language with `//` and `%`.
  std::string str(bool asInLanguage = false) const;

private:
  mlir::Attribute attr;
};

inline Extent operator+(int64_t a, Extent b) { return b + a; }
inline Extent operator*(int64_t a, Extent b) { return b * a; }
} // namespace quern

#endif
