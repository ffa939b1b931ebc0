// The recursive-descent parser, split into expressions and statements.
#ifndef QUERN_COMPILER_FRONTEND_PARSERIMPL_H
#define QUERN_COMPILER_FRONTEND_PARSERIMPL_H

#include "compiler/frontend/Lexer.h"
#include "compiler/frontend/Parser.h"
#include "llvm/ADT/SmallVector.h"

namespace quern {

/// Methods that give a pointer give null after an error that has been reported.
class Parser {
public:
  Parser(DiagnosticEngine &diagnostics, ast::File &file, std::vector<Token> tokens)
      : diagnostics(diagnostics), file(file), tokens(std::move(tokens)) {}

  void parseFile();
  /// One expression that takes up all tokens.
  ast::Expr *parseWhole();

private:
  // Statements (ParseStatement.cpp).
  void parseStatementInto(llvm::SmallVectorImpl<ast::Stmt *> &into);
  ast::Stmt *parseStatement();
  ast::Stmt *parseSimple();
  ast::Stmt *parseDecorated();
  ast::Stmt *parseDefinition(ast::StmtKind kind, llvm::ArrayRef<ast::Expr *> decorators);
  ast::Stmt *parseImport();
  ast::Stmt *parseIf();
  ast::Stmt *parseFor();
  bool parseParams(llvm::SmallVectorImpl<ast::Param> &params);
  bool parseResults(llvm::SmallVectorImpl<ast::Result> &results);
  bool parseBlock(ast::Block &block, llvm::StringRef what);
  bool refusePython();
  void skipStatement();
  ast::Stmt *makeBroken(size_t begin);
  bool expectNewline();
  ast::Type *parseType();

  // Expressions (ParseExpression.cpp).
  ast::Expr *parseExprs();
  ast::Expr *parseItem();
  ast::Expr *parseExpr();
  ast::Expr *parseOr();
  ast::Expr *parseAnd();
  ast::Expr *parseNot();
  ast::Expr *parseComparison();
  ast::Expr *parseBinary(unsigned level);
  ast::Expr *parseUnary();
  ast::Expr *parsePostfix();
  ast::Expr *parseCall(ast::Expr *callee);
  ast::Expr *parseIndex(ast::Expr *base);
  ast::Expr *parseAtom();
  ast::Expr *parseBracketed();
  ast::Expr *parseTargets();
  ast::Expr *parseFormat(const Token &token);

  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(at + ahead, tokens.size() - 1)];
  }
  const Token &take() { return tokens[at + 1 < tokens.size() ? at++ : at]; }
  bool isOp(llvm::StringRef op, size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::Operator && peek(ahead).text == op;
  }
  bool isWord(llvm::StringRef word, size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::Name && peek(ahead).text == word;
  }
  bool isIdentifier(size_t ahead = 0) const {
    return peek(ahead).kind == TokenKind::Name && !isKeyword(peek(ahead).text);
  }
  bool acceptOp(llvm::StringRef op) { return isOp(op) && (take(), true); }
  bool acceptWord(llvm::StringRef word) { return isWord(word) && (take(), true); }
  bool expectOp(llvm::StringRef op, llvm::StringRef where);
  /// Reports what was wanted instead of the next token.
  std::nullptr_t wanted(llvm::StringRef what);
  /// The place that stands for the previous token.
  Place before() const { return at ? tokens[at - 1].place : tokens[0].place; }
  ast::Expr *make(ast::ExprKind kind, Place place, llvm::StringRef text = {},
                  llvm::ArrayRef<ast::Expr *> items = {}, Place mark = {});
  ast::Stmt *make(ast::StmtKind kind, Place place);

  /// Counts nesting, so that hostile input cannot use up the stack.
  class Nesting {
  public:
    explicit Nesting(Parser &parser) : parser(parser) { ++parser.depth; }
    ~Nesting() { --parser.depth; }
    bool tooDeep();

  private:
    Parser &parser;
  };

  DiagnosticEngine &diagnostics;
  ast::File &file;
  std::vector<Token> tokens;
  size_t at = 0;
  unsigned depth = 0;
};

} // namespace quern

#endif
