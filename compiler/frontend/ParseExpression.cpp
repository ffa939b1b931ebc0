// Expressions, by precedence.
#include "compiler/frontend/ParserImpl.h"

using namespace quern;
using namespace quern::ast;

constexpr unsigned deepest = 100;
constexpr unsigned longestChain = 500;

bool Parser::Nesting::tooDeep() {
  if (parser.depth <= deepest)
    return false;
  parser.diagnostics.error(parser.peek().place, "this is nested too deeply");
  return true;
}

Expr *Parser::make(ExprKind kind, Place place, llvm::StringRef text, llvm::ArrayRef<Expr *> items,
                   Place mark) {
  auto *e = new (file.arena.Allocate<Expr>()) Expr();
  e->kind = kind;
  e->place = place;
  e->text = text;
  e->items = file.copy(items);
  e->mark = mark.isValid() ? mark : place;
  return e;
}

std::nullptr_t Parser::wanted(llvm::StringRef what) {
  const Token &token = peek();
  std::string found;
  switch (token.kind) {
  case TokenKind::Newline:
    found = "the line ends";
    break;
  case TokenKind::End:
    found = "the file ends";
    break;
  case TokenKind::Indent:
    found = "the line is indented";
    break;
  case TokenKind::Dedent:
    found = "the block ends";
    break;
  case TokenKind::String:
  case TokenKind::FString:
    found = "there is a string";
    break;
  default:
    found = ("there is `" + token.text + "`").str();
  }
  diagnostics.error(token.place, "expected " + what + ", but " + found);
  return nullptr;
}

bool Parser::expectOp(llvm::StringRef op, llvm::StringRef where) {
  if (acceptOp(op))
    return true;
  wanted(("`" + op + "` " + where).str());
  return false;
}

Expr *Parser::parseWhole() {
  Expr *e = parseExpr();
  if (e && peek().kind != TokenKind::End)
    return wanted("the end of the expression");
  return e;
}

Expr *Parser::parseExprs() {
  Expr *first = parseItem();
  if (!first)
    return nullptr;
  if (!isOp(",") && !first->is(ExprKind::Star))
    return first;
  llvm::SmallVector<Expr *> items{first};
  while (acceptOp(",")) {
    if (peek().kind == TokenKind::Newline || isOp(")") || isOp("]") || isOp("=") || isOp(":"))
      break;
    Expr *item = parseItem();
    if (!item)
      return nullptr;
    items.push_back(item);
  }
  return make(ExprKind::Tuple, first->place.to(before()), {}, items);
}

Expr *Parser::parseItem() {
  if (!isOp("*"))
    return parseExpr();
  Place star = take().place;
  Expr *e = parseExpr();
  return e ? make(ExprKind::Star, star.to(e->place), {}, {e}) : nullptr;
}

Expr *Parser::parseExpr() {
  Nesting nesting(*this);
  if (nesting.tooDeep())
    return nullptr;
  if (isWord("lambda")) {
    diagnostics.error(peek().place, "no `lambda`").hint("write a def and pass its name");
    return nullptr;
  }
  Expr *value = parseOr();
  if (!value || !isWord("if"))
    return value;
  Place mark = take().place;
  Expr *condition = parseOr();
  if (!condition)
    return nullptr;
  if (!acceptWord("else"))
    return wanted("`else` and the value otherwise");
  Expr *otherwise = parseExpr();
  if (!otherwise)
    return nullptr;
  return make(ExprKind::Ternary, value->place.to(otherwise->place), {},
              {condition, value, otherwise}, mark);
}

Expr *Parser::parseOr() {
  Expr *left = parseAnd();
  for (unsigned n = 0; left && isWord("or"); ++n) {
    Place mark = take().place;
    Expr *right = n < longestChain ? parseAnd() : wanted("a shorter expression");
    left = right ? make(ExprKind::Logical, left->place.to(right->place), "or", {left, right}, mark)
                 : nullptr;
  }
  return left;
}

