// Errors, warnings and notes of the frontend: collected, sorted by place, printed for people or as
// JSON lines.
#ifndef QUERN_COMPILER_FRONTEND_DIAGNOSTICS_H
#define QUERN_COMPILER_FRONTEND_DIAGNOSTICS_H

#include "compiler/frontend/Source.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"
#include <memory>
#include <set>

namespace quern {

enum class Severity { Error, Warning };

/// One message: a sentence without a final period, an optional hint that stands beside the caret,
/// and notes.
class Diagnostic {
public:
  struct Note {
    Place place;
    std::string text;
  };

  Diagnostic &hint(const llvm::Twine &text) {
    if (hintText.empty())
      hintText = text.str();
    return *this;
  }
  Diagnostic &note(Place place, const llvm::Twine &text) {
    notes.push_back({place, text.str()});
    return *this;
  }

  /// A replacement of the text at `place` that repairs the program.
  Diagnostic &fix(Place place, const llvm::Twine &text) {
    fixes.push_back({place, text.str()});
    return *this;
  }

  Severity severity = Severity::Error;
  Place place;
  std::string message;
  std::string hintText;
  std::vector<Note> notes;
  std::vector<Note> fixes;
};

class DiagnosticEngine {
public:
  explicit DiagnosticEngine(SourceManager &sources) : sources(sources) {}

  /// Adds a message. A repetition of one that is already there goes nowhere.
  Diagnostic &error(Place place, const llvm::Twine &message) {
    return add(Severity::Error, place, message);
  }
  Diagnostic &warning(Place place, const llvm::Twine &message) {
    return add(Severity::Warning, place, message);
  }

  bool hasErrors() const { return errors != 0; }
  unsigned getNumErrors() const { return errors; }
  SourceManager &getSources() { return sources; }
  /// All messages in the order of their places.
  std::vector<const Diagnostic *> getSorted() const;

  /// Writes `file:line:column: error: ...`, the line, the caret, the hint and the notes.
  void print(llvm::raw_ostream &os, bool color = false) const;
  /// Writes one JSON object a line with severity, file, line, column, endColumn, message, hint,
  /// notes.
  void printJson(llvm::raw_ostream &os) const;

private:
  Diagnostic &add(Severity severity, Place place, const llvm::Twine &message);

  SourceManager &sources;
  std::vector<std::unique_ptr<Diagnostic>> diagnostics;
  std::set<std::tuple<uint32_t, uint32_t, std::string>> seen;
  Diagnostic repeated;
  unsigned errors = 0;
};

/// The candidate nearest to `word` by edit distance, or an empty string when none is near.
std::string nearestName(llvm::StringRef word, llvm::ArrayRef<std::string> candidates);

} // namespace quern

#endif
