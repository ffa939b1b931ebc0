// Convolutions and reductions of windows: type inference, verifiers and folders.
#include "dialect/Window.h"

using namespace mlir;
namespace quern {

static SmallVector<WindowDim> makeWindowDims(ArrayRef<Extent> operand, ArrayRef<Extent> taps,
                                             ArrayRef<int64_t> strides, ArrayAttr low,
                                             ArrayAttr high, ArrayRef<int64_t> dilation,
                                             ArrayRef<int64_t> baseDilation) {
  SmallVector<Extent> before = getExtents(low), after = getExtents(high);
  SmallVector<WindowDim> dims;
  for (size_t i = 0; i < operand.size(); ++i)
    dims.push_back({operand[i], taps[i], before[i], after[i], strides[i], dilation[i],
                    baseDilation.empty() ? 1 : baseDilation[i]});
  return dims;
}

template <typename Op>
static SmallVector<WindowDim> windowDimsOf(Op op, TensorType type,
                                           ArrayRef<int64_t> baseDilation) {
  SmallVector<Extent> extents = type.getExtents(), taps;
  for (int64_t size : op.getWindow())
    taps.push_back(Extent::constant(type.getContext(), size));
  return makeWindowDims(ArrayRef<Extent>(extents).take_back(taps.size()), taps, op.getStrides(),
                        op.getLow(), op.getHigh(), op.getDilation(), baseDilation);
}

SmallVector<WindowDim> getWindowDims(ConvOp op) {
  SmallVector<Extent> operand = op.getLhs().getType().getExtents(),
                      taps = op.getRhs().getType().getExtents();
  return makeWindowDims(ArrayRef<Extent>(operand).drop_front(2),
                        ArrayRef<Extent>(taps).drop_front(2), op.getStrides(), op.getLow(),
                        op.getHigh(), op.getRhsDilation(), op.getLhsDilation());
}
SmallVector<WindowDim> getWindowDims(WindowReduceOp op) {
  return windowDimsOf(op, op.getOperand().getType(), op.getBaseDilation());
}
SmallVector<WindowDim> getWindowDims(WindowGatherOp op) {
  return windowDimsOf(op, op.getOperand().getType(), {});
}
SmallVector<WindowDim> getWindowDims(WindowScatterOp op) {
  return windowDimsOf(op, op.getOperand().getType(), {});
}

static bool arePositive(ArrayRef<int64_t> numbers) {
  return llvm::all_of(numbers, [](int64_t number) { return number > 0; });
}

LogicalResult ConvOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                       Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto lhs = cast<TensorType>(adaptor.getLhs().getType());
  auto rhs = cast<TensorType>(adaptor.getRhs().getType());
  if (lhs.getElementType() != rhs.getElementType())
    return emitOptionalError(location, "'quern.conv' op (C1) operands are ", lhs, " and ", rhs);
  if (lhs.getRank() != rhs.getRank() || lhs.getRank() < 3)
    return emitOptionalError(location, "'quern.conv' op (C2) cannot slide ", rhs, " over ", lhs);
  size_t rank = lhs.getRank() - 2;
  ArrayRef<int64_t> lists[] = {adaptor.getStrides(), adaptor.getLhsDilation(),
                               adaptor.getRhsDilation()};
  bool fits = adaptor.getLow().size() == rank && adaptor.getHigh().size() == rank;
  for (ArrayRef<int64_t> list : lists)
    fits &= list.size() == rank && arePositive(list);
  if (!fits)
    return emitOptionalError(location, "'quern.conv' op (C3) needs ", rank,
                             " entries in every list, and positive strides and dilations");
  int64_t groups = adaptor.getGroups();
  if (groups <= 0 || !rhs.getExtent(0).mod(groups).isConstant(0) ||
      rhs.getExtent(1) * groups != lhs.getExtent(1))
    return emitOptionalError(location, "'quern.conv' op (C4) cannot cut ", lhs, " and ", rhs,
                             " into ", groups, " groups");
  SmallVector<Extent> extents = {lhs.getExtent(0), rhs.getExtent(0)};
  SmallVector<Extent> operand = lhs.getExtents(), taps = rhs.getExtents();
  for (const WindowDim &dim : makeWindowDims(
           ArrayRef<Extent>(operand).drop_front(2), ArrayRef<Extent>(taps).drop_front(2),
           adaptor.getStrides(), adaptor.getLow(), adaptor.getHigh(), adaptor.getRhsDilation(),
           adaptor.getLhsDilation()))
    extents.push_back(dim.positions());
  types.push_back(TensorType::get(extents, lhs.getElementType()));
  return success();
}

