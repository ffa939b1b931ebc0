// Arguments to where an entry takes them from, and results from where it leaves them.
#include "tests/numerics/EntryCheck.h"
#include "dialect/QuernOps.h"
#include <cmath>
#include <cstring>

using namespace mlir;
namespace quern::test {

static std::unique_ptr<char, decltype(&std::free)> allocate(size_t bytes) {
  auto *memory =
      static_cast<char *>(std::aligned_alloc(QUERN_ARENA_ALIGNMENT, (bytes + 127) / 64 * 64));
  std::memset(memory, 0, bytes);
  return {memory, &std::free};
}

Arenas::Arenas(const quern_model &model) {
  auto add = [&](Role role, const quern_tensor *tensors, uint32_t count, int64_t bytes) {
    arenas.push_back({role, {tensors, count}, size_t(bytes), allocate(bytes)});
  };
  add(Role::param, model.params, model.param_count, model.params_bytes);
  add(Role::buffer, model.buffers, model.buffer_count, model.buffers_bytes);
  add(Role::state, model.state, model.state_count, model.state_bytes);
}

const Arenas::Arena *Arenas::get(Role role) const {
  const auto *found = llvm::find_if(arenas, [&](const Arena &arena) { return arena.role == role; });
  return found == arenas.end() ? nullptr : found;
}

char *Arenas::find(Role role, StringRef name) const {
  if (const Arena *arena = get(role))
    for (const quern_tensor &tensor : arena->tensors)
      if (name == tensor.name)
        return arena->bytes.get() + tensor.offset;
  return nullptr;
}

/// One call and its memory.
class EntryCall {
public:
  EntryCall(const CompiledModule &compiled, const Arenas &arenas, func::FuncOp function)
      : compiled(compiled), arenas(arenas), function(function) {
    call.params = arenas.get(Role::param)->bytes.get();
    call.buffers = arenas.get(Role::buffer)->bytes.get();
    call.state = arenas.get(Role::state)->bytes.get();
  }

  /// Returns what is wrong, or "".
  std::string take(ArrayRef<HostTensor> arguments) {
    for (auto [i, argument] : llvm::enumerate(arguments)) {
      Role role = getRole(function, i);
      StringRef name = getName(function, i);
      if (role == Role::input)
        call.inputs.push_back(argument.getBytes().data());
      else if (role == Role::hyper)
        call.hypers.push_back(argument.getReal(0));
      else if (role == Role::step)
        call.step = argument.getInteger(0);
      else if (role == Role::seed)
        call.seed = uint64_t(argument.getInteger(0));
      else if (char *place = arenas.find(role, name))
        llvm::copy(argument.getBytes(), place);
      else
        return "there is no " + name.str();
    }
    return "";
  }

  void bind(ArrayRef<HostTensor> arguments, DimValues dims, const quern_entry &entry) {
    for (auto [type, argument] : llvm::zip_equal(function.getArgumentTypes(), arguments))
      for (auto [extent, value] :
           llvm::zip_equal(cast<TensorType>(type).getExtents(), argument.getShape()))
        if (auto dim = extent.getDim())
          dims.try_emplace(*dim, value);
    for (const quern_dim &dim : ArrayRef(entry.dims, entry.dim_count))
      call.dims.push_back(dims.lookup(dim.name));
  }

  std::string run(const quern_entry &entry, ArrayRef<BoundedTensor> expected, int32_t workers,
                  std::vector<HostTensor> &results) {
    for (const BoundedTensor &bound : expected)
      results.emplace_back(bound.dtype, bound.shape);
    std::vector<std::vector<char>> outputs, before;
    for (auto [i, result] : llvm::enumerate(results))
      if (getResultRole(function, i) == Role::output) {
        outputs.emplace_back(result.getBytes().size() + 2 * guard, filler);
        call.outputs.push_back(outputs.back().data() + guard);
      }
    for (const Arenas::Arena &arena : arenas.arenas)
      before.emplace_back(arena.bytes.get(), arena.bytes.get() + arena.size);
    call.workers = workers;
    if (int32_t status = compiled.run(entry, call))
      return "has status " + std::to_string(status);
    size_t next = 0;
    for (auto [i, result] : llvm::enumerate(results)) {
      Role role = getResultRole(function, i);
      MutableArrayRef<char> bytes = result.getMutableBytes();
      if (role == Role::output) {
        const std::vector<char> &memory = outputs[next++];
        auto isIntact = [](char byte) { return byte == filler; };
        if (!std::all_of(memory.begin(), memory.begin() + guard, isIntact) ||
            !std::all_of(memory.end() - guard, memory.end(), isIntact))
          return "wrote beside result " + std::to_string(i);
        std::copy_n(memory.begin() + guard, bytes.size(), bytes.begin());
        continue;
      }
      StringRef name = getResultName(function, i);
      char *place = arenas.find(role, name);
      if (!place)
        return "there is no " + name.str();
      std::copy_n(place, bytes.size(), bytes.begin());
      const Arenas::Arena *arena = arenas.get(role);
      std::copy_n(place, bytes.size(),
                  before[arena - arenas.arenas.begin()].begin() + (place - arena->bytes.get()));
    }
    for (auto [old, arena] : llvm::zip_equal(before, arenas.arenas))
      if (std::memcmp(old.data(), arena.bytes.get(), arena.size) != 0)
        return "wrote to what it only reads";
    return "";
  }

private:
  static constexpr size_t guard = 64;
  static constexpr char filler = 0x5a;
  const CompiledModule &compiled;
  const Arenas &arenas;
  func::FuncOp function;
  CompiledModule::Call call;
};

Reply compareCall(const CompiledModule &compiled, const Arenas &arenas, func::FuncOp function,
                  StringRef name, ArrayRef<HostTensor> arguments, const DimValues &dims,
                  ArrayRef<BoundedTensor> expected, int32_t workers) {
  Reply reply;
  const quern_entry *entry = compiled.find(name);
  if (!entry) {
    reply.message = "there is no entry " + name.str();
    return reply;
  }
  EntryCall call(compiled, arenas, function);
  reply.message = call.take(arguments);
  if (!reply.message.empty())
    return reply;
  call.bind(arguments, dims, *entry);
  reply.message = call.run(*entry, expected, workers, reply.results);
  if (!reply.message.empty())
    return reply;
  constexpr double slack = 4;
  for (auto [i, result] : llvm::enumerate(reply.results)) {
    const BoundedTensor &bound = expected[i];
    reply.elements += bound.errors.size();
    double largest = 0;
    for (double value : bound.values)
      largest = std::max(largest, std::fabs(value));
    reply.bounded +=
        llvm::count_if(bound.errors, [&](double error) { return slack * error <= 0.1 * largest; });
    std::string message;
    if (failed(compare(result, bound, slack, message))) {
      StringRef own = getResultName(function, i);
      reply.message = (own.empty() ? "result " + std::to_string(i) : own.str()) + ": " + message;
      return reply;
    }
  }
  return reply;
}
} // namespace quern::test
