// The derivative of a loop. The body of the loop back computes what the loop computed from the carried
// values at each index, which are kept, and from the results of products and sums, which are kept as
// well; all else is cheap enough to be computed again. A gradient of an invariant that is a product or
// a sum over the slices of two tensors is taken out of the loop, as one large product.
#include "compiler/autodiff/ScanDerivative.h"

using namespace mlir;
namespace quern {

static TensorType typeOf(Value value) { return cast<TensorType>(value.getType()); }

static TensorType stackedType(ExtentAttr count, Type slice) {
  SmallVector<Extent> shape{Extent(count)};
  llvm::append_range(shape, cast<TensorType>(slice).getExtents());
  return TensorType::get(shape, cast<TensorType>(slice).getElementType());
}

/// Costs more to compute again than to keep.
static bool isDear(Operation *op) {
  return isa<ContractOp, ConvOp, ReduceOp, WindowReduceOp, CumulateOp, ArgSortOp, ScatterOp, ScanOp>(op);
}

namespace {
class ScanDerivative {
public:
  ScanDerivative(ScanOp scan, VjpContext &context)
      : scan(scan), context(context), inner(scan.getContext()), block(new Block) {}
  ScanDerivative(const ScanDerivative &) = delete;
  ScanDerivative &operator=(const ScanDerivative &) = delete;
  ~ScanDerivative() { block->dropAllReferences(); }

  LogicalResult build() {
    inlineForDerivative(scan.getBody().front());
    cloneForward();
    if (failed(differentiateBody()))
      return failure();
    keepDear();
    rebuildForward();
    buildBackward();
    return success();
  }

private:
  /// An argument of the loop back and what it is a slice of, or equal to, outside.
  struct Argument {
    Value inside, outside;
  };
  /// What the loop back yields: the cotangent of an operand, where there is one; `init` of a carried
  /// one, which is the argument `carried` inside.
  struct Yielded {
    Value value, operand, carried, init;
  };
  /// A product or sum over all runs behind the loop, a part of the cotangent of an operand.
  struct Late {
    Value operand;
    SmallVector<size_t> stacks;
    bool isProduct = false;
    SmallVector<int64_t> lhsBatch, rhsBatch, lhsSummed, rhsSummed;
    SmallVector<SmallVector<int64_t>> permutations; // the outermost first
  };

  Value addArgument(Type type) { return block->addArgument(type, scan.getLoc()); }

  void cloneForward() {
    index = addArgument(scan.getIndex().getType());
    mapping.map(scan.getIndex(), index);
    for (Value argument : scan.getCarriedArguments())
      mapping.map(argument, addArgument(argument.getType()));
    for (auto [argument, whole] : llvm::zip(scan.getSlices(), scan.getScanned())) {
      slices.push_back({addArgument(argument.getType()), whole});
      mapping.map(argument, slices.back().inside);
    }
    for (auto [argument, outside] : llvm::zip(scan.getInvariantArguments(), scan.getInvariants())) {
      invariants.push_back({addArgument(argument.getType()), outside});
      mapping.map(argument, invariants.back().inside);
    }
    inner.setInsertionPointToEnd(block.get());
    for (Operation &op : scan.getBody().front().without_terminator())
      forward.push_back({&op, inner.clone(op, mapping)});
  }