/// The extents of a reduction of windows, or failure after an error.
static LogicalResult inferWindows(std::optional<Location> location, StringRef op, TensorType type,
                                  ArrayRef<int64_t> window, ArrayRef<int64_t> strides,
                                  ArrayAttr low, ArrayAttr high, ArrayRef<int64_t> dilation,
                                  ArrayRef<int64_t> baseDilation, SmallVectorImpl<Extent> &result) {
  size_t rank = window.size();
  if (rank == 0 || static_cast<int64_t>(rank) > type.getRank() || strides.size() != rank ||
      low.size() != rank || high.size() != rank || dilation.size() != rank ||
      (baseDilation.data() && baseDilation.size() != rank))
    return emitOptionalError(location, "'quern.", op, "' op (C1) cannot slide ", rank,
                             " dimensions over ", type);
  if (!arePositive(window) || !arePositive(strides) || !arePositive(dilation) ||
      !arePositive(baseDilation))
    return emitOptionalError(location, "'quern.", op,
                             "' op (C2) needs positive windows, strides and dilations");
  SmallVector<Extent> extents = type.getExtents(), taps;
  for (int64_t size : window)
    taps.push_back(Extent::constant(type.getContext(), size));
  result.append(extents.begin(), extents.end() - rank);
  for (const WindowDim &dim : makeWindowDims(ArrayRef<Extent>(extents).take_back(rank), taps,
                                             strides, low, high, dilation, baseDilation))
    result.push_back(dim.positions());
  return success();
}

LogicalResult WindowReduceOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                               Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<TensorType>(adaptor.getOperand().getType());
  SmallVector<Extent> extents;
  if (failed(inferWindows(location, "window_reduce", type, adaptor.getWindow(),
                          adaptor.getStrides(), adaptor.getLow(), adaptor.getHigh(),
                          adaptor.getDilation(), adaptor.getBaseDilation(), extents)))
    return failure();
  Reduction kind = adaptor.getKind();
  bool isAdd = kind == Reduction::add, dilates = llvm::any_of(adaptor.getBaseDilation(),
                                                              [](int64_t n) { return n > 1; });
  if ((!isAdd && kind != Reduction::max && kind != Reduction::min) || (dilates && !isAdd))
    return emitOptionalError(location, "'quern.window_reduce' op (C3) cannot combine by '",
                             stringifyReduction(kind), dilates ? "' with a base dilation" : "'");
  types.push_back(TensorType::get(extents, type.getElementType()));
  return success();
}

OpFoldResult WindowReduceOp::fold(FoldAdaptor) {
  auto isOne = [](int64_t number) { return number == 1; };
  bool keeps = llvm::all_of(getWindow(), isOne) && llvm::all_of(getStrides(), isOne) &&
               llvm::all_of(getBaseDilation(), isOne);
  for (ArrayAttr list : {getLow(), getHigh()})
    keeps &= llvm::all_of(quern::getExtents(list), [](Extent e) { return e.isConstant(0); });
  return keeps ? getOperand() : OpFoldResult();
}

LogicalResult WindowGatherOp::inferReturnTypes(MLIRContext *, std::optional<Location> location,
                                               Adaptor adaptor, SmallVectorImpl<Type> &types) {
  auto type = cast<TensorType>(adaptor.getOperand().getType());
  auto values = cast<TensorType>(adaptor.getValues().getType());
  SmallVector<Extent> extents;
  if (failed(inferWindows(location, "window_gather", type, adaptor.getWindow(),
                          adaptor.getStrides(), adaptor.getLow(), adaptor.getHigh(),
                          adaptor.getDilation(), {}, extents)))
    return failure();
  if (values != type)
    return emitOptionalError(location, "'quern.window_gather' op (C3) takes elements of ", values,
                             " at places of ", type);
  types.push_back(TensorType::get(extents, type.getElementType()));
  return success();
}

LogicalResult WindowScatterOp::verify() {
  TensorType type = getOperand().getType();
  SmallVector<Extent> extents;
  if (failed(inferWindows(getLoc(), "window_scatter", type, getWindow(), getStrides(), getLow(),
                          getHigh(), getDilation(), {}, extents)))
    return failure();
  for (Extent low : quern::getExtents(getLow()))
    if (!low.getConstant() || *low.getConstant() < 0)
      return emitOpError("(C3) has low ") << low.str();
  if (getUpdates().getType() != TensorType::get(extents, type.getElementType()) || getType() != type)
    return emitOpError("(C4) puts ") << getUpdates().getType() << " into " << getType();
  return success();
}

ConvOp createConv(OpBuilder &builder, Location loc, Value lhs, Value rhs, ArrayRef<WindowDim> dims,
                  int64_t groups) {
  SmallVector<int64_t> strides, lhsDilation, rhsDilation;
  SmallVector<Extent> low, high;
  for (const WindowDim &dim : dims) {
    strides.push_back(dim.stride);
    low.push_back(dim.low);
    high.push_back(dim.high);
    lhsDilation.push_back(dim.baseDilation);
    rhsDilation.push_back(dim.dilation);
  }
  MLIRContext *context = builder.getContext();
  return ConvOp::create(builder, loc, lhs, rhs, strides, getExtentArray(context, low),
                        getExtentArray(context, high), lhsDilation, rhsDilation, groups);
}
} // namespace quern
