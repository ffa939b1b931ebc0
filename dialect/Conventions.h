// Names of the attributes by which functions carry a model; README.md beside this file explains them.
#ifndef QUERN_DIALECT_CONVENTIONS_H
#define QUERN_DIALECT_CONVENTIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <optional>

namespace quern {
namespace attr {
inline constexpr llvm::StringLiteral kind = "quern.kind";
inline constexpr llvm::StringLiteral role = "quern.role";
inline constexpr llvm::StringLiteral name = "quern.name";
inline constexpr llvm::StringLiteral doc = "quern.doc";
inline constexpr llvm::StringLiteral dims = "quern.dims";
inline constexpr llvm::StringLiteral minimums = "quern.minimums";
inline constexpr llvm::StringLiteral checks = "quern.checks";
inline constexpr llvm::StringLiteral batch = "quern.batch";
inline constexpr llvm::StringLiteral totalsOf = "quern.totals_of";
inline constexpr llvm::StringLiteral updates = "quern.updates";
inline constexpr llvm::StringLiteral clipNorm = "quern.clip_norm";
inline constexpr llvm::StringLiteral accumulate = "quern.accumulate";
/// The slot in which gradients are summed between two steps.
inline constexpr llvm::StringLiteral accumulatedGradient = "accumulated_gradient";
inline constexpr llvm::StringLiteral defaultValue = "quern.default";
inline constexpr llvm::StringLiteral trainable = "quern.trainable";
inline constexpr llvm::StringLiteral persistent = "quern.persistent";
inline constexpr llvm::StringLiteral aliases = "quern.aliases";
inline constexpr llvm::StringLiteral workspace = "quern.workspace";
inline constexpr llvm::StringLiteral variantOf = "quern.variant_of";
inline constexpr llvm::StringLiteral variantDims = "quern.variant_dims";
/// Bytes that each worker needs besides the workspace (an extent), as the loops phase found.
inline constexpr llvm::StringLiteral workerBytes = "quern.worker_bytes";
inline constexpr llvm::StringLiteral slot = "quern.slot";
/// Of a kernel that computes again what an earlier one had computed.
inline constexpr llvm::StringLiteral repeated = "quern.repeated";
/// Of a GPU kernel: what its pointers point to, in order; and the number of blocks (an extent).
inline constexpr llvm::StringLiteral slots = "quern.slots";
inline constexpr llvm::StringLiteral grid = "quern.grid";
/// Of a module of GPU kernels: those that it lacks.
inline constexpr llvm::StringLiteral missing = "quern.missing";
inline constexpr llvm::StringLiteral paramsBytes = "quern.params_bytes";
inline constexpr llvm::StringLiteral buffersBytes = "quern.buffers_bytes";
inline constexpr llvm::StringLiteral stateBytes = "quern.state_bytes";
inline constexpr llvm::StringLiteral source = "quern.source";
inline constexpr llvm::StringLiteral sourceHash = "quern.source_hash";
inline constexpr llvm::StringLiteral layers = "quern.layers";
} // namespace attr

/// What an argument or result is, in the order in which arguments stand.
enum class Role { param, gradient, buffer, state, hyper, input, seed, step, output };

llvm::StringRef stringifyRole(Role role);
/// The role of an argument; one without the attribute is an input.
Role getRole(mlir::func::FuncOp function, unsigned argument);
/// The role of a result; one without the attribute is an output.
Role getResultRole(mlir::func::FuncOp function, unsigned result);
/// Names, or "" where there is none.
llvm::StringRef getName(mlir::func::FuncOp function, unsigned argument);
llvm::StringRef getResultName(mlir::func::FuncOp function, unsigned result);
/// `export`, `train`, ..., or "".
llvm::StringRef getKind(mlir::func::FuncOp function);
/// Whether a function is compiled into the artefact, by itself or as a variant: not a declaration, an
/// update rule, or a function that only the interpreter runs.
bool isEntry(mlir::func::FuncOp function);
} // namespace quern

#endif