Expr *Parser::parseAnd() {
  Expr *left = parseNot();
  for (unsigned n = 0; left && isWord("and"); ++n) {
    Place mark = take().place;
    Expr *right = n < longestChain ? parseNot() : wanted("a shorter expression");
    left = right ? make(ExprKind::Logical, left->place.to(right->place), "and", {left, right}, mark)
                 : nullptr;
  }
  return left;
}

Expr *Parser::parseNot() {
  if (!isWord("not"))
    return parseComparison();
  Nesting nesting(*this);
  if (nesting.tooDeep())
    return nullptr;
  Place mark = take().place;
  Expr *e = parseNot();
  return e ? make(ExprKind::Unary, mark.to(e->place), "not", {e}, mark) : nullptr;
}

static bool isComparison(const Token &token) {
  return token.kind == TokenKind::Operator &&
         (token.text == "==" || token.text == "!=" || token.text == "<" || token.text == "<=" ||
          token.text == ">" || token.text == ">=");
}

Expr *Parser::parseComparison() {
  Expr *left = parseBinary(0);
  if (!left)
    return nullptr;
  if (isWord("is")) {
    Place mark = take().place;
    bool negated = acceptWord("not");
    if (!acceptWord("None"))
      return wanted("None: `is` compares with None only");
    return make(ExprKind::IsNone, left->place.to(before()), negated ? "is not" : "is", {left},
                mark);
  }
  if (!isComparison(peek()))
    return left;
  const Token &op = take();
  Expr *right = parseBinary(0);
  if (!right)
    return nullptr;
  if (isComparison(peek())) {
    diagnostics.error(peek().place, "comparisons do not chain").hint("write a < b and b < c");
    return nullptr;
  }
  return make(ExprKind::Compare, left->place.to(right->place), op.text, {left, right}, op.place);
}

Expr *Parser::parseBinary(unsigned level) {
  static const std::vector<llvm::StringRef> levels[] = {
      {"|"}, {"^"}, {"&"}, {"+", "-"}, {"*", "/", "//", "%", "@"}};
  if (level == 5)
    return parseUnary();
  Expr *left = parseBinary(level + 1);
  for (unsigned n = 0; left && peek().kind == TokenKind::Operator; ++n) {
    if (level == 3 && (isOp("<<") || isOp(">>"))) {
      diagnostics.error(peek().place, "no shifts; multiply or divide by a power of two");
      return nullptr;
    }
    if (!llvm::is_contained(levels[level], peek().text))
      break;
    const Token &op = take();
    if (n == longestChain) {
      diagnostics.error(op.place, "this expression is too long; cut it into several statements");
      return nullptr;
    }
    Expr *right = parseBinary(level + 1);
    left = right ? make(ExprKind::Binary, left->place.to(right->place), op.text, {left, right},
                        op.place)
                 : nullptr;
  }
  return left;
}

Expr *Parser::parseUnary() {
  if (!isOp("-") && !isOp("~") && !isOp("+")) {
    Expr *base = parsePostfix();
    if (!base || !isOp("**"))
      return base;
    Nesting nesting(*this);
    if (nesting.tooDeep())
      return nullptr;
    Place mark = take().place;
    Expr *power = parseUnary();
    return power ? make(ExprKind::Binary, base->place.to(power->place), "**", {base, power}, mark)
                 : nullptr;
  }
  Nesting nesting(*this);
  if (nesting.tooDeep())
    return nullptr;
  const Token &op = take();
  if (op.text == "+") {
    diagnostics.error(op.place, "no unary `+`").hint("to count write i += 1");
    return nullptr;
  }
  Expr *e = parseUnary();
  return e ? make(ExprKind::Unary, op.place.to(e->place), op.text, {e}, op.place) : nullptr;
}

