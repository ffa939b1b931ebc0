// Linking through LLD inside this process.
#include "compiler/target/Link.h"
#include "lld/Common/Driver.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

LLD_HAS_DRIVER(elf)

namespace quern {
using llvm::StringRef;

void addProgramStart(llvm::Module &module, StringRef modelSymbol) {
  // The kernel leaves argc on the stack and a function to register in rdx; glibc's
  // __libc_start_main takes (main, argc, argv, init, fini, rtld_fini, stack end).
  module.appendModuleInlineAsm(".globl _start\n"
                               "_start:\n"
                               "  xorl %ebp, %ebp\n"
                               "  movq %rdx, %r9\n"
                               "  popq %rsi\n"
                               "  movq %rsp, %rdx\n"
                               "  andq $-16, %rsp\n"
                               "  pushq %rax\n"
                               "  pushq %rsp\n"
                               "  xorl %r8d, %r8d\n"
                               "  xorl %ecx, %ecx\n"
                               "  leaq main(%rip), %rdi\n"
                               "  call *__libc_start_main@GOTPCREL(%rip)\n"
                               "  hlt\n");
  llvm::LLVMContext &context = module.getContext();
  auto *i32 = llvm::Type::getInt32Ty(context);
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto *main = llvm::Function::Create(llvm::FunctionType::get(i32, {i32, pointer}, false),
                                      llvm::GlobalValue::ExternalLinkage, "main", module);
  llvm::FunctionCallee program = module.getOrInsertFunction(
      "quern_program_main", llvm::FunctionType::get(i32, {pointer, i32, pointer}, false));
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", main));
  builder.CreateRet(builder.CreateCall(
      program, {module.getNamedValue(modelSymbol), main->getArg(0), main->getArg(1)}));
}

static llvm::Error runLld(llvm::ArrayRef<std::string> arguments) {
  llvm::SmallVector<const char *> pointers{"ld.lld"};
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string out, errors;
  llvm::raw_string_ostream outStream(out), errorStream(errors);
  lld::Result result =
      lld::lldMain(pointers, outStream, errorStream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return llvm::Error::success();
  std::string command;
  for (const char *word : pointers)
    command += std::string(command.empty() ? "" : " ") + word;
  StringRef firstLine = StringRef(errors).split('\n').first;
  return llvm::createStringError(std::errc::io_error, "linking failed: %s; the command was: %s",
                                 firstLine.str().c_str(), command.c_str());
}

/// The system's own library, in the places where Linux distributions keep it.
static llvm::Expected<std::string> findSystemLibrary(StringRef name) {
  for (StringRef folder : {"/lib/x86_64-linux-gnu", "/lib64", "/usr/lib/x86_64-linux-gnu",
                           "/usr/lib64", "/usr/lib", "/lib"}) {
    llvm::SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    if (llvm::sys::fs::exists(path))
      return path.str().str();
  }
  return llvm::createStringError(std::errc::no_such_file_or_directory,
                                 "the C library's %s was not found", name.str().c_str());
}

llvm::Error linkExecutable(StringRef object, StringRef libraryFolder, StringRef output, bool strip) {
  auto libc = findSystemLibrary("libc.so.6");
  if (!libc)
    return libc.takeError();
  auto libm = findSystemLibrary("libm.so.6");
  if (!libm)
    return libm.takeError();
  std::vector<std::string> arguments = {"-o", output.str(), "-pie", "--gc-sections",
                                        "--icf=safe", "-z", "relro", "-z", "noexecstack",
                                        "--hash-style=gnu", "--build-id=none", "-dynamic-linker",
                                        "/lib64/ld-linux-x86-64.so.2", object.str()};
  if (strip)
    arguments.push_back("-s");
  for (StringRef name : {"quern/libquern_program.a", "libquern.a", "quern/libz.a"}) {
    llvm::SmallString<128> path(libraryFolder);
    llvm::sys::path::append(path, name);
    if (!llvm::sys::fs::exists(path))
      return llvm::createStringError(std::errc::no_such_file_or_directory,
                                     "the runtime library %s is missing", path.c_str());
    arguments.push_back(path.str().str());
  }
  arguments.insert(arguments.end(), {*libc, "--as-needed", *libm});
  return runLld(arguments);
}

llvm::Error linkRelocatable(llvm::ArrayRef<std::string> objects, StringRef output) {
  std::vector<std::string> arguments = {"-r", "-o", output.str()};
  llvm::append_range(arguments, objects);
  return runLld(arguments);
}

llvm::Error linkSharedLibrary(StringRef object, StringRef output) {
  auto libm = findSystemLibrary("libm.so.6");
  if (!libm)
    return libm.takeError();
  return runLld({"-shared", "-o", output.str(), "--gc-sections", "-z", "relro", "-z", "noexecstack",
                 "-soname", llvm::sys::path::filename(output).str(), object.str(), "--as-needed",
                 *libm});
}

llvm::Error writeArchive(StringRef object, StringRef output) {
  auto member = llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
  if (!member)
    return member.takeError();
  llvm::SmallString<128> name(llvm::sys::path::stem(output));
  name += ".o";
  member->MemberName = name;
  return llvm::writeArchive(output, *member, llvm::SymtabWritingMode::NormalSymtab,
                            llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false);
}
} // namespace quern
