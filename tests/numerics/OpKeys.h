// What a test of an op is counted as: the op, the case of its enumeration, its element types.
#ifndef QUERN_TESTS_NUMERICS_OPKEYS_H
#define QUERN_TESTS_NUMERICS_OPKEYS_H

#include "mlir/IR/Operation.h"
#include <set>
#include <string>
#include <vector>

namespace quern::test {
/// An op's name, with the case of its enumeration if it has one.
std::string getKey(mlir::Operation *op);

/// Every key that ops of this name can have.
std::vector<std::string> getKeys(const std::string &name);

/// The key and the element types of operands and results: `quern.gather (f32, i64) -> f32`. Of several
/// operands of one variadic group only the first counts, and of an op with regions the operands do,
/// each by itself.
std::set<std::string> getSignatures(mlir::Operation *op);

/// The signatures that the verifier accepts of an op like this one, whose operands and results have
/// the same shapes and any element types.
std::set<std::string> getAcceptedSignatures(mlir::Operation *op);
} // namespace quern::test

#endif