Expr *Parser::parsePostfix() {
  Expr *e = parseAtom();
  for (unsigned n = 0; e; ++n) {
    if (n == longestChain) {
      diagnostics.error(peek().place,
                        "this expression is too long; cut it into several statements");
      return nullptr;
    }
    if (isOp("(")) {
      e = parseCall(e);
    } else if (isOp("[")) {
      e = parseIndex(e);
    } else if (isOp(".")) {
      take();
      if (peek().kind != TokenKind::Name)
        return wanted("a name after `.`");
      const Token &name = take();
      e = make(ExprKind::Attribute, e->place.to(name.place), name.text, {e}, name.place);
    } else {
      return e;
    }
  }
  return e;
}

Expr *Parser::parseCall(Expr *callee) {
  Place open = take().place;
  llvm::SmallVector<Expr *> items{callee};
  llvm::SmallVector<llvm::StringRef> names;
  while (!isOp(")")) {
    llvm::StringRef name;
    if (isOp("**")) {
      diagnostics.error(peek().place, "no `**` in calls; name each argument");
      return nullptr;
    }
    if (isIdentifier() && isOp("=", 1)) {
      name = take().text;
      take();
    }
    Expr *item = name.empty() ? parseItem() : parseExpr();
    if (!item)
      return nullptr;
    if (isWord("for")) {
      diagnostics.error(peek().place, "a comprehension stands in brackets")
          .hint("write f([... for ...])");
      return nullptr;
    }
    if (name.empty() && !names.empty() && !names.back().empty()) {
      diagnostics.error(item->place, "a positional argument after a named one");
      return nullptr;
    }
    items.push_back(item);
    names.push_back(name);
    if (!acceptOp(",") && !isOp(")"))
      return wanted("`,` or `)` in the call");
  }
  take();
  Expr *e = make(ExprKind::Call, callee->place.to(before()), {}, items, open);
  e->names = file.copy(llvm::ArrayRef<llvm::StringRef>(names));
  return e;
}

Expr *Parser::parseIndex(Expr *base) {
  Place open = take().place;
  llvm::SmallVector<Expr *> items{base};
  while (!isOp("]")) {
    Place begin = peek().place;
    Expr *parts[3] = {nullptr, nullptr, nullptr};
    if (isOp("...")) {
      take();
      items.push_back(make(ExprKind::Ellipsis, begin));
    } else {
      if (!isOp(":") && !(parts[0] = parseItem()))
        return nullptr;
      if (isOp(":")) {
        for (unsigned i = 1; i != 3 && acceptOp(":"); ++i)
          if (!isOp(":") && !isOp(",") && !isOp("]") && !(parts[i] = parseExpr()))
            return nullptr;
        items.push_back(make(ExprKind::Slice, begin.to(before()), {}, parts));
      } else {
        items.push_back(parts[0]);
      }
    }
    if (!acceptOp(",") && !isOp("]"))
      return wanted("`,` or `]` in the index");
  }
  take();
  if (items.size() == 1) {
    diagnostics.error(open.to(before()), "an index is missing between the brackets");
    return nullptr;
  }
  return make(ExprKind::Index, base->place.to(before()), {}, items, open);
}

Expr *Parser::parseAtom() {
  const Token &token = peek();
  switch (token.kind) {
  case TokenKind::Integer:
    return take(), make(ExprKind::Integer, token.place, token.text);
  case TokenKind::Float:
    return take(), make(ExprKind::Float, token.place, token.text);
  case TokenKind::String:
    return take(), make(ExprKind::String, token.place, token.text);
  case TokenKind::FString:
    return take(), parseFormat(token);
  case TokenKind::Name:
    if (token.text == "True" || token.text == "False")
      return take(), make(ExprKind::Bool, token.place, token.text);
    if (token.text == "None")
      return take(), make(ExprKind::None, token.place);
    if (isKeyword(token.text))
      return wanted("an expression");
    return take(), make(ExprKind::Name, token.place, token.text);
  case TokenKind::Operator:
    if (token.text == "(" || token.text == "[")
      return parseBracketed();
    if (token.text == "{") {
      diagnostics.error(token.place, "no dictionaries or sets").hint("use a list or a tuple");
      return nullptr;
    }
    [[fallthrough]];
  default:
    return wanted("an expression");
  }
}