  LogicalResult differentiateBody() {
    TensorBuilder tensors(inner, scan.getLoc());
    SmallVector<Value> outputs, cotangents, wrt, gradients;
    SmallVector<Value> carried;
    size_t carriedCount = scan.getInits().size();
    for (auto [i, yielded] : llvm::enumerate(scan.getYielded())) {
      Value result = scan.getResult(i);
      if (!typeOf(result).isFloat() || (i >= carriedCount && !context.hasCotangent(result)))
        continue;
      outputs.push_back(mapping.lookup(yielded));
      cotangents.push_back(addArgument(yielded.getType()));
      if (i < carriedCount)
        carried.push_back(cotangents.back());
      else
        slices.push_back({cotangents.back(), context.cotangent(result)});
    }
    auto isWanted = [&](Value argument, Value operand) {
      return typeOf(argument).isFloat() && context.isActive(operand);
    };
    for (Value argument : scan.getCarriedArguments())
      if (typeOf(argument).isFloat())
        wrt.push_back(mapping.lookup(argument));
    for (auto [argument, operand] : llvm::zip(scan.getSlices(), scan.getScanned()))
      if (isWanted(argument, operand))
        wrt.push_back(mapping.lookup(argument));
    for (auto [argument, operand] : llvm::zip(scan.getInvariantArguments(), scan.getInvariants()))
      if (isWanted(argument, operand))
        wrt.push_back(mapping.lookup(argument));
    if (failed(differentiate(inner, *block, outputs, cotangents, wrt, gradients)))
      return failure();
    inner.setInsertionPointToEnd(block.get());

    llvm::DenseMap<Value, Value> found;
    for (auto [value, gradient] : llvm::zip(wrt, gradients))
      found[value] = gradient;
    auto gradientOf = [&](Value argument) {
      Value gradient = found.lookup(mapping.lookup(argument));
      return gradient ? gradient : tensors.zerosLike(argument);
    };
    for (auto [argument, init, result] :
         llvm::zip(scan.getCarriedArguments(), scan.getInits(), scan.getResults()))
      if (typeOf(argument).isFloat())
        yields.push_back(
            {gradientOf(argument), init, carried[yields.size()], context.cotangent(result)});
    for (auto [argument, outside] : llvm::zip(scan.getInvariantArguments(), scan.getInvariants()))
      if (isWanted(argument, outside))
        if (Value gradient = found.lookup(mapping.lookup(argument)))
          sumOverRuns(gradient, outside);
    for (auto [argument, whole] : llvm::zip(scan.getSlices(), scan.getScanned()))
      if (isWanted(argument, whole))
        yields.push_back({gradientOf(argument), whole, {}, {}});
    return success();
  }

  static void addTerms(Value value, SmallVectorImpl<Value> &terms) {
    if (auto sum = value.getDefiningOp<AddOp>()) {
      addTerms(sum.getLhs(), terms);
      return addTerms(sum.getRhs(), terms);
    }
    terms.push_back(value);
  }

  /// A tensor that has a value of the body as its slices, or nothing for what is the same in each run.
  std::optional<size_t> stack(Value value) {
    for (Argument &invariant : invariants)
      if (invariant.inside == value)
        return std::nullopt;
    if (value.getDefiningOp<ConstantOp>())
      return std::nullopt;
    auto known = llvm::find(stacks, value);
    if (known == stacks.end())
      known = stacks.insert(stacks.end(), value);
    return known - stacks.begin();
  }

  std::optional<Late> makeLate(Value term, Value operand) {
    Late late;
    late.operand = operand;
    for (auto transpose = term.getDefiningOp<TransposeOp>(); transpose;
         transpose = term.getDefiningOp<TransposeOp>()) {
      late.permutations.push_back(llvm::to_vector(transpose.getPermutation()));
      term = transpose.getOperand();
    }
    Operation *op = term.getDefiningOp();
    if (auto product = dyn_cast_or_null<ContractOp>(op)) {
      late.isProduct = true;
      llvm::append_range(late.lhsBatch, product.getLhsBatch());
      llvm::append_range(late.rhsBatch, product.getRhsBatch());
      llvm::append_range(late.lhsSummed, product.getLhsContracting());
      llvm::append_range(late.rhsSummed, product.getRhsContracting());
    } else if (auto sum = dyn_cast_or_null<ReduceOp>(op); sum && sum.getKind() == Reduction::add) {
      llvm::append_range(late.lhsSummed, sum.getDimensions());
    } else {
      return std::nullopt;
    }
    for (Value value : op->getOperands()) {
      std::optional<size_t> number = stack(value);
      if (!number)
        return std::nullopt;
      late.stacks.push_back(*number);
    }
    return late;
  }

