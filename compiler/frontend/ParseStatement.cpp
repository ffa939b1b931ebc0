// Statements and declarations, with recovery at the next statement after an error.
#include "compiler/frontend/ParserImpl.h"

using namespace quern;
using namespace quern::ast;

std::unique_ptr<File> quern::parse(DiagnosticEngine &diagnostics, uint32_t fileIndex) {
  auto file = std::make_unique<File>();
  file->file = fileIndex;
  uint32_t size = diagnostics.getSources().getText(fileIndex).size();
  Parser(diagnostics, *file, lex(diagnostics, {fileIndex, 0, size})).parseFile();
  return file;
}

Stmt *Parser::make(StmtKind kind, Place place) {
  auto *s = new (file.arena.Allocate<Stmt>()) Stmt();
  s->kind = kind;
  s->place = place;
  return s;
}

static llvm::StringRef docOf(Block body) {
  if (!body.empty() && body[0]->kind == StmtKind::Expression &&
      body[0]->value->is(ExprKind::String))
    return body[0]->value->text;
  return {};
}

void Parser::parseFile() {
  llvm::SmallVector<Stmt *> body;
  while (peek().kind != TokenKind::End)
    parseStatementInto(body);
  file.body = file.copy(llvm::ArrayRef<Stmt *>(body));
  file.doc = docOf(file.body);
}

/// What a statement that could not be read would have defined, so that its uses say nothing
/// further.
Stmt *Parser::makeBroken(size_t begin) {
  Stmt *s = make(StmtKind::Broken, tokens[begin].place);
  llvm::SmallVector<llvm::StringRef> names;
  for (size_t i = begin; i < at && names.empty(); ++i) {
    llvm::StringRef word = tokens[i].text;
    bool isFirst = i == begin || tokens[i - 1].kind == TokenKind::Newline;
    if (isFirst && i + 1 < at && tokens[i + 1].kind == TokenKind::Name &&
        (word == "def" || word == "module" || word == "optimizer" || word == "class"))
      names.push_back(tokens[i + 1].text);
  }
  // `a, b = ...`
  for (size_t i = begin; names.empty() && i + 1 < at && tokens[i].kind == TokenKind::Name; i += 2) {
    if (tokens[i + 1].text == "=")
      for (size_t k = begin; k <= i; k += 2)
        names.push_back(tokens[k].text);
    if (tokens[i + 1].text != ",")
      break;
  }
  s->names = file.copy(llvm::ArrayRef<llvm::StringRef>(names));
  return s;
}

void Parser::parseStatementInto(llvm::SmallVectorImpl<Stmt *> &into) {
  size_t begin = at;
  if (peek().kind == TokenKind::Newline || peek().kind == TokenKind::Dedent) {
    take();
    return;
  }
  if (peek().kind == TokenKind::Indent) {
    diagnostics.error(peek().place, "this line is indented, but no block begins here");
    take();
    return;
  }
  if (Stmt *stmt = parseStatement())
    into.push_back(stmt);
  else {
    skipStatement();
    while (isWord("elif") || isWord("else")) {
      take();
      skipStatement();
    }
    into.push_back(makeBroken(begin));
  }
  if (at == begin)
    take();
}

/// Goes on behind the line with the error and the block that may hang on it.
void Parser::skipStatement() {
  // An error right behind a line end belongs to the line before.
  if (at && tokens[at - 1].kind != TokenKind::Newline && tokens[at - 1].kind != TokenKind::Dedent)
    while (peek().kind != TokenKind::Newline && peek().kind != TokenKind::End &&
           peek().kind != TokenKind::Dedent && peek().kind != TokenKind::Indent)
      take();
  if (peek().kind == TokenKind::Newline)
    take();
  if (peek().kind != TokenKind::Indent)
    return;
  unsigned open = 0;
  do {
    open += peek().kind == TokenKind::Indent;
    open -= peek().kind == TokenKind::Dedent;
    take();
  } while (open && peek().kind != TokenKind::End);
}