Expr *Parser::parseBracketed() {
  Nesting nesting(*this);
  if (nesting.tooDeep())
    return nullptr;
  bool isList = peek().text == "[";
  llvm::StringRef close = isList ? "]" : ")";
  Place open = take().place;
  llvm::SmallVector<Expr *> items;
  bool comma = false;
  while (!isOp(close)) {
    Expr *item = parseItem();
    if (!item)
      return nullptr;
    if (isWord("for") && isList && items.empty()) {
      take();
      Expr *target = parseTargets();
      if (!target)
        return nullptr;
      if (!acceptWord("in"))
        return wanted("`in`");
      Expr *iterable = parseOr();
      if (!iterable)
        return nullptr;
      items = {item, target, iterable};
      if (acceptWord("if")) {
        Expr *condition = parseOr();
        if (!condition)
          return nullptr;
        items.push_back(condition);
      }
      if (isWord("for")) {
        diagnostics.error(peek().place, "a comprehension has one `for`");
        return nullptr;
      }
      if (!expectOp("]", "after the comprehension"))
        return nullptr;
      return make(ExprKind::Comprehension, open.to(before()), {}, items);
    }
    items.push_back(item);
    comma = acceptOp(",");
    if (!comma && !isOp(close))
      return wanted(isList ? "`,` or `]`" : "`,` or `)`");
  }
  take();
  Place whole = open.to(before());
  if (isList)
    return make(ExprKind::List, whole, {}, items);
  if (items.size() == 1 && !comma && !items[0]->is(ExprKind::Star))
    return items[0];
  return make(ExprKind::Tuple, whole, {}, items);
}

/// `a`, `a, b` or `a, (b, c)` as a name or a tuple.
Expr *Parser::parseTargets() {
  Nesting nesting(*this);
  if (nesting.tooDeep())
    return nullptr;
  llvm::SmallVector<Expr *> items;
  Place begin = peek().place;
  do {
    if (isWord("in") || isOp(")"))
      break;
    if (acceptOp("(")) {
      Expr *inner = parseTargets();
      if (!inner || !expectOp(")", "after the names"))
        return nullptr;
      items.push_back(inner);
    } else if (isIdentifier()) {
      const Token &name = take();
      items.push_back(make(ExprKind::Name, name.place, name.text));
    } else {
      return wanted("a name");
    }
  } while (acceptOp(","));
  if (items.size() == 1)
    return items[0];
  return make(ExprKind::Tuple, begin.to(before()), {}, items);
}

Expr *Parser::parseFormat(const Token &token) {
  llvm::SmallVector<Expr *> items;
  llvm::StringRef text = token.text;
  uint32_t base = text.data() - diagnostics.getSources().getText(token.place.file).data();
  auto placeOf = [&](size_t begin, size_t end) {
    return Place{token.place.file, uint32_t(base + begin), uint32_t(base + end)};
  };
  size_t i = 0;
  while (i < text.size()) {
    size_t open = std::min(text.find('{', i), text.size());
    if (open > i)
      items.push_back(make(ExprKind::String, placeOf(i, open), text.slice(i, open)));
    if (open == text.size())
      break;
    size_t close = text.find('}', open);
    if (close == llvm::StringRef::npos) {
      diagnostics.error(placeOf(open, open + 1), "this `{` is not closed");
      return nullptr;
    }
    Nesting nesting(*this);
    if (nesting.tooDeep())
      return nullptr;
    Parser inner(diagnostics, file, lex(diagnostics, placeOf(open + 1, close), true));
    inner.depth = depth;
    Expr *e = inner.parseWhole();
    if (!e)
      return nullptr;
    if (e->is(ExprKind::Call)) {
      diagnostics.error(e->place, "no calls inside an f-string; give the value a name first");
      return nullptr;
    }
    items.push_back(e);
    i = close + 1;
  }
  return make(ExprKind::FString, token.place, {}, items);
}
