// Compiles one emitted function in the test's own process and hands out its address.
#ifndef QUERN_TESTS_UNIT_CODEGEN_KERNELHARNESS_H
#define QUERN_TESTS_UNIT_CODEGEN_KERNELHARNESS_H

#include "compiler/target/TargetDescription.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include <functional>
#include <memory>
#include <string>

namespace quern::test {

/// Machine code of one function, alive as long as this object.
struct CompiledKernel {
  std::unique_ptr<llvm::orc::LLJIT> session;
  void *address = nullptr;
  size_t objectBytes = 0;
  double seconds = 0;

  template <typename Function> Function *as() const {
    return reinterpret_cast<Function *>(address);
  }
};

/// A context with every dialect that emitters use.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// The host, at most AVX2 if `avx2`.
TargetDescription hostTarget(bool avx2);

/// Builds `void kernel(arguments...)` with `body`, and compiles it. Memrefs of static shape are
/// passed as plain pointers. Ends the process with a message if any step fails.
CompiledKernel compileKernel(mlir::MLIRContext &context, const TargetDescription &target,
                             llvm::ArrayRef<mlir::Type> arguments,
                             std::function<void(mlir::OpBuilder &, mlir::ValueRange)> body);

/// `count` elements that end at an inaccessible page, so that reading or writing past the end
/// faults.
template <typename T> class GuardedArray;
void *allocateGuarded(size_t bytes);
void freeGuarded(void *data, size_t bytes);

template <typename T> class GuardedArray {
public:
  explicit GuardedArray(size_t count)
      : count(count), data(static_cast<T *>(allocateGuarded(count * sizeof(T)))) {}
  ~GuardedArray() { freeGuarded(data, count * sizeof(T)); }
  GuardedArray(const GuardedArray &) = delete;
  T &operator[](size_t i) { return data[i]; }
  T *begin() { return data; }
  T *end() { return data + count; }
  size_t size() const { return count; }

private:
  size_t count;
  T *data;
};

} // namespace quern::test

#endif
