// Turns a file into tokens, indentation included.
#ifndef QUERN_COMPILER_FRONTEND_LEXER_H
#define QUERN_COMPILER_FRONTEND_LEXER_H

#include "compiler/frontend/Diagnostics.h"

namespace quern {

enum class TokenKind : uint8_t {
  Name,
  Integer,
  Float,
  String,
  FString,
  Operator, // also brackets, commas, colons, `...`, `:=`, `->`
  Newline,
  Indent,
  Dedent,
  End,
};

struct Token {
  TokenKind kind = TokenKind::End;
  /// The spelling in the file; for strings, what stands between the quotes.
  llvm::StringRef text;
  Place place;
};

/// All tokens of `range`; ends with `Newline` (in a file) and `End`. Errors go to `diagnostics` and
/// the lexer goes on behind them. With `expression` set, newlines and indentation mean nothing.
std::vector<Token> lex(DiagnosticEngine &diagnostics, Place range, bool expression = false);

/// Whether the word is a keyword, which cannot be a name.
bool isKeyword(llvm::StringRef word);

} // namespace quern

#endif
