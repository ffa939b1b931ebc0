// Resolves CPU names and features through LLVM's subtarget tables.
#include "compiler/target/TargetDescription.h"
#include "compiler/target/ObjectEmission.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace quern;

/// Size in bytes of the host's data cache of `level` as sysfs tells it, or `fallback`.
static uint64_t readHostCache(unsigned level, uint64_t fallback) {
  for (unsigned index = 0; index < 8; ++index) {
    std::string dir = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    auto field = [&](llvm::StringRef name) -> std::string {
      auto buffer = llvm::MemoryBuffer::getFile(dir + name.str(), /*IsText=*/true);
      return buffer ? (*buffer)->getBuffer().trim().str() : std::string();
    };
    std::string type = field("type");
    if (type.empty())
      break;
    if (type == "Instruction" || field("level") != std::to_string(level))
      continue;
    std::string text = field("size");
    llvm::StringRef size = text;
    uint64_t scale = 1;
    if (size.consume_back("K"))
      scale = 1 << 10;
    else if (size.consume_back("M"))
      scale = 1 << 20;
    uint64_t count = 0;
    if (!size.getAsInteger(10, count) && count > 0)
      return count * scale;
  }
  return fallback;
}

llvm::Expected<TargetDescription> quern::describeTarget(const TargetOptions &options) {
  initialiseNativeBackend();
  TargetDescription result;
  result.triple = options.triple.empty() ? llvm::sys::getDefaultTargetTriple() : options.triple;
  result.optimisationLevel = options.optimisationLevel;

  llvm::Triple triple(result.triple);
  std::string message;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target || !triple.isX86_64())
    return llvm::createStringError("target '" + result.triple +
                                   "' is not supported; only x86-64 is");

  bool host = options.cpu == "host" || options.cpu == "native";
  result.cpu = host ? llvm::sys::getHostCPUName().str() : options.cpu;
  llvm::SmallVector<std::string> features;
  if (host)
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      features.push_back((feature.second ? "+" : "-") + feature.first().str());
  // A StringMap has no fixed order, and the feature string ends up in the artefact.
  llvm::sort(features);
  if (!options.features.empty())
    features.push_back(options.features);
  result.features = llvm::join(features, ",");

  std::unique_ptr<llvm::MCSubtargetInfo> subtarget(
      target->createMCSubtargetInfo(triple, /*CPU=*/"", /*Features=*/""));
  if (!subtarget->isCPUStringValid(result.cpu))
    return llvm::createStringError("unknown CPU '" + result.cpu + "' for target '" + result.triple +
                                   "'");
  subtarget.reset(target->createMCSubtargetInfo(triple, result.cpu, result.features));
  if (subtarget->checkFeatures("+avx512f,+avx512bw,+avx512dq,+avx512vl")) {
    result.vectorBits = 512;
    result.vectorRegisters = 32;
  } else if (!subtarget->checkFeatures("+avx2,+fma")) {
    return llvm::createStringError("CPU '" + result.cpu +
                                   "' has no AVX2 and FMA, which compiled models need");
  }
  if (host) {
    result.l1Bytes = readHostCache(1, result.l1Bytes);
    result.l2Bytes = readHostCache(2, result.l2Bytes);
    result.l3Bytes = readHostCache(3, result.l3Bytes);
  }
  return result;
}
