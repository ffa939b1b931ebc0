// The lexer: indentation, names in UTF-8, numbers, strings, operators.
#include "compiler/frontend/Lexer.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ConvertUTF.h"

using namespace quern;

bool quern::isKeyword(llvm::StringRef word) {
  static const llvm::StringSet<> *const words =
      new llvm::StringSet<>({"import", "from", "def", "if", "elif", "else", "for", "in", "return",
                             "pass", "and", "or", "not", "is", "True", "False", "None"});
  return words->contains(word);
}

namespace {
class Lexer {
public:
  Lexer(DiagnosticEngine &diagnostics, Place range, bool expression)
      : diagnostics(diagnostics), file(range.file),
        text(diagnostics.getSources().getText(range.file).take_front(range.end)), at(range.begin),
        expression(expression) {}

  std::vector<Token> run();

private:
  void lexLineStart();
  void lexToken();
  void lexNumber();
  void lexString(bool isFormat);
  void lexName();
  bool lexOperator();
  void lexStrangeCharacter();

  char peek(size_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : '\0'; }
  bool atEnd() const { return at >= text.size(); }
  Place placeFrom(size_t begin) const {
    return {file, static_cast<uint32_t>(begin), static_cast<uint32_t>(at)};
  }
  void push(TokenKind kind, size_t begin) {
    tokens.push_back({kind, text.slice(begin, at), placeFrom(begin)});
  }

  DiagnosticEngine &diagnostics;
  uint32_t file;
  llvm::StringRef text;
  size_t at;
  bool expression;
  unsigned brackets = 0;
  llvm::SmallVector<unsigned> indents{0};
  std::vector<Token> tokens;
};
} // namespace

