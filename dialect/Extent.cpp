// The arithmetic of extents. Terms are sorted by descending degree, then by their factors, with the
// constant last; a product of factors is sorted; quotients and remainders absorb what they can.
#include "dialect/Extent.h"
#include "dialect/QuernDialect.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
namespace quern {

static int compareExtents(ExtentAttr a, ExtentAttr b);

/// Orders factors: dims by name, then quotients, then remainders.
static int compareFactors(Attribute a, Attribute b) {
  if (a == b)
    return 0;
  auto kind = [](Attribute f) { return isa<StringAttr>(f) ? 0 : isa<QuotientAttr>(f) ? 1 : 2; };
  if (kind(a) != kind(b))
    return kind(a) - kind(b);
  if (auto name = dyn_cast<StringAttr>(a))
    return name.getValue().compare(cast<StringAttr>(b).getValue());
  auto parts = [](Attribute f) -> std::pair<ExtentAttr, int64_t> {
    if (auto quotient = dyn_cast<QuotientAttr>(f))
      return {quotient.getNumerator(), quotient.getDivisor()};
    auto remainder = cast<RemainderAttr>(f);
    return {remainder.getNumerator(), remainder.getDivisor()};
  };
  auto [numeratorA, divisorA] = parts(a);
  auto [numeratorB, divisorB] = parts(b);
  if (divisorA != divisorB)
    return divisorA < divisorB ? -1 : 1;
  return compareExtents(numeratorA, numeratorB);
}

static int compareProducts(ArrayRef<Attribute> a, ArrayRef<Attribute> b) {
  if (a.size() != b.size())
    return a.size() > b.size() ? -1 : 1;
  for (auto [x, y] : llvm::zip(a, b))
    if (int order = compareFactors(x, y))
      return order;
  return 0;
}

static int compareExtents(ExtentAttr a, ExtentAttr b) {
  if (a.getTerms().size() != b.getTerms().size())
    return a.getTerms().size() < b.getTerms().size() ? -1 : 1;
  for (auto [x, y] : llvm::zip(a.getTerms(), b.getTerms())) {
    if (int order = compareProducts(x.getFactors(), y.getFactors()))
      return order;
    if (x.getCoefficient() != y.getCoefficient())
      return x.getCoefficient() < y.getCoefficient() ? -1 : 1;
  }
  return 0;
}

namespace {
struct Term {
  int64_t coefficient;
  SmallVector<Attribute> factors;
};
} // namespace

/// Coefficients wrap on overflow; `evaluate` is what reports overflow of real extents.
static int64_t wrappingAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
static int64_t wrappingMul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

static Extent normalise(MLIRContext *context, SmallVectorImpl<Term> &terms) {
  for (Term &term : terms)
    llvm::sort(term.factors, [](Attribute a, Attribute b) { return compareFactors(a, b) < 0; });
  llvm::sort(terms, [](const Term &a, const Term &b) {
    return compareProducts(a.factors, b.factors) < 0;
  });
  SmallVector<TermAttr> result;
  for (size_t i = 0; i < terms.size();) {
    int64_t coefficient = 0;
    size_t j = i;
    for (; j < terms.size() && terms[j].factors == terms[i].factors; ++j)
      coefficient = wrappingAdd(coefficient, terms[j].coefficient);
    if (coefficient)
      result.push_back(TermAttr::get(context, coefficient, terms[i].factors));
    i = j;
  }
  return Extent(ExtentAttr::get(context, result));
}

static SmallVector<Term> termsOf(Extent extent) {
  SmallVector<Term> terms;
  for (TermAttr term : extent.getAttr().getTerms())
    terms.push_back({term.getCoefficient(), llvm::to_vector(term.getFactors())});
  return terms;
}

static Extent ofFactor(Attribute factor) {
  SmallVector<Term> terms{{1, {factor}}};
  return normalise(factor.getContext(), terms);
}

Extent::Extent(ExtentAttr attr) : attr(attr) {}
ExtentAttr Extent::getAttr() const { return cast<ExtentAttr>(attr); }
MLIRContext *Extent::getContext() const { return attr.getContext(); }

Extent Extent::constant(MLIRContext *context, int64_t value) {
  SmallVector<Term> terms{{value, {}}};
  return normalise(context, terms);
}

Extent Extent::dim(MLIRContext *context, StringRef name) {
  return ofFactor(StringAttr::get(context, name));
}

std::optional<int64_t> Extent::getConstant() const {
  ArrayRef<TermAttr> terms = getAttr().getTerms();
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms[0].getFactors().empty())
    return terms[0].getCoefficient();
  return std::nullopt;
}

