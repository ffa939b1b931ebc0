// Ops that move elements: type inference, verifiers, folders, builders.
#include "dialect/Fold.h"
#include "dialect/QuernOps.h"

using namespace mlir;
namespace quern {

OpFoldResult foldMovedSplat(Attribute value, TensorType type) {
  if (auto number = getFloatSplat(value))
    return getSplat(type, *number);
  if (auto number = getIntegerSplat(value))
    return getSplat(type, *number);
  return {};
}

//===-- reshape
//--------------------------------------------------------------------------------===//

void ReshapeOp::build(OpBuilder &builder, OperationState &state, Value operand,
                      ArrayRef<Extent> shape) {
  Type elementType = cast<TensorType>(operand.getType()).getElementType();
  build(builder, state, TensorType::get(shape, elementType), operand);
}
LogicalResult ReshapeOp::verify() {
  TensorType from = getOperand().getType(), to = getType();
  if (from.getElementType() != to.getElementType())
    return emitOpError("(C1) turns ") << from << " into other elements, " << to;
  if (from.getNumElements() != to.getNumElements())
    return emitOpError("(C2) turns ")
           << from << " with " << from.getNumElements().str() << " elements into " << to << " with "
           << to.getNumElements().str();
  return success();
}
OpFoldResult ReshapeOp::fold(FoldAdaptor operands) {
  if (getOperand().getType() == getType())
    return getOperand();
  if (auto inner = getOperand().getDefiningOp<ReshapeOp>()) {
    getOperandMutable().assign(inner.getOperand());
    return getResult();
  }
  return foldMovedSplat(operands.getOperand(), getType());
}

//===-- transpose
//------------------------------------------------------------------------------===//

LogicalResult TransposeOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                            Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<TensorType>(adaptor.getOperand().getType());
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  SmallVector<bool> seen(type.getRank(), false);
  SmallVector<Extent> extents;
  for (int64_t dimension : permutation) {
    if (dimension < 0 || dimension >= type.getRank() || seen[dimension])
      break;
    seen[dimension] = true;
    extents.push_back(type.getExtent(dimension));
  }
  if (static_cast<int64_t>(extents.size()) != type.getRank() ||
      permutation.size() != extents.size())
    return emitOptionalError(location, "'quern.transpose' op (C1) needs a permutation of the ",
                             type.getRank(), " dimensions of ", type);
  types.push_back(TensorType::get(extents, type.getElementType()));
  return success();
}
OpFoldResult TransposeOp::fold(FoldAdaptor operands) {
  ArrayRef<int64_t> permutation = getPermutation();
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return getOperand();
  if (auto inner = getOperand().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> composed;
    for (int64_t dimension : permutation)
      composed.push_back(inner.getPermutation()[dimension]);
    setPermutation(composed);
    getOperandMutable().assign(inner.getOperand());
    return getResult();
  }
  return foldMovedSplat(operands.getOperand(), getType());
}

//===-- broadcast
//------------------------------------------------------------------------------===//

