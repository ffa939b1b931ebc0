// Every part is the whole module in a context of its own, with only its share of the function bodies;
// the first part also defines the variables. Names that were internal become hidden ones, so that the
// parts find each other, and local again once they are one object: two models in one program may
// then use the same names.
#include "compiler/target/ObjectParts.h"
#include "compiler/target/Link.h"
#include "compiler/target/ObjectEmission.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/ObjCopy/CommonConfig.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/FileOutputBuffer.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ThreadPool.h"

namespace quern {
using llvm::StringRef;

namespace {
/// Temporary files, removed at the end.
struct Files {
  ~Files() {
    for (const std::string &path : paths)
      llvm::sys::fs::remove(path);
  }
  llvm::Expected<std::string> create() {
    llvm::SmallString<128> path;
    if (std::error_code ec = llvm::sys::fs::createTemporaryFile("quern", "o", path))
      return llvm::createStringError(ec, "cannot make a temporary file: %s", ec.message().c_str());
    paths.push_back(path.str().str());
    return paths.back();
  }
  std::vector<std::string> paths;
};
} // namespace

static llvm::Error writeFile(StringRef path,
                             llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write) {
  std::error_code ec;
  llvm::raw_fd_ostream os(path, ec);
  if (!ec) {
    if (llvm::Error error = write(os)) {
      os.close();
      os.clear_error();
      return error;
    }
    os.close();
    ec = os.error();
    os.clear_error();
  }
  if (ec)
    return llvm::createStringError(ec, "cannot write %s: %s", path.str().c_str(),
                                   ec.message().c_str());
  return llvm::Error::success();
}

/// Gives each function the number of a part: the largest first, each to the part with least so far.
static llvm::StringMap<unsigned> assignParts(llvm::Module &module, unsigned &count) {
  constexpr unsigned instructionsOfPart = 2500, mostParts = 8;
  llvm::SmallVector<std::pair<unsigned, llvm::Function *>> functions;
  unsigned total = 0;
  for (llvm::Function &function : module)
    if (!function.isDeclaration()) {
      functions.push_back({function.getInstructionCount(), &function});
      total += functions.back().first;
    }
  count = std::clamp(total / instructionsOfPart, 1u, mostParts);
  llvm::sort(functions, [](auto &a, auto &b) {
    return std::make_pair(b.first, a.second->getName()) < std::make_pair(a.first, b.second->getName());
  });
  llvm::SmallVector<unsigned> sizes(count);
  llvm::StringMap<unsigned> parts;
  for (auto [size, function] : functions) {
    unsigned part = llvm::min_element(sizes) - sizes.begin();
    sizes[part] += size;
    parts[function->getName()] = part;
  }
  return parts;
}

/// Whether a function refers to the constant, directly or inside another constant.
static bool isUsedByCode(const llvm::Constant &constant) {
  return llvm::any_of(constant.users(), [](const llvm::User *user) {
    auto *outer = llvm::dyn_cast<llvm::Constant>(user);
    return !outer || (!llvm::isa<llvm::GlobalValue>(outer) && isUsedByCode(*outer));
  });
}

/// Makes every name that one part may need of another visible to all of them.
static void externalise(llvm::Module &module) {
  for (llvm::GlobalValue &value : module.global_values())
    if (value.hasLocalLinkage() && (llvm::isa<llvm::Function>(value) || isUsedByCode(value))) {
      if (!value.hasName())
        value.setName("constant");
      value.setLinkage(llvm::GlobalValue::ExternalLinkage);
      value.setVisibility(llvm::GlobalValue::HiddenVisibility);
    }
}

/// Compiles the functions of one part from the module's bitcode.
static llvm::Error emitPart(llvm::MemoryBufferRef bitcode, const llvm::StringMap<unsigned> &parts,
                            unsigned part, const TargetDescription &target, StringRef path) {
  llvm::LLVMContext context;
  auto module = llvm::getLazyBitcodeModule(bitcode, context);
  if (!module)
    return module.takeError();
  for (llvm::Function &function : **module)
    if (function.isMaterializable() && parts.lookup(function.getName()) != part)
      function.deleteBody();
  if (llvm::Error error = (*module)->materializeAll())
    return error;
  if (part != 0) {
    (*module)->setModuleInlineAsm("");
    for (llvm::GlobalVariable &variable : (*module)->globals())
      variable.setInitializer(nullptr);
    for (llvm::GlobalVariable &variable : llvm::make_early_inc_range((*module)->globals()))
      if (!variable.hasExternalLinkage())
        variable.eraseFromParent();
  }
  return writeFile(path, [&](llvm::raw_pwrite_stream &os) {
    return emitObject(**module, target, os);
  });
}

/// Makes hidden symbols local.
static llvm::Error localiseHidden(StringRef from, StringRef to) {
  auto object = llvm::object::ObjectFile::createObjectFile(from);
  if (!object)
    return object.takeError();
  llvm::objcopy::ConfigManager config;
  config.ELF.LocalizeHidden = true;
  config.Common.DiscardMode = llvm::objcopy::DiscardType::Locals;
  return writeFile(to, [&](llvm::raw_pwrite_stream &os) {
    return llvm::objcopy::executeObjcopyOnBinary(config, *object->getBinary(), os);
  });
}

llvm::Error writeObject(llvm::Module &module, const TargetDescription &target, StringRef path) {
  unsigned count;
  llvm::StringMap<unsigned> parts = assignParts(module, count);
  if (count == 1)
    return writeFile(path, [&](llvm::raw_pwrite_stream &os) {
      return emitObject(module, target, os);
    });
  externalise(module);
  llvm::SmallString<0> bitcode;
  llvm::raw_svector_ostream stream(bitcode);
  llvm::WriteBitcodeToFile(module, stream);

  Files files;
  for (unsigned part = 0; part <= count; ++part)
    if (auto file = files.create(); !file)
      return file.takeError();
  llvm::ArrayRef<std::string> objects = llvm::ArrayRef(files.paths).drop_back();
  llvm::SmallVector<std::string> errors(count);
  llvm::ThreadPoolStrategy threads = llvm::hardware_concurrency(count);
  threads.Limit = true;
  llvm::DefaultThreadPool pool(threads);
  for (unsigned part = 0; part < count; ++part)
    pool.async([&, part] {
      errors[part] = llvm::toString(emitPart(llvm::MemoryBufferRef(bitcode, "model"), parts, part,
                                             target, objects[part]));
    });
  pool.wait();
  for (const std::string &error : errors)
    if (!error.empty())
      return llvm::createStringError(error);
  if (llvm::Error error = linkRelocatable(objects, files.paths.back()))
    return error;
  return localiseHidden(files.paths.back(), path);
}
} // namespace quern