bool Extent::isConstant(int64_t value) const { return getConstant() == value; }

std::optional<StringRef> Extent::getDim() const {
  auto monomial = getMonomial();
  if (!monomial || monomial->first != 1 || monomial->second.size() != 1)
    return std::nullopt;
  if (auto name = dyn_cast<StringAttr>(monomial->second[0]))
    return name.getValue();
  return std::nullopt;
}

std::optional<std::pair<int64_t, ArrayRef<Attribute>>> Extent::getMonomial() const {
  ArrayRef<TermAttr> terms = getAttr().getTerms();
  if (terms.size() != 1)
    return std::nullopt;
  return std::make_pair(terms[0].getCoefficient(), terms[0].getFactors());
}

static std::pair<Extent, int64_t> partsOf(Attribute factor) {
  if (auto quotient = dyn_cast<QuotientAttr>(factor))
    return {Extent(quotient.getNumerator()), quotient.getDivisor()};
  auto remainder = cast<RemainderAttr>(factor);
  return {Extent(remainder.getNumerator()), remainder.getDivisor()};
}

void Extent::walkDims(function_ref<void(StringRef)> visit) const {
  for (TermAttr term : getAttr().getTerms())
    for (Attribute factor : term.getFactors()) {
      if (auto name = dyn_cast<StringAttr>(factor))
        visit(name.getValue());
      else
        partsOf(factor).first.walkDims(visit);
    }
}

Extent Extent::operator+(Extent other) const {
  SmallVector<Term> terms = termsOf(*this);
  llvm::append_range(terms, termsOf(other));
  return normalise(getContext(), terms);
}
Extent Extent::operator*(Extent other) const {
  SmallVector<Term> terms;
  for (const Term &a : termsOf(*this))
    for (const Term &b : termsOf(other)) {
      Term product{wrappingMul(a.coefficient, b.coefficient), a.factors};
      llvm::append_range(product.factors, b.factors);
      terms.push_back(std::move(product));
    }
  return normalise(getContext(), terms);
}
Extent Extent::operator-(Extent other) const { return *this + other * -1; }
Extent Extent::operator+(int64_t value) const { return *this + constant(getContext(), value); }
Extent Extent::operator-(int64_t value) const { return *this + constant(getContext(), -value); }
Extent Extent::operator*(int64_t value) const { return *this * constant(getContext(), value); }

/// Splits into the multiple of `divisor` (already divided) and the rest, whose coefficients lie in
/// [0, divisor).
static std::pair<Extent, Extent> splitMultiples(Extent extent, int64_t divisor) {
  SmallVector<Term> whole, rest;
  for (Term &term : termsOf(extent)) {
    int64_t remainder = llvm::mod(term.coefficient, divisor);
    int64_t quotient = (term.coefficient - remainder) / divisor;
    if (quotient)
      whole.push_back({quotient, term.factors});
    if (remainder)
      rest.push_back({remainder, term.factors});
  }
  return {normalise(extent.getContext(), whole), normalise(extent.getContext(), rest)};
}

Extent Extent::floorDiv(int64_t divisor) const {
  assert(divisor > 0 && "divisors are positive");
  auto [whole, rest] = splitMultiples(*this, divisor);
  if (rest.getConstant()) // It lies in [0, divisor).
    return whole;
  // (x floordiv a) floordiv b is x floordiv (a*b).
  if (auto monomial = rest.getMonomial();
      monomial && monomial->first == 1 && monomial->second.size() == 1)
    if (auto inner = dyn_cast<QuotientAttr>(monomial->second[0]))
      return whole + Extent(inner.getNumerator()).floorDiv(inner.getDivisor() * divisor);
  return whole + ofFactor(QuotientAttr::get(getContext(), rest.getAttr(), divisor));
}

