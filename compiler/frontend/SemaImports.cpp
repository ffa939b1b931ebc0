// Imports: other files of the model, beside the one that names them or in the folders of -I.
#include "compiler/frontend/Parser.h"
#include "compiler/frontend/Sema.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace quern;
using namespace quern::sema;

std::optional<uint32_t> Sema::findImport(llvm::StringRef name, Place place) {
  llvm::StringRef here = llvm::sys::path::parent_path(sources.getName(place.file));
  std::vector<std::string> folders{here.str()};
  folders.insert(folders.end(), options.importPaths.begin(), options.importPaths.end());
  for (const std::string &folder : folders) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name + ".qn");
    if (!llvm::sys::fs::exists(path))
      continue;
    std::string message;
    if (auto file = sources.addFile(path, message))
      return file;
    error(place, message);
    return std::nullopt;
  }
  std::string places = "beside this file";
  for (const std::string &folder : options.importPaths)
    places += " or in " + folder;
  Diagnostic &d = report(place, "there is no " + name + ".qn " + places);
  if (options.importPaths.empty())
    d.hint("-I FOLDER names further folders");
  return std::nullopt;
}

Env *Sema::evaluateFile(uint32_t file, llvm::StringRef name, Place place) {
  if (Env *known = imported.lookup(file)) {
    if (!llvm::is_contained(importing, file))
      return known;
    if (file == place.file)
      error(place, name + ".qn imports itself");
    else
      report(place, "this import leads back to " + name + ".qn, which is being read")
          .hint("move what both need into a third file");
    return nullptr;
  }
  Env *env = newEnv(Env::File, library);
  imported[file] = env;
  importing.push_back(file);
  files.push_back(parse(diagnostics, file));
  size_t entriesBefore = entries.size();
  Flow flow;
  execBlock(files.back()->body, env, flow);
  // Entries belong to the file that is compiled.
  entries.resize(entriesBefore);
  importing.pop_back();
  return env;
}

void Sema::importFile(const ast::Stmt &s, Env *env) {
  if (env->kind != Env::File) {
    error(s.place, "imports stand at file level");
    return;
  }
  llvm::StringRef name = s.names[0];
  // Names of a file that could not be read are errors already, and say nothing further.
  auto giveUp = [&] {
    for (llvm::StringRef item : s.isFrom ? s.names.drop_front() : s.names)
      env->set(item, Value(), s.place);
  };
  unsigned before = diagnostics.getNumErrors();
  auto file = findImport(name, s.place);
  Env *other = file ? evaluateFile(*file, name, s.place) : nullptr;
  if (!other)
    return giveUp();
  if (!s.isFrom) {
    Value v = Value::of(Value::File);
    v.env = other;
    env->set(name, v, s.place);
    return;
  }
  for (llvm::StringRef item : s.names.drop_front()) {
    if (Value *v = other->find(item)) {
      env->set(item, *v, s.place);
      continue;
    }
    env->set(item, Value(), s.place);
    if (diagnostics.getNumErrors() != before)
      continue;
    Diagnostic &d = report(s.place, name + ".qn has no `" + item + "`");
    std::string near = nearestName(item, other->order);
    if (!near.empty())
      d.hint("did you mean " + near + "?");
  }
}