static bool isNameStart(char c) {
  return llvm::isAlpha(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
static bool isNamePart(char c) { return isNameStart(c) || llvm::isDigit(c); }

std::vector<Token> Lexer::run() {
  if (!expression) {
    if (text.starts_with("\xEF\xBB\xBF"))
      at = 3;
    lexLineStart();
  }
  while (!atEnd()) {
    char c = peek();
    if (c == ' ' || (c == '\r' && peek(1) == '\n')) {
      ++at;
    } else if (c == '\t') {
      size_t begin = at++;
      if (brackets == 0)
        diagnostics.error(placeFrom(begin), "a tab between words; write a space");
    } else if (c == '#') {
      while (!atEnd() && peek() != '\n')
        ++at;
    } else if (c == '\n') {
      size_t begin = at++;
      if (expression || brackets)
        continue;
      tokens.push_back({TokenKind::Newline, "", {file, uint32_t(begin), uint32_t(begin)}});
      lexLineStart();
    } else {
      lexToken();
    }
  }
  Place end{file, uint32_t(text.size()), uint32_t(text.size())};
  if (!expression) {
    if (!tokens.empty() && tokens.back().kind != TokenKind::Newline &&
        tokens.back().kind != TokenKind::Dedent)
      tokens.push_back({TokenKind::Newline, "", end});
    for (; indents.size() > 1; indents.pop_back())
      tokens.push_back({TokenKind::Dedent, "", end});
  }
  tokens.push_back({TokenKind::End, "", end});
  return std::move(tokens);
}

/// Skips empty lines and measures the next one's indentation.
void Lexer::lexLineStart() {
  while (true) {
    size_t begin = at;
    bool hasTab = false;
    while (peek() == ' ' || peek() == '\t') {
      hasTab |= peek() == '\t';
      ++at;
    }
    if (peek() == '#')
      while (!atEnd() && peek() != '\n')
        ++at;
    if (peek() == '\r' && peek(1) == '\n')
      ++at;
    if (atEnd())
      return;
    if (peek() == '\n') {
      ++at;
      continue;
    }
    if (hasTab)
      diagnostics.error(placeFrom(begin), "a tab in the indentation; indent with spaces");
    unsigned width = 0;
    for (char c : text.slice(begin, at))
      width = c == '\t' ? (width / 4 + 1) * 4 : width + 1;
    Place here{file, uint32_t(at), uint32_t(at)};
    if (width > indents.back()) {
      indents.push_back(width);
      tokens.push_back({TokenKind::Indent, "", here});
    } else {
      while (width < indents.back()) {
        indents.pop_back();
        tokens.push_back({TokenKind::Dedent, "", here});
      }
      if (width != indents.back()) {
        diagnostics.error(placeFrom(begin), "this line is indented like no block around it");
        indents.back() = std::max(width, 1u);
        if (indents.size() == 1)
          indents.back() = 0;
      }
    }
    return;
  }
}

void Lexer::lexToken() {
  char c = peek();
  if (llvm::isDigit(c) || (c == '.' && llvm::isDigit(peek(1))))
    return lexNumber();
  if (c == '"' || c == '\'')
    return lexString(/*isFormat=*/false);
  if (isNameStart(c))
    return lexName();
  if (!lexOperator())
    lexStrangeCharacter();
}

void Lexer::lexNumber() {
  size_t begin = at;
  bool isFloat = false;
  while (llvm::isDigit(peek()))
    ++at;
  if (peek() == '.' && !(peek(1) == '.' && peek(2) == '.')) {
    isFloat = true;
    ++at;
    while (llvm::isDigit(peek()))
      ++at;
  }
  if (peek() == 'e' || peek() == 'E') {
    size_t sign = peek(1) == '+' || peek(1) == '-';
    if (llvm::isDigit(peek(1 + sign))) {
      isFloat = true;
      at += 1 + sign;
      while (llvm::isDigit(peek()))
        ++at;
    }
  }
  push(isFloat ? TokenKind::Float : TokenKind::Integer, begin);
  if (isNamePart(peek())) {
    size_t junk = at;
    while (isNamePart(peek()))
      ++at;
    diagnostics.error(placeFrom(begin), "`" + text.slice(begin, at) + "` is not a number")
        .hint(peek() == '_' || text[junk] == '_' ? "write the digits without _" : "");
  }
}

void Lexer::lexString(bool isFormat) {
  size_t open = at - (isFormat ? 1 : 0);
  char quote = peek();
  bool triple = peek(1) == quote && peek(2) == quote;
  at += triple ? 3 : 1;
  size_t begin = at;
  bool closed = false;
  while (!atEnd()) {
    if (!triple && peek() == '\n')
      break;
    if (peek() == quote && (!triple || (peek(1) == quote && peek(2) == quote))) {
      closed = true;
      break;
    }
    ++at;
  }
  size_t end = at;
  if (closed)
    at += triple ? 3 : 1;
  if (!closed)
    diagnostics.error({file, uint32_t(open), uint32_t(open + 1)}, "this string does not end");
  else if (quote == '\'')
    diagnostics.error(placeFrom(open), "a string is written with double quotes")
        .hint("write \"" + text.slice(begin, end) + "\"")
        .fix(placeFrom(open), "\"" + text.slice(begin, end) + "\"");
  tokens.push_back({isFormat ? TokenKind::FString : TokenKind::String,
                    text.slice(begin, end),
                    {file, uint32_t(open), uint32_t(at)}});
}

void Lexer::lexName() {
  size_t begin = at;
  if (peek() == 'f' && (peek(1) == '"' || peek(1) == '\'')) {
    ++at;
    return lexString(/*isFormat=*/true);
  }
  bool ascii = true;
  while (isNamePart(peek())) {
    ascii &= static_cast<unsigned char>(peek()) < 0x80;
    ++at;
  }
  llvm::StringRef word = text.slice(begin, at);
  if (!ascii) {
    auto *bytes = reinterpret_cast<const llvm::UTF8 *>(word.data());
    if (!llvm::isLegalUTF8String(&bytes, bytes + word.size())) {
      diagnostics.error(placeFrom(begin), "these bytes are not UTF-8 text");
      return;
    }
    // Letters of other alphabets may stand in names; punctuation and symbols may not.
    for (llvm::StringRef symbol : {"\xC2\xA0", "\xE2\x80", "\xC3\x97", "\xE2\x88", "\xEF\xBC"}) {
      if (word.contains(symbol)) {
        diagnostics.error(placeFrom(begin), "a character that is no letter, digit or operator");
        return;
      }
    }
  }
  push(TokenKind::Name, begin);
}

bool Lexer::lexOperator() {
  static const char *const operators[] = {"...", "**=", "//=", "<<=", ">>=", "->", ":=", "**", "//",
                                          "==",  "!=",  "<=",  ">=",  "+=",  "-=", "*=", "/=", "%=",
                                          "@=",  "|=",  "&=",  "^=",  "<<",  ">>", "<>"};
  size_t begin = at;
  for (llvm::StringRef spelling : operators) {
    if (text.drop_front(at).starts_with(spelling)) {
      at += spelling.size();
      push(TokenKind::Operator, begin);
      return true;
    }
  }
  if (!llvm::StringRef("()[]{}+-*/%@&|^~<>=.,:").contains(peek()))
    return false;
  char c = text[at++];
  if (c == '(' || c == '[' || c == '{')
    ++brackets;
  else if ((c == ')' || c == ']' || c == '}') && brackets)
    --brackets;
  push(TokenKind::Operator, begin);
  return true;
}

void Lexer::lexStrangeCharacter() {
  size_t begin = at;
  char c = text[at++];
  if (c == ';') {
    diagnostics.error(placeFrom(begin), "statements are separated by line ends, not by `;`");
    tokens.push_back({TokenKind::Newline, "", placeFrom(begin)});
  } else if (c == '\\') {
    diagnostics.error(placeFrom(begin), "lines are not joined by `\\`")
        .hint("put the expression in parentheses");
    if (peek() == '\r')
      ++at;
    if (peek() == '\n')
      ++at;
  } else if (c == '!') {
    diagnostics.error(placeFrom(begin), "no `!`").hint("write not");
  } else if (c == '\r') {
    diagnostics.error(placeFrom(begin), "a carriage return inside a line");
  } else if (llvm::isPrint(c)) {
    diagnostics.error(placeFrom(begin), llvm::Twine("no `") + llvm::Twine(c) + "` in the language");
  } else {
    while (!atEnd() && !llvm::isPrint(peek()) && !llvm::isSpace(peek()))
      ++at;
    diagnostics.error(placeFrom(begin), "a control character; the file is not text");
  }
}

std::vector<Token> quern::lex(DiagnosticEngine &diagnostics, Place range, bool expression) {
  return Lexer(diagnostics, range, expression).run();
}
