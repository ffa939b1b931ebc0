// `quern doc`: what the items of the language and its library do.
#include "compiler/driver/Commands.h"
#include "compiler/driver/Flags.h"
#include "compiler/frontend/Documentation.h"
#include "llvm/Support/JSON.h"

namespace quern {

static void printItem(const DocumentedItem &item) {
  llvm::outs() << (item.kind == "builtin" ? "def" : item.kind) << " " << item.signature << "\n  "
               << item.text << "\n";
  if (!item.example.empty())
    llvm::outs() << "  Example: " << item.example << "\n";
}

static void printList(llvm::ArrayRef<DocumentedItem> items) {
  llvm::StringRef group;
  for (const DocumentedItem &item : items) {
    if (item.group != group)
      llvm::outs() << (group.empty() ? "" : "\n\n") << item.group << "\n ";
    group = item.group;
    llvm::outs() << " " << item.name;
  }
  llvm::outs() << "\n\nquern doc NAME tells what it does.\n";
}

int docCommand(const CommandLine &line) {
  std::vector<DocumentedItem> items = getDocumentation();
  if (!line.file.empty()) {
    std::vector<std::string> names;
    for (const DocumentedItem &item : items)
      names.push_back(item.name);
    llvm::erase_if(items, [&](const DocumentedItem &item) { return item.name != line.file; });
    if (items.empty()) {
      printError(line.messages, "there is no '" + line.file + "'" +
                                    suggestion(line.file, names, "quern doc lists what there is"));
      return 1;
    }
  }
  if (line.json) {
    llvm::json::Array list;
    for (const DocumentedItem &item : items)
      list.push_back(llvm::json::Object{{"name", item.name},
                                        {"kind", item.kind},
                                        {"group", item.group},
                                        {"signature", item.signature},
                                        {"text", item.text},
                                        {"example", item.example}});
    llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(list))) << "\n";
  } else if (line.file.empty()) {
    printList(items);
  } else {
    llvm::interleave(items, llvm::outs(), printItem, "\n");
  }
  return 0;
}
} // namespace quern
