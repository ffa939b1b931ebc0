// The values of a random program: arguments, constants, ranges, and which op comes next.
#include "tests/numerics/random/Generator.h"
#include <cmath>

using namespace mlir;
namespace quern::test {

static MLIRContext *loaded(MLIRContext &context) {
  context.loadAllAvailableDialects();
  return &context;
}

Generator::Generator(MLIRContext &context, unsigned seed, StringRef suffix)
    : context(loaded(context)), builder(this->context), build(builder, builder.getUnknownLoc()),
      suffix(suffix), random(seed) {
  // Sizes of vectors and tiles, less and more, and none at all; few elements altogether.
  const int64_t rows[] = {0, 1, 1, 2, 3, 5, 8, 16, 17, 33},
                columns[] = {1, 2, 3, 7, 8, 15, 16, 18, 31};
  while (sizes.size() < 3) {
    int64_t b = rows[pick(std::size(rows))], n = columns[pick(std::size(columns))];
    if (b * n > 300 || (sizes.size() < 2 && b == 0))
      continue;
    DimValues &dims = sizes.emplace_back();
    dims["B" + this->suffix] = b;
    dims["N" + this->suffix] = chance(3) ? 0 : n;
  }
  int64_t kind = pick(100);
  floats = kind < 50   ? Type(builder.getF32Type())
           : kind < 70 ? Type(builder.getF64Type())
           : kind < 85 ? Type(builder.getBF16Type())
                       : Type(builder.getF16Type());
}

//===-- types
//----------------------------------------------------------------------------------===//

static int64_t valueOf(Extent extent, const DimValues &dims) {
  return *extent.evaluate(
      [&](StringRef name) -> std::optional<int64_t> { return dims.lookup(name); });
}

int64_t Generator::least(Extent extent) const {
  int64_t result = INT64_MAX;
  for (const DimValues &dims : sizes)
    result = std::min(result, valueOf(extent, dims));
  return result;
}

int64_t Generator::most(Extent extent) const {
  int64_t result = INT64_MIN;
  for (const DimValues &dims : sizes)
    result = std::max(result, valueOf(extent, dims));
  return result;
}

bool Generator::fits(ArrayRef<Extent> shape) const {
  constexpr int64_t mostElements = 1200, mostInLoops = 300;
  for (const DimValues &dims : sizes) {
    int64_t count = 1;
    for (Extent extent : shape) {
      int64_t value = valueOf(extent, dims);
      if (value < 0)
        return false;
      count *= value;
    }
    if (count > (depth ? mostInLoops : mostElements))
      return false;
  }
  return shape.size() <= 5;
}

Extent Generator::pickExtent() {
  int64_t kind = pick(100);
  if (kind < 30)
    return Extent::dim(context, "B" + suffix);
  if (kind < 50)
    return Extent::dim(context, "N" + suffix);
  if (kind < 52)
    return constant(0);
  return constant(pickOf<int64_t>({1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 16, 17, 33}));
}

Type Generator::pickFloat() {
  if (!chance(12))
    return floats;
  return pickOf<Type>(
      {builder.getF32Type(), builder.getF64Type(), builder.getF16Type(), builder.getBF16Type()});
}

Type Generator::pickElement() {
  int64_t kind = pick(100);
  if (kind < 70)
    return pickFloat();
  if (kind < 80)
    return builder.getI64Type();
  if (kind < 92)
    return builder.getI1Type();
  return pickOf<Type>({builder.getI32Type(), builder.getIntegerType(8),
                       builder.getIntegerType(8, /*isSigned=*/false)});
}

//===-- values
//---------------------------------------------------------------------------------===//

std::optional<Known> Generator::find(Filter filter) {
  SmallVector<const Known *> all, unread;
  for (const Known &known : values)
    if (filter(known)) {
      all.push_back(&known);
      if (known.value.use_empty())
        unread.push_back(&known);
    }
  if (all.empty())
    return std::nullopt;
  return *(!unread.empty() && chance(60) ? unread[pick(unread.size())] : all[pick(all.size())]);
}

std::optional<Known> Generator::findToCompare(Filter filter) {
  bool isCoarse = !floats.isF64() && !floats.isF32();
  if (isCoarse ? !chance(3) : chance(30))
    if (auto exact = find([&](const Known &known) { return known.exact && filter(known); }))
      return exact;
  return isCoarse ? std::nullopt : find(filter);
}

Known Generator::keep(Value value, double low, double high, bool exact) {
  Known known{value, low, high, exact};
  Type element = known.type().getElementType();
  if (known.type().isFloat()) {
    if (known.magnitude() > 30) {
      double scale = std::exp2(std::floor(std::log2(8 / known.magnitude())));
      known = {build.mul(value, scale), low * scale, high * scale, exact};
    }
  } else if (!element.isInteger(1)) {
    unsigned bits = element.getIntOrFloatBitWidth();
    bool isUnsigned = element.isUnsignedInteger();
    double smallest = isUnsigned ? 0 : -std::exp2(bits - 1);
    double largest = std::exp2(isUnsigned ? bits : bits - 1) - 1;
    if (low < smallest || high > largest)
      known.low = smallest, known.high = largest;
  }
  values.push_back(known);
  return known;
}

Known Generator::tame(Known known, double limit) {
  double magnitude = known.magnitude();
  if (magnitude <= limit)
    return known;
  if (!isFloat(known)) {
    double bound = std::floor(limit) + 1;
    return keep(RemainderOp::create(builder, build.loc, known.value,
                                    build.constantLike(known.value, bound)),
                0, bound - 1, known.exact);
  }
  if (limit >= 1 && chance(50))
    return keep(build.unary<TanhOp>(known.value), -1, 1, false);
  double scale = std::exp2(std::floor(std::log2(limit / magnitude)));
  return keep(build.mul(known.value, scale), known.low * scale, known.high * scale, known.exact);
}

Known Generator::positive(Known known, double least) {
  if (known.low >= least && known.high <= 8)
    return known;
  known = tame(known, 2);
  Value positive;
  double low = 0, high = known.magnitude();
  if (chance(50)) {
    positive = build.mul(known.value, known.value);
    high *= high;
  } else {
    positive = build.unary<AbsOp>(known.value);
  }
  return keep(build.add(positive, least), low + least, high + least, false);
}

Known Generator::convertTo(const Known &known, Type element) {
  auto tensor = [](Type type) { return TensorType::get(ArrayRef<Extent>(), type); };
  bool toFloat = tensor(element).isFloat();
  if (isBool(known))
    return keep(build.convert(known.value, element), 0, 1, known.exact);
  if (element.isInteger(1)) { // Most numbers are not 0.
    std::optional<Known> plain = isFloat(known) ? std::nullopt : std::optional<Known>(known);
    Value zero = build.constantLike(known.value, 0);
    if (plain && chance(50))
      return keep(build.convert(known.value, element), 0, 1, known.exact);
    return keep(build.compare(Comparison::gt, known.value, zero), 0, 1, known.exact);
  }
  if (isFloat(known) && !toFloat) {
    bool isUnsigned = element.isUnsignedInteger();
    return keep(build.convert(known.value, element), isUnsigned ? 0 : std::floor(known.low),
                std::ceil(known.high), known.exact);
  }
  Known from = toFloat ? tame(known, 100) : known;
  return keep(build.convert(from.value, element), from.low, from.high,
              from.exact && !isFloat(from));
}

std::optional<Known> Generator::broadcastTo(TensorType type) {
  SmallVector<int64_t> dimensions;
  auto places = [&](const Known &known) {
    dimensions.clear();
    if (known.type() == type || known.type().getElementType() != type.getElementType())
      return false;
    int64_t place = 0;
    for (Extent extent : known.type().getExtents()) {
      while (place < type.getRank() && extent != type.getExtent(place) && !extent.isConstant(1))
        ++place;
      if (place == type.getRank())
        return false;
      dimensions.push_back(place++);
    }
    return true;
  };
  auto from = find(places);
  if (!from)
    return std::nullopt;
  places(*from);
  return keepLike(build.broadcast(from->value, type.getExtents(), dimensions), *from);
}

Value Generator::anyConstant(TensorType type, double &low, double &high) {
  auto number = [&]() -> double {
    if (type.isFloat())
      return pickOf({-1.0, 0.0, 0.5, 1.0, 2.0, 0.3, -0.7, 1.25});
    return type.getElementType().isInteger(1) ? pick(2) : pickIn(0, 5);
  };
  std::optional<int64_t> count =
      type.hasStaticShape() ? type.getNumElements().getConstant() : std::nullopt;
  if (!count || *count < 2 || *count > 40 || chance(60)) {
    low = high = number();
    return build.constant(type, low);
  }
  SmallVector<int64_t> shape;
  for (Extent extent : type.getExtents())
    shape.push_back(*extent.getConstant());
  SmallVector<Attribute> numbers;
  low = INFINITY, high = -INFINITY;
  for (int64_t i = 0; i < *count; ++i) {
    double x = number();
    low = std::min(low, x), high = std::max(high, x);
    numbers.push_back(type.isFloat()
                          ? Attribute(builder.getFloatAttr(type.getElementType(), x))
                          : Attribute(builder.getIntegerAttr(type.getElementType(), int64_t(x))));
  }
  auto attribute =
      DenseElementsAttr::get(RankedTensorType::get(shape, type.getElementType()), numbers);
  return ConstantOp::create(builder, build.loc, type, attribute);
}

Known Generator::like(TensorType type) {
  if (auto same = find([&](const Known &known) { return known.type() == type; });
      same && chance(75))
    return *same;
  if (chance(60))
    if (auto broadcast = broadcastTo(type))
      return *broadcast;
  if (chance(40))
    if (auto other = find([&](const Known &known) {
          bool rounds = known.type().isFloat() && !type.isFloat();
          return known.type() != type && known.type().getExtents() == type.getExtents() &&
                 (!rounds || known.exact);
        }))
      return convertTo(*other, type.getElementType());
  if (chance(50))
    if (auto fresh = argument(type))
      return *fresh;
  if (type.getRank() && !type.getElementType().isInteger(1) && chance(40)) {
    int64_t dimension = pick(type.getRank());
    double high = std::max<int64_t>(most(type.getExtent(dimension)) - 1, 0);
    return keep(IotaOp::create(builder, build.loc, type, dimension), 0, high, true);
  }
  double low, high;
  Value constant = anyConstant(type, low, high);
  return keep(constant, low, high, true);
}

Known Generator::indices(ArrayRef<Extent> shape, int64_t bound) {
  TensorType type = typeOf(shape, builder.getI64Type());
  Known known = like(type);
  // Some are left to be clamped.
  if ((known.low >= 0 && known.high < double(bound)) || (known.magnitude() < 1e6 && chance(15)))
    return known;
  return keep(
      RemainderOp::create(builder, build.loc, known.value, build.constant(type, double(bound))), 0,
      double(bound - 1), known.exact);
}

//===-- arguments and results
//--------------------------------------------------------------------===//

std::optional<Known> Generator::argument(TensorType type) {
  if (depth || !fits(type.getExtents()))
    return std::nullopt;
  // What inputs are drawn from: see drawInputs.
  double low = type.isFloat() ? -1.5 : type.getElementType().isSignlessInteger(1) ? 0 : -6;
  double high = type.isFloat() ? 1.5 : type.getElementType().isSignlessInteger(1) ? 1 : 6;
  if (type.getElementType().isUnsignedInteger())
    low = 0;
  Role role = type.hasStaticShape() && type.isFloat() && chance(75) ? Role::param : Role::input;
  if (type.hasStaticShape() && chance(8))
    role = Role::buffer;
  unsigned place = 0;
  while (place < function.getNumArguments() && getRole(function, place) <= role)
    ++place;
  std::string name = (role == Role::param    ? "w"
                      : role == Role::buffer ? "b"
                                             : "x") +
                     std::to_string(function.getNumArguments()) + suffix;
  auto attributes = builder.getDictionaryAttr(
      {builder.getNamedAttr(attr::name, builder.getStringAttr(name)),
       builder.getNamedAttr(attr::role, builder.getStringAttr(stringifyRole(role)))});
  (void)function.insertArgument(place, type, attributes, build.loc);
  return keep(function.getArgument(place), low, high, true);
}

void Generator::addArguments() {
  SmallVector<Extent> shape;
  do {
    shape.clear();
    for (int64_t i = 0, rank = pickOf<int64_t>({0, 1, 2, 2, 2, 3, 3, 4}); i < rank; ++i)
      shape.push_back(pickExtent());
  } while (!fits(shape));
  argument(typeOf(shape, pickFloat()));
  if (chance(60)) { // A row of weights.
    Extent width = constant(pickOf<int64_t>({1, 2, 3, 4, 8, 17}));
    argument(typeOf(width, floats));
  }
  for (int64_t i = 0, count = pickIn(1, 3); i < count; ++i) {
    SmallVector<Extent> other;
    if (chance(30)) { // Some other shape.
      for (int64_t k = 0, rank = pickIn(0, 3); k < rank; ++k)
        other.push_back(pickExtent());
    } else { // The same shape or a part of it.
      bool isWhole = chance(50);
      for (Extent extent : shape)
        if (isWhole || chance(60))
          other.push_back(extent);
    }
    argument(typeOf(other, pickElement()));
  }
}

void Generator::addOps(int64_t count, bool pointwiseOnly) {
  SmallVector<Choice> choices(getPointwiseChoices());
  if (!pointwiseOnly) {
    llvm::append_range(choices, getSumChoices());
    llvm::append_range(choices, getMovementChoices());
    if (depth < 2)
      llvm::append_range(choices, getRegionChoices());
  }
  int total = 0;
  for (const Choice &choice : choices)
    total += choice.weight;
  size_t wanted = values.size() + count;
  for (int64_t tries = 0; tries < 10 * count && values.size() < wanted; ++tries) {
    int64_t at = pick(total);
    for (const Choice &choice : choices)
      if ((at -= choice.weight) < 0) {
        choice.add(*this);
        break;
      }
  }
}

/// Values without readers become results; buffers are replaced by values of their type.
void Generator::finish(Program &program) {
  SmallVector<Value> results;
  SmallVector<DictionaryAttr> attributes;
  std::vector<std::pair<Value, DictionaryAttr>> buffers;
  ++depth; // There are no more arguments.
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (getRole(function, i) == Role::buffer) {
      Known next = like(cast<TensorType>(function.getArgumentTypes()[i]));
      buffers.push_back({next.value, function.getArgAttrDict(i)});
    }
  auto role = builder.getNamedAttr(attr::role, builder.getStringAttr("output"));
  for (Operation &op : function.getBody().front())
    for (Value value : op.getResults())
      if (value.use_empty()) {
        auto name = builder.getStringAttr("r" + std::to_string(results.size()) + suffix);
        results.push_back(value);
        attributes.push_back(
            builder.getDictionaryAttr({builder.getNamedAttr(attr::name, name), role}));
      }
  for (auto &[value, given] : buffers) {
    results.push_back(value);
    attributes.push_back(given);
  }
  func::ReturnOp::create(builder, build.loc, results);
  for (unsigned i = function.getNumArguments(); i-- > 0;)
    if (function.getArgument(i).use_empty() && getRole(function, i) != Role::buffer)
      (void)function.eraseArgument(i);
  function.setType(builder.getFunctionType(function.getArgumentTypes(),
                                           llvm::to_vector(ValueRange(results).getTypes())));
  function.setAllResultAttrs(attributes);
  program.function = function;
  program.sizes = sizes;
}

Program Generator::generate() {
  Program program;
  program.module = ModuleOp::create(build.loc);
  builder.setInsertionPointToEnd(program.module->getBody());
  function = func::FuncOp::create(builder, build.loc, "f", builder.getFunctionType({}, {}));
  function->setAttr(attr::kind, builder.getStringAttr("export"));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  addArguments();
  addOps(pickIn(2, 11), /*pointwiseOnly=*/false);
  finish(program);
  return program;
}

Program generateProgram(MLIRContext &context, unsigned seed, StringRef suffix) {
  Program program = Generator(context, seed, suffix).generate();
  program.seed = seed;
  return program;
}
} // namespace quern::test