void BroadcastOp::build(OpBuilder &builder, OperationState &state, Value operand,
                        ArrayRef<Extent> shape, ArrayRef<int64_t> dimensions) {
  Type elementType = cast<TensorType>(operand.getType()).getElementType();
  build(builder, state, TensorType::get(shape, elementType), operand, dimensions);
}
LogicalResult BroadcastOp::verify() {
  TensorType from = getOperand().getType(), to = getType();
  if (from.getElementType() != to.getElementType())
    return emitOpError("(C3) turns ") << from << " into other elements, " << to;
  if (static_cast<int64_t>(getDimensions().size()) != from.getRank())
    return emitOpError("(C1) names ") << getDimensions().size() << " dimensions for " << from;
  int64_t previous = -1;
  for (auto [position, dimension] : llvm::enumerate(getDimensions())) {
    if (dimension <= previous || dimension >= to.getRank())
      return emitOpError("(C1) maps to dimension ") << dimension << " of " << to;
    previous = dimension;
    Extent extent = from.getExtent(position);
    if (extent != to.getExtent(dimension) && !extent.isConstant(1))
      return emitOpError("(C2) repeats extent ") << extent.str() << " of " << from << " as "
                                                 << to.getExtent(dimension).str() << " of " << to;
  }
  return success();
}
/// Where each dimension of `from` stands in `to`, when `to` only has extents of 1 besides.
static std::optional<SmallVector<int64_t>> findInsertedOnes(TensorType from, TensorType to) {
  SmallVector<int64_t> places;
  for (int64_t i = 0; i < to.getRank(); ++i) {
    size_t next = places.size();
    if (next < from.getShape().size() && from.getExtent(next) == to.getExtent(i))
      places.push_back(i);
    else if (!to.getExtent(i).isConstant(1))
      return std::nullopt;
  }
  if (places.size() != from.getShape().size())
    return std::nullopt;
  return places;
}
OpFoldResult BroadcastOp::fold(FoldAdaptor operands) {
  if (getOperand().getType() == getType())
    return getOperand();
  if (auto reshape = getOperand().getDefiningOp<ReshapeOp>())
    if (auto places = findInsertedOnes(reshape.getOperand().getType(), reshape.getType())) {
      // Extents of 1 that were inserted only to be repeated need not exist at all.
      SmallVector<int64_t> composed;
      for (int64_t place : *places)
        composed.push_back(getDimensions()[place]);
      setDimensions(composed);
      getOperandMutable().assign(reshape.getOperand());
      return getResult();
    }
  if (auto inner = getOperand().getDefiningOp<BroadcastOp>()) {
    // Through an extent of 1 that is repeated only here, the map still composes.
    SmallVector<int64_t> composed;
    for (int64_t dimension : inner.getDimensions())
      composed.push_back(getDimensions()[dimension]);
    setDimensions(composed);
    getOperandMutable().assign(inner.getOperand());
    return getResult();
  }
  return foldMovedSplat(operands.getOperand(), getType());
}

//===-- slice, pad
//-----------------------------------------------------------------------------===//

void SliceOp::build(OpBuilder &builder, OperationState &state, Value operand,
                    ArrayRef<Extent> offsets, ArrayRef<Extent> sizes, ArrayRef<int64_t> strides) {
  Type elementType = cast<TensorType>(operand.getType()).getElementType();
  build(builder, state, TensorType::get(sizes, elementType), operand,
        getExtentArray(builder.getContext(), offsets), builder.getDenseI64ArrayAttr(strides));
}
LogicalResult SliceOp::verify() {
  TensorType from = getOperand().getType(), to = getType();
  if (from.getRank() != to.getRank() || from.getElementType() != to.getElementType())
    return emitOpError("(C3) turns ") << from << " into " << to;
  if (static_cast<int64_t>(getOffsets().size()) != from.getRank() ||
      static_cast<int64_t>(getStrides().size()) != from.getRank())
    return emitOpError("(C1) needs ") << from.getRank() << " offsets and strides";
  for (int64_t stride : getStrides())
    if (stride <= 0)
      return emitOpError("(C2) has stride ") << stride;
  return success();
}
OpFoldResult SliceOp::fold(FoldAdaptor operands) {
  bool whole = llvm::all_of(quern::getExtents(getOffsets()),
                            [](Extent offset) { return offset.isConstant(0); }) &&
               llvm::all_of(getStrides(), [](int64_t stride) { return stride == 1; });
  if (whole && getOperand().getType() == getType())
    return getOperand();
  return foldMovedSplat(operands.getOperand(), getType());
}

LogicalResult PadOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location,
                                      Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<TensorType>(adaptor.getOperand().getType());
  auto fill = cast<TensorType>(adaptor.getFill().getType());
  if (fill.getRank() != 0 || fill.getElementType() != type.getElementType())
    return emitOptionalError(location, "'quern.pad' op (C3) fills ", type, " with ", fill);
  SmallVector<Extent> low = quern::getExtents(adaptor.getLow());
  SmallVector<Extent> high = quern::getExtents(adaptor.getHigh());
  ArrayRef<int64_t> interior = adaptor.getInterior();
  size_t rank = type.getRank();
  if (low.size() != rank || high.size() != rank || interior.size() != rank)
    return emitOptionalError(location, "'quern.pad' op (C1) needs ", rank,
                             " entries of low, high and interior");
  SmallVector<Extent> extents;
  for (auto [position, extent] : llvm::enumerate(type.getExtents())) {
    if (interior[position] < 0)
      return emitOptionalError(location, "'quern.pad' op (C2) has interior ", interior[position]);
    extents.push_back(low[position] + high[position] + extent + (extent - 1) * interior[position]);
  }
  types.push_back(TensorType::get(extents, type.getElementType()));
  return success();
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  auto isZero = [](Extent extent) { return extent.isConstant(0); };
  bool keeps = llvm::all_of(quern::getExtents(getLow()), isZero) &&
               llvm::all_of(quern::getExtents(getHigh()), isZero) &&
               llvm::all_of(getInterior(), [](int64_t number) { return number == 0; });
  return keeps ? getOperand() : OpFoldResult();
}

