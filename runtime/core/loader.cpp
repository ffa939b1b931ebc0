// Loading a compiled model from a shared object.
#include "runtime/core/array.h"
#include "runtime/core/file.h"
#include "runtime/core/instance.h"
#include "runtime/core/status.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

using namespace quern::runtime;

/// "dir/libmnist.so" is the model "mnist".
static Text modelName(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *base = slash ? slash + 1 : path;
  if (strncmp(base, "lib", 3) == 0)
    base += 3;
  const char *dot = strchr(base, '.');
  return Text(base, dot ? dot - base : static_cast<int64_t>(strlen(base)));
}

/// Whether every part that the file's headers promise is there: mapping a truncated file succeeds,
/// and touching the missing part then kills the process.
static bool isWhole(const char *path) {
  InputFile file;
  ElfW(Ehdr) header;
  if (file.open(path, nullptr) ||
      file.read(0, &header, static_cast<int64_t>(sizeof(header)), nullptr) ||
      memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return true; // dlopen says better what it is
  uint64_t size = static_cast<uint64_t>(file.size());
  for (uint32_t i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) part;
    if (header.e_phentsize < sizeof(part) || header.e_phoff > size ||
        file.read(static_cast<int64_t>(header.e_phoff + i * header.e_phentsize), &part,
                  static_cast<int64_t>(sizeof(part)), nullptr) ||
        part.p_offset > size || part.p_filesz > size - part.p_offset)
      return false;
  }
  return true;
}

quern_status quern_instance_open(const char *path, const char *name, const quern_options *options,
                                 quern_message *message, quern_instance **instance) {
  // dlopen searches the library path for a name without a slash; a file is meant here.
  Text file;
  if (!strchr(path, '/'))
    file.append("./");
  file.append(path);
  Text symbol("quern_model_");
  symbol.append(name ? name : modelName(path).c_str());
  if (!file.intact() || !symbol.intact())
    return failMemory(message, path, 0);
  if (access(file.c_str(), R_OK) != 0)
    return fail(message, QUERN_NOT_FOUND, "cannot read '%s'", path);
  if (!isWhole(file.c_str()))
    return fail(message, QUERN_CORRUPT, "cannot load '%s': the file is truncated", path);
  void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *why = dlerror();
    return fail(message, QUERN_CORRUPT, "cannot load '%s': %s", path, why ? why : "unknown error");
  }
  const quern_model *model = static_cast<const quern_model *>(dlsym(library, symbol.c_str()));
  quern_status status;
  if (!model)
    status = fail(message, QUERN_NOT_FOUND, "'%s' has no symbol %s", path, symbol.c_str());
  else {
    status = createInstance(model, library, options, message, instance);
    if (status)
      status = failWithin(message, status, path);
  }
  if (status)
    dlclose(library);
  return status;
}
