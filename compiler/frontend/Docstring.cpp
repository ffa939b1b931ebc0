// What the docstring of an entry says about the entry, its arguments and its results.
#include "compiler/frontend/Docstring.h"
#include "dialect/Conventions.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
namespace quern {

static size_t indentOf(StringRef line) { return line.size() - line.ltrim().size(); }

std::string dedentDoc(StringRef doc) {
  SmallVector<StringRef> lines;
  doc.split(lines, '\n');
  size_t indent = StringRef::npos;
  for (StringRef line : llvm::drop_begin(lines))
    if (!line.trim().empty())
      indent = std::min(indent, indentOf(line));
  std::string text;
  for (auto [i, line] : llvm::enumerate(lines))
    text += ((i ? line.drop_front(std::min(indent, indentOf(line))) : line.ltrim()).rtrim() + "\n")
                .str();
  return StringRef(text).trim().str();
}

namespace {
/// A docstring cut into its sections.
struct Sections {
  std::string text;
  llvm::StringMap<std::string> arguments;
  llvm::StringMap<std::string> namedResults;
  std::string results; // as one text

  explicit Sections(StringRef doc) {
    llvm::StringMap<std::string> *section = nullptr;
    std::string *current = nullptr;
    std::string dedented = dedentDoc(doc);
    for (StringRef line : llvm::split(dedented, '\n')) {
      StringRef words = line.trim();
      if (words == "Args:" || words == "Arguments:" || words == "Returns:") {
        section = words == "Returns:" ? &namedResults : &arguments;
        current = nullptr;
        continue;
      }
      if (section && !words.empty() && !indentOf(line))
        section = nullptr; // text at the left margin ends a section
      if (!section) {
        text += (line + "\n").str();
        continue;
      }
      if (section == &namedResults)
        append(results, words);
      auto [name, rest] = words.split(':');
      if (words.contains(':') && isName(name))
        current = &(*section)[name];
      else
        rest = words;
      if (current)
        append(*current, rest.trim());
    }
    text = StringRef(text).trim().str();
  }

private:
  static bool isName(StringRef word) {
    return !word.empty() && llvm::all_of(word, [](unsigned char c) {
      return llvm::isAlnum(c) || c == '_' || c >= 0x80;
    });
  }
  static void append(std::string &to, StringRef words) {
    if (!to.empty() && !words.empty())
      to += ' ';
    to += words;
  }
};
} // namespace

void documentEntry(func::FuncOp function, StringRef doc) {
  if (doc.trim().empty())
    return;
  Sections sections(doc);
  Builder builder(function.getContext());
  if (!sections.text.empty())
    function->setAttr(attr::doc, builder.getStringAttr(sections.text));
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    Role role = getRole(function, i);
    // "loss.rate" is documented as "rate".
    auto found = sections.arguments.find(getName(function, i).rsplit('.').second);
    if (found == sections.arguments.end())
      found = sections.arguments.find(getName(function, i));
    if ((role == Role::input || role == Role::hyper) && found != sections.arguments.end())
      function.setArgAttr(i, attr::doc, builder.getStringAttr(found->second));
  }
  unsigned outputs = 0, last = 0;
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    if (getResultRole(function, i) != Role::output)
      continue;
    ++outputs;
    last = i;
    auto found = sections.namedResults.find(getResultName(function, i));
    if (found != sections.namedResults.end())
      function.setResultAttr(i, attr::doc, builder.getStringAttr(found->second));
  }
  if (outputs == 1 && !function.getResultAttr(last, attr::doc) && !sections.results.empty())
    function.setResultAttr(last, attr::doc, builder.getStringAttr(sections.results));
}
} // namespace quern
