// Collects the texts of built-in functions and of the library's docstrings.
#include "compiler/frontend/Documentation.h"
#include "compiler/frontend/Builtins.h"
#include "compiler/frontend/Library.h"
#include "compiler/frontend/Parser.h"
#include "llvm/ADT/StringExtras.h"

namespace quern {
using llvm::StringRef;

/// Cuts the example off a text, whose lines become one.
static void setText(DocumentedItem &item, StringRef text) {
  llvm::SmallVector<StringRef> words;
  llvm::SplitString(text, words, " \n\t");
  std::string line = llvm::join(words, " ");
  auto [before, example] = StringRef(line).split("Example: ");
  item.text = before.rtrim().str();
  item.example = example.rtrim('.').str();
}

static std::string signatureOf(const ast::Definition &d) {
  std::string text = d.name.str() + "(";
  for (const ast::Param &p : d.params) {
    text += (&p == d.params.begin() ? "" : ", ") + std::string(p.rest ? "*" : "") + p.name.str();
    if (p.type)
      text += ": " + toString(*p.type);
    if (p.value)
      text += (p.type ? " = " : "=") + toString(*p.value);
  }
  text += ")";
  for (const ast::Result &r : d.results)
    text += (&r == d.results.begin() ? " -> " : ", ") + toString(*r.type);
  return text;
}

static bool isDerivative(const ast::Definition &d) {
  return llvm::any_of(d.decorators, [](const ast::Expr *decorator) {
    return StringRef(ast::toString(*decorator)).starts_with("vjp(");
  });
}

std::vector<DocumentedItem> getDocumentation() {
  std::vector<DocumentedItem> items;
  for (const BuiltinFamily &family : getBuiltinFamilies())
    for (const BuiltinDescription &builtin : family.functions) {
      DocumentedItem &item = items.emplace_back();
      item.name = builtin.name.str();
      item.kind = "builtin";
      item.group = family.title.str();
      item.signature = (builtin.name + "(" + builtin.signature + ")").str();
      setText(item, builtin.text);
    }
  SourceManager sources;
  DiagnosticEngine diagnostics(sources);
  for (const LibraryFile &file : getLibrary()) {
    auto tree = parse(diagnostics, sources.addBuffer(file.name, file.text.str(), /*library=*/true));
    for (const ast::Stmt *s : tree->body) {
      if (!s->definition || isDerivative(*s->definition))
        continue;
      DocumentedItem &item = items.emplace_back();
      item.name = s->definition->name.str();
      item.kind = s->kind == ast::StmtKind::Def      ? "def"
                  : s->kind == ast::StmtKind::Module ? "module"
                                                     : "optimizer";
      item.group = file.name.rsplit('.').first.str();
      item.signature = signatureOf(*s->definition);
      setText(item, s->definition->doc);
    }
  }
  return items;
}
} // namespace quern
