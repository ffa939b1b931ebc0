// How the generated C header calls things and writes extents.
#include "compiler/artefact/HeaderNames.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
namespace quern {

/// Words that neither C99 nor C++17 lets a name be, and macros of their headers.
static bool isReserved(StringRef name) {
  static constexpr StringLiteral words[] = {"alignas",
                                            "alignof",
                                            "and",
                                            "and_eq",
                                            "asm",
                                            "auto",
                                            "bitand",
                                            "bitor",
                                            "bool",
                                            "break",
                                            "case",
                                            "catch",
                                            "char",
                                            "char16_t",
                                            "char32_t",
                                            "class",
                                            "compl",
                                            "const",
                                            "const_cast",
                                            "constexpr",
                                            "continue",
                                            "decltype",
                                            "default",
                                            "delete",
                                            "do",
                                            "double",
                                            "dynamic_cast",
                                            "else",
                                            "enum",
                                            "explicit",
                                            "export",
                                            "extern",
                                            "false",
                                            "float",
                                            "for",
                                            "friend",
                                            "goto",
                                            "if",
                                            "inline",
                                            "int",
                                            "long",
                                            "mutable",
                                            "namespace",
                                            "new",
                                            "noexcept",
                                            "not",
                                            "not_eq",
                                            "nullptr",
                                            "operator",
                                            "or",
                                            "or_eq",
                                            "private",
                                            "protected",
                                            "public",
                                            "register",
                                            "reinterpret_cast",
                                            "restrict",
                                            "return",
                                            "short",
                                            "signed",
                                            "sizeof",
                                            "static",
                                            "static_assert",
                                            "static_cast",
                                            "struct",
                                            "switch",
                                            "template",
                                            "this",
                                            "thread_local",
                                            "throw",
                                            "true",
                                            "try",
                                            "typedef",
                                            "typeid",
                                            "typename",
                                            "union",
                                            "unsigned",
                                            "using",
                                            "virtual",
                                            "void",
                                            "volatile",
                                            "wchar_t",
                                            "while",
                                            "xor",
                                            "xor_eq",
                                            "asm",
                                            "typeof",
                                            "errno",
                                            "linux",
                                            "unix",
                                            "I",
                                            "NULL",
                                            "EOF",
                                            "NAN",
                                            "INFINITY",
                                            "BUFSIZ",
                                            "TRUE",
                                            "FALSE",
                                            "int8_t",
                                            "uint8_t",
                                            "int32_t",
                                            "int64_t",
                                            "uint16_t",
                                            "size_t"};
  return llvm::is_contained(words, name);
}

std::string identifier(StringRef name) {
  std::string text;
  for (char c : name) {
    unsigned char byte = static_cast<unsigned char>(c);
    if (byte >= 0x80)
      text += "u" + llvm::utohexstr(byte);
    else
      text += llvm::isAlnum(c) ? c : '_';
  }
  if (text.empty() || llvm::isDigit(text[0]))
    text.insert(0, "_");
  return isReserved(text) ? text + "_" : text;
}

std::string extentInC(Extent extent, bool unsignedType) {
  // The language writes sums, products, quotients and remainders as C does, but for `//`.
  std::string text = extent.str(/*asInLanguage=*/true), result;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    auto isWord = [&](size_t at) {
      unsigned char c = static_cast<unsigned char>(text[at]);
      return llvm::isAlnum(c) || c == '_' || c >= 0x80;
    };
    while (end < text.size() && isWord(end))
      ++end;
    if (end == i) {
      result += text[i];
      i += text[i] == '/' && i + 1 < text.size() && text[i + 1] == '/' ? 2 : 1;
      continue;
    }
    StringRef word(text.data() + i, end - i);
    bool isNumber = llvm::isDigit(word[0]);
    std::string name = isNumber ? word.str() : identifier(word);
    result += !unsignedType ? name : isNumber ? "(size_t)" + name : "(size_t)(" + name + ")";
    i = end;
  }
  return result;
}

std::string UniqueNames::make(StringRef name) {
  std::string candidate = identifier(name);
  while (!taken.insert(candidate).second)
    candidate += '_';
  return candidate;
}
} // namespace quern