//===-- reverse, concat, dynamic slices
//--------------------------------------------------------===//

LogicalResult ReverseOp::verify() {
  int64_t previous = -1;
  for (int64_t dimension : getDimensions()) {
    if (dimension <= previous || dimension >= getType().getRank())
      return emitOpError("(C1) cannot reverse dimension ") << dimension << " of " << getType();
    previous = dimension;
  }
  return success();
}

OpFoldResult ReverseOp::fold(FoldAdaptor operands) {
  if (llvm::all_of(getDimensions(), [&](int64_t i) { return getType().getExtent(i).isConstant(1); }))
    return getOperand();
  if (auto inner = getOperand().getDefiningOp<ReverseOp>();
      inner && inner.getDimensions() == getDimensions())
    return inner.getOperand();
  return foldMovedSplat(operands.getOperand(), getType());
}

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                         Adaptor adaptor, SmallVectorImpl<Type> &types) {
  if (adaptor.getOperands().empty())
    return emitOptionalError(location, "'quern.concat' op (C1) has no operands");
  auto first = cast<TensorType>(adaptor.getOperands()[0].getType());
  int64_t dimension = adaptor.getDimension();
  if (dimension < 0 || dimension >= first.getRank())
    return emitOptionalError(location, "'quern.concat' op (C2) has no dimension ", dimension,
                             " in ", first);
  SmallVector<Extent> extents = first.getExtents();
  for (Value operand : adaptor.getOperands().drop_front()) {
    auto type = cast<TensorType>(operand.getType());
    bool fits =
        type.getRank() == first.getRank() && type.getElementType() == first.getElementType();
    for (int64_t i = 0; fits && i < first.getRank(); ++i)
      fits = i == dimension || type.getExtent(i) == first.getExtent(i);
    if (!fits)
      return emitOptionalError(location, "'quern.concat' op (C3) cannot join ", first, " and ",
                               type, " along dimension ", dimension);
    extents[dimension] = extents[dimension] + type.getExtent(dimension);
  }
  types.push_back(TensorType::get(extents, first.getElementType()));
  return success();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  return getOperands().size() == 1 ? getOperands()[0] : OpFoldResult();
}

static LogicalResult verifyOffsets(Operation *op, TensorType type, ValueRange offsets) {
  if (static_cast<int64_t>(offsets.size()) != type.getRank())
    return op->emitOpError("(C1) has ") << offsets.size() << " offsets for " << type;
  for (Value offset : offsets) {
    auto offsetType = cast<TensorType>(offset.getType());
    if (offsetType.getRank() != 0 || !offsetType.getElementType().isInteger(64))
      return op->emitOpError("(C1) takes i64 scalars as offsets, not ") << offsetType;
  }
  return success();
}

LogicalResult DynamicSliceOp::verify() {
  TensorType from = getOperand().getType();
  if (from.getRank() != getType().getRank() || from.getElementType() != getType().getElementType())
    return emitOpError("(C2) turns ") << from << " into " << getType();
  return verifyOffsets(*this, from, getOffsets());
}

OpFoldResult DynamicSliceOp::fold(FoldAdaptor operands) {
  if (getOperand().getType() == getType()) // Offsets are clamped to 0.
    return getOperand();
  return foldMovedSplat(operands.getOperand(), getType());
}

LogicalResult DynamicUpdateSliceOp::verify() {
  TensorType update = getUpdate().getType();
  if (update.getRank() != getType().getRank() ||
      update.getElementType() != getType().getElementType())
    return emitOpError("(C2) puts ") << update << " into " << getType();
  return verifyOffsets(*this, getType(), getOffsets());
}
OpFoldResult DynamicUpdateSliceOp::fold(FoldAdaptor) {
  return getUpdate().getType() == getType() ? getUpdate() : OpFoldResult();
}
} // namespace quern
