// Operands brought together: the common element type, numbers as tensors, shapes broadcast.
#include "compiler/frontend/Sema.h"
#include "dialect/Fold.h"

using namespace quern;
using namespace quern::sema;

bool Sema::isTensorLike(const Value &v) const { return v.kind == Value::Tensor; }

std::optional<Extent> Sema::asExtent(const Value &v) {
  if (v.kind == Value::Extent)
    return v.extent;
  if (v.kind == Value::Int)
    return Extent::constant(context, v.integer);
  return std::nullopt;
}

static int category(mlir::Type t) {
  return llvm::isa<mlir::FloatType>(t) ? 2 : t.isInteger(1) ? 0 : 1;
}

/// The common type of two element types, as PyTorch promotes.
static mlir::Type join(mlir::Type a, mlir::Type b) {
  if (!a || a == b)
    return b;
  if (category(a) != category(b))
    return category(a) > category(b) ? a : b;
  unsigned wa = a.getIntOrFloatBitWidth(), wb = b.getIntOrFloatBitWidth();
  if (wa != wb)
    return wa > wb ? a : b;
  // f16 with bf16, u8 with i8.
  return category(a) == 2 ? mlir::Type(mlir::Float32Type::get(a.getContext()))
                          : mlir::Type(mlir::IntegerType::get(a.getContext(), 32));
}

mlir::Type Sema::promote(llvm::ArrayRef<Value> values) {
  mlir::Type byRank[3];
  for (const Value &v : values) {
    mlir::Type t;
    int priority = 0;
    if (v.kind == Value::Tensor) {
      t = v.type().getElementType();
      priority = v.flag ? 0 : v.type().getRank() ? 2 : 1;
    } else if (v.kind == Value::Float) {
      t = realType();
    } else if (v.kind == Value::Bool) {
      t = builder.getI1Type();
    } else {
      t = builder.getI64Type();
    }
    byRank[priority] = join(byRank[priority], t);
  }
  // A lower priority only counts when its category is higher.
  mlir::Type result;
  for (int priority : {2, 1, 0}) {
    mlir::Type t = byRank[priority];
    if (t && (!result || category(t) > category(result)))
      result = t;
  }
  return result;
}

Value Sema::toTensor(const Value &v, mlir::Type element, Place place) {
  if (v.isError())
    return v;
  if (!trace)
    return error(place, "tensors are computed in functions");
  if (v.kind == Value::Tensor) {
    if (v.type().getElementType() == element)
      return v;
    Value result = Value::of(at(place).convert(use(v), element), v.flag);
    result.labels = v.labels;
    return result;
  }
  if (v.kind == Value::Int && !llvm::isa<mlir::FloatType>(element)) // A double has 53 bits.
    return Value::of(ConstantOp::create(builder, location(place), scalar(element),
                                        getSplat(scalar(element), v.integer)),
                     true);
  if (v.isNumber())
    return Value::of(at(place).constant(scalar(element), v.number), true);
  if (v.kind == Value::Extent) {
    bool direct = llvm::isa<mlir::FloatType>(element) || element.isInteger(64);
    mlir::Type own = direct ? element : mlir::Type(builder.getI64Type());
    mlir::Value t = ExtentOp::create(builder, location(place), scalar(own), v.extent.getAttr());
    return Value::of(direct ? t : at(place).convert(t, element), true);
  }
  if (v.kind == Value::List)
    return error(place, toText(v) + " is a list; a tensor is tensor(" + toText(v) + ")");
  return error(place, "this takes a tensor or a number, not " + describe(v));
}

Value Sema::broadcastTo(const Value &v, llvm::ArrayRef<Extent> shape, Place place) {
  if (v.isError())
    return v;
  TensorType type = v.type();
  if (llvm::ArrayRef<Extent>(type.getExtents()) == shape)
    return v;
  // Constants are made in the right shape at once.
  if (auto c = v.tensor.getDefiningOp<ConstantOp>(); c && c.getValue().isSplat()) {
    auto t = TensorType::get(shape, type.getElementType());
    mlir::Attribute splat =
        llvm::cast<mlir::DenseElementsAttr>(c.getValue()).getSplatValue<mlir::Attribute>();
    double number = llvm::isa<mlir::FloatAttr>(splat)
                        ? llvm::cast<mlir::FloatAttr>(splat).getValueAsDouble()
                    : type.getElementType().isInteger(1)
                        ? double(!llvm::cast<mlir::IntegerAttr>(splat).getValue().isZero())
                    : type.getElementType().isUnsignedInteger()
                        ? double(llvm::cast<mlir::IntegerAttr>(splat).getValue().getZExtValue())
                        : double(llvm::cast<mlir::IntegerAttr>(splat).getValue().getSExtValue());
    if (std::abs(number) < 9e15 || type.isFloat())
      return Value::of(at(place).constant(t, number));
  }
  llvm::SmallVector<int64_t> dims;
  for (int64_t i = 0; i < type.getRank(); ++i)
    dims.push_back(shape.size() - type.getRank() + i);
  return Value::of(at(place).broadcast(use(v), shape, dims));
}

std::vector<Value> Sema::asGiven(llvm::ArrayRef<Value> given, std::vector<Value> converted) {
  for (auto [value, original] : llvm::zip_equal(converted, given))
    if (original.kind == Value::Tensor)
      value = original;
  return converted;
}

bool Sema::broadcastShapes(llvm::ArrayRef<Value> values, llvm::SmallVectorImpl<Extent> &shape,
                           Place place, llvm::StringRef what) {
  size_t rank = 0;
  for (const Value &v : values)
    rank = std::max<size_t>(rank, v.type().getRank());
  shape.assign(rank, constant(1));
  for (const Value &v : values) {
    auto extents = v.type().getExtents();
    size_t shift = rank - extents.size();
    for (auto [i, extent] : llvm::enumerate(extents)) {
      Extent &result = shape[shift + i];
      if (extent == result || extent.isConstant(1))
        continue;
      if (!result.isConstant(1)) {
        std::string text;
        for (auto [k, each] : llvm::enumerate(values))
          text += (k ? k + 1 == values.size() ? " and " : ", " : "") + describe(each);
        Diagnostic &d = report(place, what + " needs shapes that fit, but these are " + text);
        if (extent.getDim() || result.getDim())
          d.hint("nothing says that " + extent.str(true) + " is " + result.str(true));
        return false;
      }
      result = extent;
    }
  }
  // `[B, 1] - [B]` gives [B, B], which is seldom meant.
  for (size_t i = 0; i < rank; ++i) {
    for (size_t j = 0; j < i; ++j) {
      bool whole = llvm::any_of(values, [&](const Value &v) {
        return v.type().getRank() == int64_t(rank) && v.type().getExtent(i) == shape[i] &&
               v.type().getExtent(j) == shape[j];
      });
      if (shape[i] == shape[j] && shape[i].getDim() && !whole && !sources.isLibrary(place) &&
          values.size() == 2)
        diagnostics
            .warning(place, "the result of " + describe(values[0]) + " and " + describe(values[1]) +
                                " has the dim " + shape[i].str(true) + " twice; was that meant?")
            .hint("if not, give both the same shape");
    }
  }
  return true;
}