bool Parser::expectNewline() {
  if (peek().kind == TokenKind::Newline) {
    take();
    return true;
  }
  if (peek().kind == TokenKind::End || peek().kind == TokenKind::Dedent)
    return true;
  if (isOp("=")) {
    diagnostics.error(peek().place, "one `=` a statement; assign the names one by one");
    return false;
  }
  return wanted("the end of the line"), false;
}

/// Words that begin a statement in Python, with what Quern has in their place.
bool Parser::refusePython() {
  static const std::pair<llvm::StringRef, llvm::StringRef> words[] = {
      {"class", "a class of layers is a module: module MLP(inputs, outputs):"},
      {"while", "repeat a fixed number of times: for i in range(n):"},
      {"with", "nothing needs it: a @train function makes gradients, others do not"},
      {"try", "errors are found while compiling"},
      {"raise", "state a condition: def f(...) where N == B:"},
      {"assert", "state a condition: def f(...) where N == B:"},
      {"del", "names end with their block"},
      {"global", "names of the file can be read anywhere; state is a buffer of a module"},
      {"nonlocal", "state is a buffer of a module"},
      {"yield", "append to a list and return it"},
      {"async", "functions are pure and run on all cores"},
      {"break", "a loop runs to its end; choose values with where(c, a, b)"},
      {"continue", "a loop runs to its end; choose values with where(c, a, b)"}};
  if (peek().kind != TokenKind::Name || isOp("=", 1) || isOp("(", 1) || isOp(".", 1) ||
      isOp("[", 1) || isOp(",", 1))
    return false;
  for (auto [word, hint] : words) {
    if (isWord(word)) {
      diagnostics.error(peek().place, "no `" + word + "`").hint(hint);
      take();
      return true;
    }
  }
  return false;
}

Stmt *Parser::parseStatement() {
  Nesting nesting(*this);
  if (nesting.tooDeep() || refusePython())
    return nullptr;
  if (isOp("@"))
    return parseDecorated();
  if (isWord("def"))
    return parseDefinition(StmtKind::Def, {});
  if (isWord("module") && isIdentifier(1))
    return parseDefinition(StmtKind::Module, {});
  if (isWord("optimizer") && isIdentifier(1))
    return parseDefinition(StmtKind::Optimizer, {});
  if (isWord("import") || isWord("from"))
    return parseImport();
  if (isWord("if"))
    return parseIf();
  if (isWord("for"))
    return parseFor();
  Stmt *stmt = parseSimple();
  return stmt && expectNewline() ? stmt : nullptr;
}

Stmt *Parser::parseSimple() {
  Place begin = peek().place;
  if (acceptWord("pass"))
    return make(StmtKind::Pass, begin);
  if (acceptWord("return")) {
    Stmt *s = make(StmtKind::Return, begin);
    if (peek().kind != TokenKind::Newline && peek().kind != TokenKind::End &&
        peek().kind != TokenKind::Dedent) {
      s->value = parseExprs();
      if (!s->value)
        return nullptr;
      s->place = begin.to(s->value->place);
    }
    return s;
  }
  Expr *target = parseExprs();
  if (!target)
    return nullptr;
  Stmt *s = make(StmtKind::Expression, target->place);
  s->target = target;
  if (isOp(":") && target->is(ExprKind::Name)) {
    take();
    s->kind = StmtKind::Annotated;
    s->type = parseType();
    if (!s->type || !expectOp("=", "and a value"))
      return nullptr;
    s->value = parseExpr();
  } else if (isOp("=") || isOp("+=") || isOp("-=") || isOp("*=") || isOp("/=")) {
    s->op = take().text;
    s->kind = s->op == "=" ? StmtKind::Assign : StmtKind::Augmented;
    s->value = parseExprs();
  } else if (isOp(":=")) {
    s->op = take().text;
    s->kind = StmtKind::IndexDef;
    s->value = parseExpr();
  } else if (peek().kind == TokenKind::Operator && peek().text.size() > 1 &&
             peek().text.ends_with("=") && !isOp("==")) {
    diagnostics.error(peek().place,
                      "no `" + peek().text + "`; write x = x " + peek().text.drop_back() + " y");
    return nullptr;
  } else {
    s->value = target;
    s->target = nullptr;
  }
  if (!s->value)
    return nullptr;
  s->place = begin.to(s->value->place);
  return s;
}

