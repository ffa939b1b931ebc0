// `quern plot`: pictures of functions, as SVG from the built program, as PNG by rsvg-convert. That
// is a program of Debian's librsvg2-bin and no library of ours, so that no other command has to
// load it.
#include "compiler/driver/Commands.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"

namespace quern {

/// Runs the converter. False after errors, which have been printed.
static bool convertToPng(Compilation &compilation, const std::string &converter,
                         llvm::StringRef svg, llvm::StringRef folder) {
  llvm::SmallString<128> png(folder);
  llvm::sys::path::append(png, "picture.png");
  // Twice the picture's size, for screens of high density and for print.
  llvm::StringRef arguments[] = {converter, "--zoom", "2", "--output", png, svg};
  std::string message;
  int status = llvm::sys::ExecuteAndWait(converter, arguments, std::nullopt, {}, 0, 0, &message);
  if (status != 0)
    return compilation.fail("`rsvg-convert --zoom 2` failed" +
                            (message.empty() ? "" : ": " + message));
  auto picture = llvm::MemoryBuffer::getFile(png);
  if (!picture)
    return compilation.fail("cannot read " + png + ": " + picture.getError().message());
  const std::string &output = compilation.getLine().output;
  llvm::Error error = llvm::writeToOutput(output, [&](llvm::raw_ostream &os) {
    os << (*picture)->getBuffer();
    return llvm::Error::success();
  });
  if (!error)
    return true;
  std::error_code ec = llvm::errorToErrorCode(std::move(error));
  return compilation.fail("cannot write " + output + ": " + ec.message());
}

static int plotInto(Compilation &compilation, llvm::StringRef folder) {
  const CommandLine &line = compilation.getLine();
  bool asPng = llvm::StringRef(line.output).ends_with(".png");
  std::string converter;
  if (asPng) {
    auto found = llvm::sys::findProgramByName("rsvg-convert");
    if (!found) {
      compilation.fail(
          "a .png needs rsvg-convert, from the package librsvg2-bin; a .svg needs nothing");
      return 1;
    }
    converter = *found;
  }
  llvm::SmallString<128> svg(folder);
  llvm::sys::path::append(svg, "picture.svg");
  std::vector<std::string> arguments{"--entry", line.function};
  arguments.insert(arguments.end(), line.programArguments.begin(), line.programArguments.end());
  if (!line.output.empty()) {
    arguments.push_back("--out");
    arguments.push_back(asPng ? svg.str().str() : line.output);
  }
  int status = runProgram(compilation, folder, arguments);
  if (status != 0 || !asPng)
    return status;
  return !convertToPng(compilation, converter, svg, folder);
}

int plotCommand(Compilation &compilation) {
  llvm::SmallString<128> folder;
  if (std::error_code ec = llvm::sys::fs::createUniqueDirectory("quern", folder)) {
    compilation.fail("cannot make a temporary folder: " + ec.message());
    return 1;
  }
  int status = plotInto(compilation, folder);
  llvm::sys::fs::remove_directories(folder);
  return status;
}
} // namespace quern
