// Divisors of index expressions.
#include "compiler/codegen/element/Divisor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
namespace quern {

/// Expressions are shallow; the bound is against graphs that share their parts.
static constexpr unsigned deepest = 16;

static int64_t divisorOf(Value index, unsigned depth) {
  if (auto constant = getConstantIntValue(index))
    return std::abs(*constant);
  if (depth == deepest)
    return 1;
  auto of = [&](Value part) { return divisorOf(part, depth + 1); };
  if (auto argument = dyn_cast<BlockArgument>(index)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (!loop || argument != loop.getInductionVar())
      return 1;
    return std::gcd(of(loop.getLowerBound()), of(loop.getStep()));
  }
  Operation *op = index.getDefiningOp();
  if (isa<arith::MulIOp>(op)) {
    int64_t product;
    if (llvm::MulOverflow(of(op->getOperand(0)), of(op->getOperand(1)), product))
      return 1;
    return product;
  }
  // a mod b = a - b floor(a / b), so what divides both divides it.
  if (isa<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MaxSIOp, arith::MinUIOp,
          arith::MaxUIOp, arith::RemUIOp, arith::RemSIOp>(op))
    return std::gcd(of(op->getOperand(0)), of(op->getOperand(1)));
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return std::gcd(of(select.getTrueValue()), of(select.getFalseValue()));
  return 1;
}

int64_t knownDivisor(Value index) { return divisorOf(index, 0); }
} // namespace quern