Stmt *Parser::parseDecorated() {
  llvm::SmallVector<Expr *> decorators;
  bool broken = false;
  while (acceptOp("@")) {
    Expr *e = parseExpr();
    if (!e || !expectNewline()) {
      // The function below is still read, so that its own errors are found.
      broken = true;
      while (peek().kind != TokenKind::Newline && peek().kind != TokenKind::End)
        take();
      take();
    } else {
      decorators.push_back(e);
    }
  }
  if (!isWord("def"))
    return wanted("def after the decorator");
  Stmt *s = parseDefinition(StmtKind::Def, decorators);
  if (broken && s)
    return make(StmtKind::Pass, s->place);
  return s;
}

Stmt *Parser::parseDefinition(StmtKind kind, llvm::ArrayRef<Expr *> decorators) {
  Place begin = take().place;
  if (!isIdentifier())
    return wanted("a name");
  auto *d = new (file.arena.Allocate<Definition>()) Definition();
  const Token &name = take();
  d->name = name.text;
  d->place = name.place;
  d->decorators = file.copy(decorators);
  llvm::SmallVector<Param> params;
  if (isOp(":") && kind != StmtKind::Def) {
    diagnostics.error(peek().place, "a module has a list of arguments, even an empty one")
        .hint("write " + d->name + "():");
    return nullptr;
  }
  if (!parseParams(params))
    return nullptr;
  llvm::SmallVector<Result> results;
  if (kind == StmtKind::Def && acceptOp("->") && !parseResults(results))
    return nullptr;
  llvm::SmallVector<Expr *> conditions;
  if (acceptWord("where")) {
    do {
      Expr *condition = parseOr();
      if (!condition)
        return nullptr;
      conditions.push_back(condition);
    } while (acceptOp(","));
  }
  d->params = file.copy(llvm::ArrayRef<Param>(params));
  d->results = file.copy(llvm::ArrayRef<Result>(results));
  d->conditions = file.copy(llvm::ArrayRef<Expr *>(conditions));
  if (!parseBlock(d->body, "the body of " + d->name.str()))
    return nullptr;
  d->doc = docOf(d->body);
  Stmt *s = make(kind, begin.to(name.place));
  s->definition = d;
  return s;
}

bool Parser::parseParams(llvm::SmallVectorImpl<Param> &params) {
  if (!expectOp("(", "and the arguments"))
    return false;
  while (!isOp(")")) {
    if (isOp("**")) {
      diagnostics.error(peek().place, "no `**` in an argument list; name each argument");
      return false;
    }
    bool rest = acceptOp("*");
    if (!isIdentifier())
      return wanted("an argument's name"), false;
    const Token &name = take();
    Param param;
    param.name = name.text;
    param.place = name.place;
    param.rest = rest;
    if (acceptOp(":") && !(param.type = parseType()))
      return false;
    if (acceptOp("=") && !(param.value = parseExpr()))
      return false;
    for (const Param &other : params) {
      if (other.name == param.name) {
        diagnostics.error(param.place, "there are two arguments " + param.name);
        return false;
      }
    }
    params.push_back(param);
    if (!acceptOp(",") && !isOp(")"))
      return wanted("`,` or `)` after the argument"), false;
  }
  take();
  return true;
}

bool Parser::parseResults(llvm::SmallVectorImpl<Result> &results) {
  if (!isOp("(")) {
    Type *type = parseType();
    if (type)
      results.push_back({{}, type});
    return type != nullptr;
  }
  take();
  while (!isOp(")")) {
    Result result;
    if (isIdentifier() && isOp(":", 1)) {
      result.name = take().text;
      take();
    }
    result.type = parseType();
    if (!result.type)
      return false;
    results.push_back(result);
    if (!acceptOp(",") && !isOp(")"))
      return wanted("`,` or `)` after the result"), false;
  }
  take();
  if (results.empty())
    return wanted("a result's type"), false;
  return true;
}

