// Collecting and printing messages.
#include "compiler/frontend/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"
#include <numeric>

using namespace quern;

Diagnostic &DiagnosticEngine::add(Severity severity, Place place, const llvm::Twine &message) {
  std::string text = message.str();
  if (!seen.insert({place.file, place.begin, text}).second) {
    repeated = Diagnostic();
    return repeated;
  }
  auto diagnostic = std::make_unique<Diagnostic>();
  diagnostic->severity = severity;
  diagnostic->place = place;
  diagnostic->message = std::move(text);
  errors += severity == Severity::Error;
  diagnostics.push_back(std::move(diagnostic));
  return *diagnostics.back();
}

std::vector<const Diagnostic *> DiagnosticEngine::getSorted() const {
  std::vector<size_t> order(diagnostics.size());
  std::iota(order.begin(), order.end(), size_t(0));
  llvm::sort(order, [&](size_t a, size_t b) {
    const Place &x = diagnostics[a]->place, &y = diagnostics[b]->place;
    return std::tie(x.file, x.begin, a) < std::tie(y.file, y.begin, b);
  });
  std::vector<const Diagnostic *> sorted;
  for (size_t i : order)
    sorted.push_back(diagnostics[i].get());
  return sorted;
}

/// Spaces up to the place, with the tabs of the line kept, so that the caret stands right below.
static std::string indentTo(llvm::StringRef line, unsigned column) {
  std::string indent;
  for (char c : line) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80)
      continue;
    if (indent.size() + 1 >= column)
      break;
    indent += c == '\t' ? '\t' : ' ';
  }
  indent.resize(std::max<size_t>(indent.size(), column - 1), ' ');
  return indent;
}

void DiagnosticEngine::print(llvm::raw_ostream &os, bool color) const {
  auto paint = [&](const char *code) {
    if (color)
      os << code;
  };
  for (const Diagnostic *d : getSorted()) {
    bool isError = d->severity == Severity::Error;
    paint("\033[1m");
    if (d->place.isValid())
      os << sources.describe(d->place) << ": ";
    paint(isError ? "\033[31m" : "\033[35m");
    os << (isError ? "error: " : "warning: ");
    paint("\033[0;1m");
    os << d->message << '\n';
    paint("\033[0m");
    if (d->place.isValid()) {
      llvm::StringRef line = sources.getLine(d->place);
      unsigned column = sources.getLineColumn(d->place).column;
      constexpr size_t widest = 400;
      if (line.size() <= widest) {
        os << line << '\n' << indentTo(line, column);
        paint("\033[32m");
        os << '^';
        llvm::StringRef marked =
            sources.getText(d->place).take_until([](char c) { return c == '\n' || c == '\r'; });
        for (char c : marked.drop_front(marked.empty() ? 0 : 1))
          if ((static_cast<unsigned char>(c) & 0xC0) != 0x80)
            os << '~';
        paint("\033[0m");
        if (!d->hintText.empty())
          os << ' ' << d->hintText;
        os << '\n';
      } else if (!d->hintText.empty()) {
        os << d->hintText << '\n';
      }
    } else if (!d->hintText.empty()) {
      os << d->hintText << '\n';
    }
    for (const Diagnostic::Note &note : d->notes) {
      if (note.place.isValid())
        os << sources.describe(note.place) << ": ";
      paint("\033[36m");
      os << "note: ";
      paint("\033[0m");
      os << note.text << '\n';
    }
  }
}

static void putPlace(llvm::json::Object &object, const SourceManager &sources, Place place) {
  if (!place.isValid())
    return;
  auto at = sources.getLineColumn(place);
  auto end = sources.getLineColumn({place.file, std::max(place.begin, place.end), place.end});
  object["file"] = sources.getName(place.file);
  object["line"] = at.line;
  object["column"] = at.column;
  object["endLine"] = end.line;
  object["endColumn"] = end.column;
}

void DiagnosticEngine::printJson(llvm::raw_ostream &os) const {
  for (const Diagnostic *d : getSorted()) {
    llvm::json::Object object;
    object["severity"] = d->severity == Severity::Error ? "error" : "warning";
    putPlace(object, sources, d->place);
    object["message"] = llvm::json::fixUTF8(d->message);
    if (!d->hintText.empty())
      object["hint"] = llvm::json::fixUTF8(d->hintText);
    auto putList = [&](const char *key, const char *textKey,
                       const std::vector<Diagnostic::Note> &list) {
      llvm::json::Array items;
      for (const Diagnostic::Note &note : list) {
        llvm::json::Object item;
        putPlace(item, sources, note.place);
        item[textKey] = llvm::json::fixUTF8(note.text);
        items.push_back(std::move(item));
      }
      if (!items.empty())
        object[key] = std::move(items);
    };
    putList("notes", "message", d->notes);
    putList("fixes", "text", d->fixes);
    os << llvm::json::Value(std::move(object)) << '\n';
  }
}

std::string quern::nearestName(llvm::StringRef word, llvm::ArrayRef<std::string> candidates) {
  std::string best;
  // A third of the letters may be wrong, and a prefix of at least three letters counts as near.
  unsigned bestDistance = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string &candidate : candidates) {
    if (candidate == word)
      continue;
    unsigned distance = word.edit_distance(candidate, true, bestDistance);
    // Two letters that changed places are one slip.
    std::string sorted[] = {word.str(), candidate};
    for (std::string &letters : sorted)
      llvm::sort(letters);
    if (word.size() >= 3 && sorted[0] == sorted[1] && word.edit_distance(candidate) == 2)
      distance = 1;
    if (llvm::StringRef(candidate).equals_insensitive(word))
      distance = 0;
    else if (word.size() >= 3 && llvm::StringRef(candidate).starts_with(word))
      distance = std::min(distance, 1u);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}