  /// Adds up a gradient over all runs, behind the loop where that is possible.
  void sumOverRuns(Value gradient, Value operand) {
    TensorBuilder tensors(inner, scan.getLoc());
    SmallVector<Value> terms;
    addTerms(gradient, terms);
    Value rest;
    for (Value term : terms) {
      if (std::optional<Late> late = makeLate(term, operand))
        lates.push_back(*late);
      else
        rest = rest ? tensors.add(rest, term) : term;
    }
    if (!rest)
      return;
    Value sum = addArgument(rest.getType());
    yields.push_back({tensors.add(sum, rest), operand, sum, context.constant(typeOf(rest), 0)});
  }

  /// Whether the loop back has the value as a slice of something.
  bool isSlice(Value value) {
    return isa<BlockArgument>(value) && value != index &&
           llvm::none_of(yields, [&](Yielded &y) { return y.carried == value; });
  }

  /// Replaces what is dear to compute again by slices of what the loop forward keeps.
  void keepDear() {
    SmallVector<Value> read = llvm::map_to_vector(yields, [](Yielded &y) { return y.value; });
    llvm::append_range(read, stacks);
    Operation *end = YieldOp::create(inner, scan.getLoc(), read);
    llvm::DenseMap<Operation *, Operation *> originals;
    for (auto [original, clone] : forward)
      originals[clone] = original;
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block))) {
      if (&op == end || !isPure(&op))
        continue;
      if (Operation *original = originals.lookup(&op); original && isDear(original))
        for (auto [before, after] : llvm::zip(original->getResults(), op.getResults()))
          if (!after.use_empty()) {
            kept.push_back({addArgument(after.getType()), before});
            after.replaceAllUsesWith(kept.back().inside);
          }
      if (op.use_empty())
        op.erase();
    }
    for (auto [yielded, value] : llvm::zip(yields, end->getOperands()))
      yielded.value = value;
    for (auto [i, value] : llvm::enumerate(end->getOperands().drop_front(yields.size())))
      stacks[i] = value;
    end->erase();
  }

  /// The loop forward, with what the loop back reads as further results.
  void rebuildForward() {
    SmallVector<Argument> wanted; // with values of the old body as `outside`
    for (Value argument : scan.getCarriedArguments())
      if (Value inside = mapping.lookup(argument);
          !inside.use_empty() || llvm::is_contained(stacks, inside) || isYielded(inside))
        wanted.push_back({inside, argument});
    llvm::append_range(wanted, kept);
    SmallVector<Type> types(scan.getResultTypes());
    for (Argument &argument : wanted)
      types.push_back(stackedType(scan.getCountAttr(), argument.inside.getType()));
    OpBuilder builder(scan);
    auto fresh = ScanOp::create(builder, scan.getLoc(), types, scan.getCountAttr(),
                                scan.getReverse(), scan.getInits(), scan.getScanned(),
                                scan.getInvariants());
    IRMapping copies;
    scan.getBody().cloneInto(&fresh.getBody(), copies);
    Operation *end = fresh.getBody().front().getTerminator();
    SmallVector<Value> yielded(end->getOperands());
    for (auto [i, argument] : llvm::enumerate(wanted)) {
      yielded.push_back(copies.lookup(argument.outside));
      slices.push_back({argument.inside, fresh.getResult(scan.getNumResults() + i)});
    }
    end->setOperands(yielded);
    for (auto [before, after] : llvm::zip(scan.getResults(), fresh.getResults()))
      before.replaceAllUsesWith(after);
  }

  bool isYielded(Value value) {
    return llvm::any_of(yields, [&](Yielded &y) { return y.value == value; });
  }

  void buildBackward() {
    SmallVector<Value> values, inits, scanned, constants, results;
    SmallVector<Type> types;
    for (Yielded &yielded : yields) {
      values.push_back(yielded.value);
      types.push_back(yielded.carried
                          ? yielded.value.getType()
                          : stackedType(scan.getCountAttr(), yielded.value.getType()));
    }
    for (Value value : stacks)
      if (!isSlice(value) && !findYielded(value)) {
        values.push_back(value);
        types.push_back(stackedType(scan.getCountAttr(), value.getType()));
      }
    if (values.empty())
      return addLate({});
    inner.setInsertionPointToEnd(block.get());
    YieldOp::create(inner, scan.getLoc(), values);

    auto body = std::make_unique<Block>();
    auto pass = [&](Value inside) {
      inside.replaceAllUsesWith(body->addArgument(inside.getType(), scan.getLoc()));
    };
    pass(index);
    for (Yielded &yielded : yields)
      if (yielded.carried) {
        pass(yielded.carried);
        inits.push_back(yielded.init);
      }
    for (Argument &slice : slices)
      if (!slice.inside.use_empty()) {
        pass(slice.inside);
        scanned.push_back(slice.outside);
      }
    for (Argument &invariant : invariants)
      if (!invariant.inside.use_empty()) {
        pass(invariant.inside);
        constants.push_back(invariant.outside);
      }
    body->getOperations().splice(body->end(), block->getOperations());
    auto loop = ScanOp::create(context.builder, scan.getLoc(), types, scan.getCountAttr(),
                               !scan.getReverse(), inits, scanned, constants);
    loop.getBody().push_back(body.release());
    for (auto [yielded, result] : llvm::zip(yields, loop.getResults()))
      context.accumulate(yielded.operand, result);
    addLate(loop.getResults());
  }

  /// The number of the result that has the value as its slices for its own sake.
  std::optional<size_t> findYielded(Value value) {
    for (auto [i, yielded] : llvm::enumerate(yields))
      if (!yielded.carried && yielded.value == value)
        return i;
    return std::nullopt;
  }

  /// Adds the products and sums over all runs, given the results of the loop back.
  void addLate(ValueRange results) {
    SmallVector<Value> wholes;
    ValueRange fresh = results.drop_front(yields.size());
    for (Value value : stacks) {
      if (std::optional<size_t> yielded = findYielded(value)) {
        wholes.push_back(results[*yielded]);
        continue;
      }
      if (!isSlice(value)) {
        wholes.push_back(fresh.front());
        fresh = fresh.drop_front();
        continue;
      }
      for (Argument &slice : slices)
        if (slice.inside == value)
          wholes.push_back(slice.outside);
    }
    auto shifted = [](ArrayRef<int64_t> dimensions, bool isSummed) {
      SmallVector<int64_t> list;
      if (isSummed)
        list.push_back(0);
      for (int64_t dimension : dimensions)
        list.push_back(dimension + 1);
      return list;
    };
    for (Late &late : lates) {
      Value sum = wholes[late.stacks[0]];
      if (late.isProduct)
        sum = ContractOp::create(context.builder, scan.getLoc(), sum, wholes[late.stacks[1]],
                                 shifted(late.lhsBatch, false), shifted(late.rhsBatch, false),
                                 shifted(late.lhsSummed, true), shifted(late.rhsSummed, true));
      else
        sum = context.sum(sum, shifted(late.lhsSummed, true));
      for (ArrayRef<int64_t> permutation : llvm::reverse(late.permutations))
        sum = context.transpose(sum, permutation);
      context.accumulate(late.operand, sum);
    }
  }

  ScanOp scan;
  VjpContext &context;
  OpBuilder inner; // of the loop back's body
  std::unique_ptr<Block> block;
  IRMapping mapping; // from the loop's body to its copy in the loop back
  Value index;
  SmallVector<Argument> slices, invariants;
  /// In the loop back, and the value of the loop forward's body that is kept for it.
  SmallVector<Argument> kept;
  SmallVector<std::pair<Operation *, Operation *>> forward; // ops of the body with their copies
  SmallVector<Yielded> yields;                              // the carried ones first
  SmallVector<Value> stacks;
  std::vector<Late> lates;
};
} // namespace

LogicalResult differentiateScan(ScanOp scan, VjpContext &context) {
  return ScanDerivative(scan, context).build();
}
} // namespace quern