Type *Parser::parseType() {
  if (!isIdentifier()) {
    wanted("a type such as f32[B, 10]");
    return nullptr;
  }
  const Token &name = take();
  if (isOp(".")) {
    diagnostics.error(name.place, "a type is a dtype and a shape").hint("write f32[B, 10]");
    return nullptr;
  }
  auto *type = new (file.arena.Allocate<Type>()) Type();
  type->element = name.text;
  type->place = name.place;
  llvm::SmallVector<Expr *> dims;
  if (acceptOp("[")) {
    while (!isOp("]")) {
      Expr *dim = isOp("*") ? parseItem() : parseBinary(3);
      if (!dim)
        return nullptr;
      dims.push_back(dim);
      if (!acceptOp(",") && !isOp("]")) {
        wanted("`,` or `]` in the type");
        return nullptr;
      }
    }
    take();
  }
  type->dims = file.copy(llvm::ArrayRef<Expr *>(dims));
  type->place = name.place.to(before());
  return type;
}

bool Parser::parseBlock(Block &block, llvm::StringRef what) {
  if (!expectOp(":", ("before " + what).str()))
    return false;
  llvm::SmallVector<Stmt *> body;
  if (peek().kind != TokenKind::Newline) {
    Stmt *stmt = parseSimple();
    if (!stmt || !expectNewline())
      return false;
    body.push_back(stmt);
  } else {
    take();
    if (peek().kind != TokenKind::Indent) {
      diagnostics.error(peek().place, "expected " + what + ", indented");
      return false;
    }
    take();
    while (peek().kind != TokenKind::Dedent && peek().kind != TokenKind::End)
      parseStatementInto(body);
    if (peek().kind == TokenKind::Dedent)
      take();
  }
  block = file.copy(llvm::ArrayRef<Stmt *>(body));
  return true;
}

Stmt *Parser::parseImport() {
  Stmt *s = make(StmtKind::Import, peek().place);
  s->isFrom = take().text == "from";
  llvm::SmallVector<llvm::StringRef> names;
  if (!isIdentifier())
    return wanted("the name of a file");
  const Token &name = take();
  s->place = s->place.to(name.place);
  names.push_back(name.text);
  if (name.text == "torch" || name.text == "numpy" || isOp(".") || isWord("as")) {
    diagnostics.error(name.place, "only .qn files beside this one can be imported")
        .hint(name.text == "torch" || name.text == "numpy"
                  ? "leave the import out: layers and functions are there without it"
                  : "");
    return nullptr;
  }
  if (s->isFrom) {
    if (!acceptWord("import"))
      return wanted("import");
    do {
      if (!isIdentifier())
        return wanted("a name to import");
      names.push_back(take().text);
    } while (acceptOp(","));
  }
  s->names = file.copy(llvm::ArrayRef<llvm::StringRef>(names));
  return expectNewline() ? s : nullptr;
}

Stmt *Parser::parseIf() {
  Stmt *s = make(StmtKind::If, peek().place);
  llvm::SmallVector<Branch> branches;
  do {
    bool hasCondition = take().text != "else";
    Branch branch;
    if (!hasCondition && isWord("if")) {
      diagnostics.error(before().to(take().place), "no `else if`").hint("write elif");
      hasCondition = true;
    }
    if (hasCondition && !(branch.condition = parseExpr()))
      return nullptr;
    if (hasCondition && isOp("=")) {
      diagnostics.error(peek().place, "`=` assigns; a comparison is `==`").fix(peek().place, "==");
      return nullptr;
    }
    if (!parseBlock(branch.body, "the block"))
      return nullptr;
    branches.push_back(branch);
    if (!hasCondition)
      break;
  } while (isWord("elif") || isWord("else"));
  s->branches = file.copy(llvm::ArrayRef<Branch>(branches));
  return s;
}

Stmt *Parser::parseFor() {
  Stmt *s = make(StmtKind::For, take().place);
  s->target = parseTargets();
  if (!s->target)
    return nullptr;
  if (!acceptWord("in"))
    return wanted("`in`");
  s->value = parseExprs();
  if (!s->value || !parseBlock(s->body, "the loop's body"))
    return nullptr;
  return s;
}
