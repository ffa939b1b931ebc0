// The emulator itself: threads meet as on a GPU, and seeded mistakes of kernels are noticed.
#include "tests/gpu/Emulator.h"
#include "tests/unit/check.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/Support/SourceMgr.h"

using namespace quern::test;

static const char *kernels = R"(
@buffer_swap = internal addrspace(3) global [64 x i32] undef
@buffer_hasty = internal addrspace(3) global [64 x i32] undef
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()
declare void @llvm.nvvm.barrier.cta.sync.aligned.all(i32)
declare i32 @llvm.nvvm.shfl.sync.bfly.i32(i32, i32, i32, i32)

; out[thread] = 7 * the number of the thread beside it, through shared memory
define ptx_kernel void @swap(ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %mine = getelementptr i32, ptr addrspace(3) @buffer_swap, i32 %t
  %value = mul i32 %t, 7
  store i32 %value, ptr addrspace(3) %mine
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  %n = xor i32 %t, 1
  %other = getelementptr i32, ptr addrspace(3) @buffer_swap, i32 %n
  %read = load i32, ptr addrspace(3) %other
  %to = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %read, ptr addrspace(1) %to
  ret void
}

; the same without the barrier
define ptx_kernel void @hasty(ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %mine = getelementptr i32, ptr addrspace(3) @buffer_hasty, i32 %t
  %value = mul i32 %t, 7
  store volatile i32 %value, ptr addrspace(3) %mine
  %n = xor i32 %t, 1
  %other = getelementptr i32, ptr addrspace(3) @buffer_hasty, i32 %n
  %read = load volatile i32, ptr addrspace(3) %other
  %to = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %read, ptr addrspace(1) %to
  ret void
}

; thread 5 does not come to the barrier
define ptx_kernel void @early(ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %is5 = icmp eq i32 %t, 5
  br i1 %is5, label %leave, label %stay
stay:
  call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)
  br label %leave
leave:
  ret void
}

; the sum of a warp's numbers, and twice the same in a row
define ptx_kernel void @fold(ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %a = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %t, i32 16, i32 31)
  %b = add i32 %t, %a
  %c = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %b, i32 8, i32 31)
  %d = add i32 %b, %c
  %e = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %d, i32 4, i32 31)
  %f = add i32 %d, %e
  %g = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %f, i32 2, i32 31)
  %h = add i32 %f, %g
  %i = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %h, i32 1, i32 31)
  %j = add i32 %h, %i
  %to = getelementptr i32, ptr addrspace(1) %out, i32 %t
  store i32 %j, ptr addrspace(1) %to
  ret void
}

; threads of one warp shuffle by different distances
define ptx_kernel void @apart(ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %odd = and i32 %t, 1
  %mask = add i32 %odd, 1
  %a = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 %t, i32 %mask, i32 31)
  ret void
}

; out[block] = 100 * block + blocks, by one thread of each
define ptx_kernel void @grid(ptr addrspace(1) %out) {
  %t = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %b = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %n = call i32 @llvm.nvvm.read.ptx.sreg.nctaid.x()
  %is0 = icmp eq i32 %t, 0
  br i1 %is0, label %write, label %leave
write:
  %hundreds = mul i32 %b, 100
  %sum = add i32 %hundreds, %n
  %to = getelementptr i32, ptr addrspace(1) %out, i32 %b
  store i32 %sum, ptr addrspace(1) %to
  br label %leave
leave:
  ret void
}
)";

int main() {
  auto context = std::make_unique<llvm::LLVMContext>();
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module = llvm::parseAssemblyString(kernels, diagnostic, *context);
  if (!module) {
    diagnostic.print("emulator-test", llvm::errs());
    return 1;
  }
  Emulator emulator(std::move(module), std::move(context));
  int32_t out[64];
  auto run = [&](const char *kernel, uint32_t blocks, Schedule schedule) {
    std::fill(std::begin(out), std::end(out), -5);
    return emulator.run(kernel, blocks, 64, {reinterpret_cast<uint64_t>(out)}, schedule);
  };
  auto allAre = [&](auto wanted) {
    for (int32_t i = 0; i < 64; ++i)
      if (out[i] != wanted(i))
        return false;
    return true;
  };
  auto swapped = [](int32_t i) { return 7 * (i ^ 1); };
  bool hastyIsRight = true;
  for (Schedule schedule : {Schedule::forwards, Schedule::backwards}) {
    CHECK_TEXT(run("swap", 1, schedule), "");
    CHECK(allAre(swapped));
    run("hasty", 1, schedule);
    hastyIsRight &= allAre(swapped);
    CHECK_TEXT(run("early", 1, schedule), "threads wait for others that have left");
    CHECK_TEXT(run("fold", 1, schedule), "");
    CHECK(allAre([](int32_t i) { return i < 32 ? 496 : 496 + 32 * 32; }));
    CHECK_TEXT(run("apart", 1, schedule), "threads meet at different places");
    CHECK_TEXT(run("grid", 3, schedule), "");
    CHECK(out[0] == 3 && out[1] == 103 && out[2] == 203 && out[3] == -5);
  }
  CHECK(!hastyIsRight);
  return finish();
}