Extent Extent::mod(int64_t divisor) const {
  assert(divisor > 0 && "divisors are positive");
  Extent rest = splitMultiples(*this, divisor).second;
  if (rest.getConstant())
    return rest;
  return ofFactor(RemainderAttr::get(getContext(), rest.getAttr(), divisor));
}

Extent Extent::alignTo(int64_t multiple) const {
  return (*this + (multiple - 1)).floorDiv(multiple) * multiple;
}

Extent Extent::substitute(function_ref<Extent(StringRef)> replacement) const {
  Extent sum = constant(getContext(), 0);
  for (TermAttr term : getAttr().getTerms()) {
    Extent product = constant(getContext(), term.getCoefficient());
    for (Attribute factor : term.getFactors()) {
      if (auto name = dyn_cast<StringAttr>(factor)) {
        Extent other = replacement(name.getValue());
        product = product * (other ? other : dim(getContext(), name.getValue()));
        continue;
      }
      auto [numerator, divisor] = partsOf(factor);
      Extent inner = numerator.substitute(replacement);
      product =
          product * (isa<QuotientAttr>(factor) ? inner.floorDiv(divisor) : inner.mod(divisor));
    }
    sum = sum + product;
  }
  return sum;
}

std::optional<int64_t>
Extent::evaluate(function_ref<std::optional<int64_t>(StringRef)> value) const {
  int64_t sum = 0;
  for (TermAttr term : getAttr().getTerms()) {
    int64_t product = term.getCoefficient();
    for (Attribute factor : term.getFactors()) {
      std::optional<int64_t> number;
      if (auto name = dyn_cast<StringAttr>(factor)) {
        number = value(name.getValue());
      } else {
        auto [numerator, divisor] = partsOf(factor);
        number = numerator.evaluate(value);
        if (number) {
          int64_t remainder = llvm::mod(*number, divisor);
          number = isa<QuotientAttr>(factor) ? (*number - remainder) / divisor : remainder;
        }
      }
      if (!number || llvm::MulOverflow(product, *number, product))
        return std::nullopt;
    }
    if (llvm::AddOverflow(sum, product, sum))
      return std::nullopt;
  }
  return sum;
}

static void printFactor(raw_ostream &os, Attribute factor, bool asInLanguage) {
  if (auto name = dyn_cast<StringAttr>(factor)) {
    os << name.getValue();
    return;
  }
  auto [numerator, divisor] = partsOf(factor);
  bool isQuotient = isa<QuotientAttr>(factor);
  bool bare = numerator.getDim().has_value();
  os << (bare ? "" : "(") << numerator.str(asInLanguage) << (bare ? "" : ")");
  if (asInLanguage)
    os << (isQuotient ? "//" : " % ") << divisor;
  else
    os << (isQuotient ? " floordiv " : " mod ") << divisor;
}

std::string Extent::str(bool asInLanguage) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  ArrayRef<TermAttr> terms = getAttr().getTerms();
  if (terms.empty())
    os << 0;
  for (auto [index, term] : llvm::enumerate(terms)) {
    int64_t coefficient = term.getCoefficient();
    bool minus = coefficient < 0 && index > 0;
    if (index)
      os << (minus ? " - " : " + ");
    if (minus)
      coefficient = -coefficient;
    if (term.getFactors().empty()) {
      os << coefficient;
      continue;
    }
    if (coefficient == -1)
      os << "-";
    else if (coefficient != 1)
      os << coefficient << "*";
    bool several = term.getFactors().size() > 1 || coefficient != 1;
    llvm::interleave(
        term.getFactors(), os,
        [&](Attribute factor) {
          bool bracket = several && !isa<StringAttr>(factor);
          os << (bracket ? "(" : "");
          printFactor(os, factor, asInLanguage);
          os << (bracket ? ")" : "");
        },
        "*");
  }
  return text;
}
} // namespace quern
