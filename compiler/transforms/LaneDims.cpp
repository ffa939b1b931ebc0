// Lane dimensions by union-find: dimensions that an op walks through together are one class.
#include "compiler/transforms/LaneDims.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/TypeSwitch.h"
#include <map>

using namespace mlir;
namespace quern {
namespace {
using Dimension = std::pair<void *, int64_t>; // a value and one of its dimensions

class Finder {
public:
  std::optional<LaneDims> run(Block &block) {
    // What only passes through is no part of the work.
    auto isRead = [&](Operation *user) { return user != block.getTerminator(); };
    for (BlockArgument argument : block.getArguments())
      if (llvm::any_of(argument.getUsers(), isRead) && !add(argument))
        return std::nullopt;
    for (Operation &op : block.without_terminator()) {
      for (Value result : op.getResults())
        if (!add(result))
          return std::nullopt;
      if (!join(&op))
        return std::nullopt;
    }
    return choose();
  }

private:
  static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

  bool add(Value value) {
    if (!typeOf(value).hasStaticShape())
      return false;
    values.push_back(value);
    for (int64_t i = 0; i < typeOf(value).getRank(); ++i)
      classes.insert(Dimension(value.getAsOpaquePointer(), i));
    return true;
  }

  void join(Value a, int64_t i, Value b, int64_t j) {
    classes.unionSets(Dimension(a.getAsOpaquePointer(), i), Dimension(b.getAsOpaquePointer(), j));
  }

  bool join(Operation *op) {
    if (op->hasTrait<Pointwise>()) {
      for (Value operand : op->getOperands())
        for (int64_t i = 0; i < typeOf(operand).getRank(); ++i)
          join(operand, i, op->getResult(0), i);
      return true;
    }
    return llvm::TypeSwitch<Operation *, bool>(op)
        .Case<ConstantOp, ExtentOp>([](Operation *) { return true; })
        .Case([&](BroadcastOp broadcast) {
          for (auto [i, dimension] : llvm::enumerate(broadcast.getDimensions()))
            if (broadcast.getOperand().getType().getExtent(i) ==
                broadcast.getType().getExtent(dimension))
              join(broadcast.getOperand(), i, broadcast, dimension);
          return true;
        })
        .Case([&](TransposeOp transpose) {
          for (auto [i, dimension] : llvm::enumerate(transpose.getPermutation()))
            join(transpose.getOperand(), dimension, transpose, i);
          return true;
        })
        .Case([&](ReduceOp reduce) {
          int64_t next = 0;
          for (int64_t i = 0; i < reduce.getOperand().getType().getRank(); ++i)
            if (!llvm::is_contained(reduce.getDimensions(), i))
              join(reduce.getOperand(), i, reduce, next++);
          return true;
        })
        .Case([&](ContractOp contract) {
          int64_t next = 0;
          for (auto [i, j] : llvm::zip(contract.getLhsBatch(), contract.getRhsBatch())) {
            join(contract.getLhs(), i, contract, next);
            join(contract.getRhs(), j, contract, next++);
          }
          for (auto [i, j] : llvm::zip(contract.getLhsContracting(), contract.getRhsContracting()))
            join(contract.getLhs(), i, contract.getRhs(), j);
          for (int64_t i : contract.getLhsFree())
            join(contract.getLhs(), i, contract, next++);
          for (int64_t i : contract.getRhsFree())
            join(contract.getRhs(), i, contract, next++);
          return true;
        })
        .Case([&](ReshapeOp reshape) { return joinReshape(reshape); })
        .Default(false);
  }

  /// Only extents of 1 may come and go.
  bool joinReshape(ReshapeOp reshape) {
    auto longOnes = [](TensorType type) {
      SmallVector<int64_t> positions;
      for (int64_t i = 0; i < type.getRank(); ++i)
        if (!type.getExtent(i).isConstant(1))
          positions.push_back(i);
      return positions;
    };
    TensorType from = reshape.getOperand().getType(), to = reshape.getType();
    SmallVector<int64_t> before = longOnes(from), after = longOnes(to);
    if (before.size() != after.size())
      return false;
    for (auto [i, j] : llvm::zip(before, after)) {
      if (from.getExtent(i) != to.getExtent(j))
        return false;
      join(reshape.getOperand(), i, reshape, j);
    }
    return true;
  }

  /// The longest class; of equally long ones the first that a value has, so that the choice does not
  /// depend on addresses, and of which no value has two dimensions.
  std::optional<LaneDims> choose() {
    SmallVector<Dimension> leaders;
    int64_t longest = LaneDims().lanes;
    for (Value value : values)
      for (int64_t i = 0; i < typeOf(value).getRank(); ++i) {
        int64_t extent = *typeOf(value).getExtent(i).getConstant();
        Dimension leader = classes.getLeaderValue(Dimension(value.getAsOpaquePointer(), i));
        if (extent > longest) {
          leaders.clear();
          longest = extent;
        }
        if (extent == longest && !llvm::is_contained(leaders, leader))
          leaders.push_back(leader);
      }
    if (longest == LaneDims().lanes)
      return measure(std::nullopt, longest);
    for (Dimension leader : leaders)
      if (std::optional<LaneDims> result = measure(leader, longest))
        return result;
    return std::nullopt;
  }

  /// Nothing where a value has two dimensions of the class.
  std::optional<LaneDims> measure(std::optional<Dimension> leader, int64_t lanes) {
    LaneDims result;
    result.lanes = lanes;
    for (Value value : values) {
      int64_t vectors = 1;
      for (int64_t i = 0; i < typeOf(value).getRank(); ++i) {
        Dimension dimension(value.getAsOpaquePointer(), i);
        if (leader && classes.getLeaderValue(dimension) == *leader) {
          if (!result.dimension.insert({value, i}).second)
            return std::nullopt;
        } else {
          vectors *= *typeOf(value).getExtent(i).getConstant();
        }
      }
      result.vectors += vectors;
    }
    return result;
  }

  SmallVector<Value> values;
  llvm::EquivalenceClasses<Dimension> classes;
};
} // namespace

std::optional<LaneDims> findLaneDims(Block &block) { return Finder().run(block); }
} // namespace quern
