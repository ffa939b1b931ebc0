// Builds common expressions of the dialect at one location: constants of any shape, arithmetic,
// sums and repetitions with their result types worked out.
#ifndef QUERN_DIALECT_TENSORBUILDER_H
#define QUERN_DIALECT_TENSORBUILDER_H

#include "dialect/QuernOps.h"

namespace quern {
class TensorBuilder {
public:
  TensorBuilder(mlir::OpBuilder &builder, mlir::Location loc) : builder(builder), loc(loc) {}

  static TensorType typeOf(mlir::Value value) { return llvm::cast<TensorType>(value.getType()); }

  mlir::Value constant(TensorType type, double number) {
    return ConstantOp::create(builder, loc, type, number);
  }
  mlir::Value constantLike(mlir::Value value, double number) {
    return constant(typeOf(value), number);
  }
  mlir::Value zerosLike(mlir::Value value) { return constantLike(value, 0); }

  mlir::Value add(mlir::Value a, mlir::Value b) { return AddOp::create(builder, loc, a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return SubOp::create(builder, loc, a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return MulOp::create(builder, loc, a, b); }
  mlir::Value div(mlir::Value a, mlir::Value b) { return DivOp::create(builder, loc, a, b); }
  mlir::Value neg(mlir::Value a) { return NegOp::create(builder, loc, a); }
  mlir::Value add(mlir::Value a, double b) { return add(a, constantLike(a, b)); }
  mlir::Value mul(mlir::Value a, double b) { return mul(a, constantLike(a, b)); }
  mlir::Value compare(Comparison relation, mlir::Value a, mlir::Value b) {
    return CompareOp::create(builder, loc, relation, a, b);
  }
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) {
    return SelectOp::create(builder, loc, condition, a, b);
  }
  template <typename Op> mlir::Value unary(mlir::Value a) { return Op::create(builder, loc, a); }

  mlir::Value sum(mlir::Value a, llvm::ArrayRef<int64_t> dimensions) {
    return ReduceOp::create(builder, loc, Reduction::add, a, dimensions);
  }
  mlir::Value broadcast(mlir::Value a, llvm::ArrayRef<Extent> shape,
                        llvm::ArrayRef<int64_t> dimensions) {
    return BroadcastOp::create(builder, loc, a, shape, dimensions);
  }
  /// Repeats a reduction's result along the dimensions that were reduced.
  mlir::Value unreduce(mlir::Value a, TensorType type, llvm::ArrayRef<int64_t> reduced) {
    llvm::SmallVector<int64_t> kept;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (!llvm::is_contained(reduced, i))
        kept.push_back(i);
    return broadcast(a, type.getExtents(), kept);
  }
  mlir::Value reshape(mlir::Value a, llvm::ArrayRef<Extent> shape) {
    return ReshapeOp::create(builder, loc, a, shape);
  }
  mlir::Value transpose(mlir::Value a, llvm::ArrayRef<int64_t> permutation) {
    return TransposeOp::create(builder, loc, a, permutation);
  }
  /// `a` with one of its dimensions at another place.
  mlir::Value moveDimension(mlir::Value a, int64_t from, int64_t to) {
    llvm::SmallVector<int64_t> order = allDimensions(a);
    order.erase(order.begin() + from);
    order.insert(order.begin() + to, from);
    return from == to ? a : transpose(a, order);
  }
  mlir::Value convert(mlir::Value a, mlir::Type elementType) {
    return ConvertOp::create(builder, loc, a, elementType);
  }

  static llvm::SmallVector<int64_t> allDimensions(mlir::Value a) {
    return llvm::to_vector(llvm::seq<int64_t>(0, typeOf(a).getRank()));
  }
  /// Indices into all dimensions: `index` into one of them, in the others each element's own.
  llvm::SmallVector<mlir::Value> indicesAlong(mlir::Value index, int64_t dimension) {
    llvm::SmallVector<mlir::Value> indices;
    for (int64_t i : allDimensions(index))
      indices.push_back(i == dimension ? index
                                       : IotaOp::create(builder, loc, typeOf(index), i).getResult());
    return indices;
  }
  /// The elements of `a` at these indices along a dimension.
  mlir::Value gatherAlong(mlir::Value a, mlir::Value index, int64_t dimension) {
    return GatherOp::create(builder, loc, a, indicesAlong(index, dimension), allDimensions(a));
  }
  /// The index along a dimension of the last element so far that is `extremum`, the greatest or
  /// least up to its place.
  mlir::Value placesOfExtremum(mlir::Value a, mlir::Value extremum, int64_t dimension) {
    TensorType places = TensorType::get(typeOf(a).getExtents(), builder.getI64Type());
    mlir::Value attains = compare(Comparison::eq, a, extremum);
    if (typeOf(a).isFloat())
      attains = OrOp::create(builder, loc, attains, compare(Comparison::ne, a, a));
    mlir::Value index = IotaOp::create(builder, loc, places, dimension);
    return CumulateOp::create(builder, loc, Reduction::max,
                              select(attains, index, constant(places, 0)), dimension);
  }

  mlir::OpBuilder &builder;
  mlir::Location loc;
};
} // namespace quern

#endif
