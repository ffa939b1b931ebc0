// The tables of habits; each row is one sentence that says what to write.
#include "compiler/frontend/Habits.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"

using namespace quern;

static const Habit *lookUp(llvm::ArrayRef<Habit> table, llvm::StringRef name) {
  const Habit *row = llvm::find_if(table, [&](const Habit &h) { return h.name == name; });
  return row == table.end() ? nullptr : row;
}

const Habit *quern::findNameHabit(llvm::StringRef name) {
  static constexpr llvm::StringLiteral noOptimizer =
      "no optimizer object: @train(SGD(lr=0.1)) on the loss function does the backward pass and "
      "the "
      "update";
  static constexpr llvm::StringLiteral noLoader =
      "no data loader: the built program reads, shuffles and batches --data";
  static constexpr llvm::StringLiteral lossFunction = "a loss is a function of the library";
  static const Habit table[] = {
      {"self", "no `self`: members are declared in the module's body and used by name",
       "write fc1 = Linear(...) in the module, fc1(x) in forward", ""},
      {"super", "no `super`: a module's body is its constructor", "leave the line out", ""},
      {"optimizer", noOptimizer, "", ""},
      {"optim", noOptimizer, "", ""},
      {"criterion", "no loss object: call the loss function", "write cross_entropy(net(x), y)", ""},
      {"device", "no devices in a model: --device chooses where the built program runs", "", ""},
      {"no_grad", "no `no_grad`: only @train functions make gradients; detach(x) stops one", "",
       ""},
      {"DataLoader", noLoader, "", ""},
      {"Dataset", "no data sets in a model: the built program reads --data", "", ""},
      {"Module", "a module is declared with its arguments",
       "write module MLP(inputs, outputs):", ""},
      {"ModuleList", "a list of layers is a list", "write [Linear(8, 8) for _ in range(3)]", ""},
      {"ModuleDict", "no dictionaries; give each layer a name of its own", "", ""},
      {"Parameter", "a parameter is param(...)", "write param(zeros(f32[10]))", "param"},
      {"register_buffer", "a buffer is a member", "write name = buffer(zeros(f32[10]))", ""},
      {"Tensor", "a tensor's type is its dtype and shape", "write f32[B, 10]", ""},
      {"FloatTensor", "a tensor's type is its dtype and shape", "write tensor([1, 2], f32)", ""},
      {"CrossEntropyLoss", lossFunction, "write cross_entropy(logits, ids)", ""},
      {"NLLLoss", lossFunction, "write cross_entropy(logits, ids)", ""},
      {"nll_loss", "no nll_loss: cross_entropy takes the logits themselves", "", ""},
      {"MSELoss", lossFunction, "write mse_loss(net(x), y)", ""},
      {"L1Loss", lossFunction, "write l1_loss(net(x), y)", ""},
      {"HuberLoss", lossFunction, "write huber_loss(net(x), y)", ""},
      {"SmoothL1Loss", lossFunction, "write huber_loss(net(x), y)", ""},
      {"smooth_l1_loss", "this is huber_loss here", "", "huber_loss"},
      {"BCELoss", lossFunction, "write bce_with_logits(net(x), y), without the sigmoid", ""},
      {"BCEWithLogitsLoss", lossFunction, "write bce_with_logits(net(x), y)", ""},
      {"binary_cross_entropy", "a loss takes logits, which is exact for all values",
       "write bce_with_logits(net(x), y), without the sigmoid", ""},
      {"binary_cross_entropy_with_logits", "this is bce_with_logits here", "", "bce_with_logits"},
      {"float", "`float` stands for the dtype of an argument, and none here has it",
       "a dtype is f32, a conversion x.to(f32)", ""},
      {"int", "`int` stands for the dtype of an argument, and none here has it",
       "a dtype is i64, a conversion x.to(i64)", ""},
      {"any", "`any` stands for the dtype of an argument, and none here has it", "", ""},
      {"str", "text is made with f\"...\"", "", ""},
      {"dict", "no dictionaries; use a list or a tuple", "", ""},
      {"set", "no sets; use a list or a tuple", "", ""},
      {"input", "no `input`: a model's inputs are the arguments of its entries", "", ""},
      {"open", "no files in a model: the built program reads --data", "", ""},
      {"map", "no `map`; write [f(x) for x in items]", "", ""},
      {"filter", "no `filter`; write [x for x in items if ...]", "", ""},
      {"isinstance", "no `isinstance`: tensors have the types that signatures say", "", ""},
      {"lambda", "no `lambda`", "write a def and pass its name", ""},
      {"empty", "no memory without values; write zeros(f32[2, 3])", "", ""},
      {"array", "a tensor is made by tensor", "write tensor([1, 2, 3])", "tensor"},
      {"float32", "no dtype `float32`", "write f32", "f32"},
      {"float64", "no dtype `float64`", "write f64", "f64"},
      {"double", "no dtype `double`", "write f64", "f64"},
      {"float16", "no dtype `float16`", "write f16", "f16"},
      {"bfloat16", "no dtype `bfloat16`", "write bf16", "bf16"},
      {"int64", "no dtype `int64`", "write i64", "i64"},
      {"long", "no dtype `long`", "write i64", "i64"},
      {"int32", "no dtype `int32`", "write i32", "i32"},
      {"uint8", "no dtype `uint8`", "write u8", "u8"},
      {"loader", noLoader, "", ""},
      {"train_loader", noLoader, "", ""},
      {"dataloader", noLoader, "", ""},
      {"StandardScaler", "no scalers in a model: the built program scales with --standardize x", "",
       ""},
      {"save", "weights are saved by the built program: --save m.safetensors", "", ""},
      {"load", "weights are loaded by the built program: --load m.safetensors", "", ""},
      {"summary", "`quern summary FILE` prints the table of layers, with --tree the modules", "", ""},
      {"__name__", "a file has no main part: `quern run FILE:FUNCTION` runs a function", "", ""},
      {"from_numpy", "arrays come in by --data, as .npy or .npz", "", ""},
      {"eye", "no `eye`", "write (arange(n)[:, None] == arange(n)).to(f32)", ""},
      {"zeros_like", "no `zeros_like`", "write zeros(f32[*x.shape])", ""},
      {"ones_like", "no `ones_like`", "write ones(f32[*x.shape])", ""},
      {"randn_like", "no `randn_like`", "write randn(f32[*x.shape])", ""},
      {"rand_like", "no `rand_like`", "write rand(f32[*x.shape])", ""},
      {"sorted", "no `sorted`: lists are known while compiling", "write them in order", ""},
      {"randint", "no `randint`", "write floor(rand(f32[10]) * n).to(i64)", ""},
      {"linspace", "no `linspace`", "write a + (b - a) * arange(n) / (n - 1)", ""},
      {"matmul", "a matrix product is a @ b", "", ""},
      {"mm", "a matrix product is a @ b", "", ""},
      {"bmm", "a matrix product is a @ b", "", ""},
      {"dot", "a product of vectors is a @ b", "", ""},
      {"concat", "this is cat here", "", "cat"},
      {"concatenate", "this is cat here", "", "cat"},
      {"vstack", "this is cat(..., dim=0) here", "", ""},
      {"hstack", "this is cat(..., dim=1) here", "", ""},
      {"swapaxes", "this is transpose here", "", "transpose"},
      {"logical_and", "between tensors write a & b", "", ""},
      {"logical_or", "between tensors write a | b", "", ""},
      {"logical_not", "of a tensor write ~a", "", ""},
      {"seed", "random numbers follow the flag --seed", "", ""},
      {"manual_seed", "random numbers follow the flag --seed", "", ""},
      {"cuda", "no `cuda`: --device chooses where the built program runs", "", ""},
      {"plt", "no plots in a model: train --plot DIR draws losses and fits, `quern plot` functions", "",
       ""},
      {"pd", "no pandas in a model: the built program reads .csv by --data", "", ""}};
  return lookUp(table, name);
}

const Habit *quern::findTensorHabit(llvm::StringRef name) {
  static const Habit table[] = {
      {"view", "no view; write x.reshape(B, 784) (or x.flatten(1))", "", "reshape"},
      {"backward",
       "no `backward`: @train(SGD(lr=0.1)) on the loss function does the backward pass and the "
       "update",
       "", ""},
      {"zero_grad",
       "no `zero_grad`: @train(SGD(lr=0.1)) on the loss function does the backward pass and the "
       "update",
       "", ""},
      {"cuda", "no `.cuda()`: the device is chosen by --device", "", ""},
      {"cpu", "no `.cpu()`: the device is chosen by --device", "", ""},
      {"numpy", "no `.numpy()`: results are written by the built program", "", ""},
      {"item", "no `.item()`: a scalar is a tensor without dims", "leave .item() out", ""},
      {"tolist", "no `.tolist()`: a tensor's values are known only at run time", "", ""},
      {"size", "no `.size()`; write x.shape[0], or name the dim in the signature", "", ""},
      {"dim", "no `.dim()`; write x.ndim", "", ""},
      {"numel", "no `.numel()`; write prod(x.shape)", "", ""},
      {"grad", "no `.grad`: gradients are made by @train, or by grad(f, x)", "", ""},
      {"requires_grad", "no `requires_grad`: parameters learn, and detach(x) stops a gradient", "",
       ""},
      {"requires_grad_", "no `requires_grad`: parameters learn, and detach(x) stops a gradient", "",
       ""},
      {"data", "no `.data`; write detach(x)", "", ""},
      {"clone", "no `.clone()`: values never change, so none is copied", "leave .clone() out", ""},
      {"copy", "no `.copy()`: values never change, so none is copied", "leave .copy() out", ""},
      {"contiguous", "no `.contiguous()`: the compiler lays tensors out", "leave it out", ""},
      {"float", "no `.float()`; write x.to(f32)", "", ""},
      {"double", "no `.double()`; write x.to(f64)", "", ""},
      {"half", "no `.half()`; write x.to(f16)", "", ""},
      {"long", "no `.long()`; write x.to(i64)", "", ""},
      {"int", "no `.int()`; write x.to(i32)", "", ""},
      {"bool", "no `.bool()`; write x != 0", "", ""},
      {"type", "no `.type()`; write x.to(f32)", "", ""},
      {"astype", "no `.astype()`; write x.to(f32)", "", ""},
      {"t", "no `.t()`; write x.T", "", ""},
      {"repeat", "no `.repeat()`; write cat([x, x], dim=0), or x.expand(...)", "", ""},
      {"matmul", "a matrix product is a @ b", "", ""},
      {"mm", "a matrix product is a @ b", "", ""},
      {"dot", "a product of vectors is a @ b", "", ""},
      {"eq", "write x == y", "", ""},
      {"masked_fill", "no masked_fill; write where(mask, value, x)", "", ""},
      {"clip", "this is clamp here", "", "clamp"}};
  if (const Habit *row = lookUp(table, name))
    return row;
  // `x.add_(y)` and the like.
  static const Habit inPlace = {"", "tensors never change in place; write x = x + y and the like",
                                "", ""};
  static const llvm::StringRef changing[] = {
      "add_",  "sub_",   "mul_", "div_",  "zero_",   "fill_",    "copy_",     "uniform_",
      "relu_", "clamp_", "exp_", "sqrt_", "normal_", "squeeze_", "unsqueeze_"};
  return llvm::is_contained(changing, name) ? &inPlace : nullptr;
}

const Habit *quern::findModuleHabit(llvm::StringRef name) {
  static constexpr llvm::StringLiteral device = "the device is chosen by --device";
  static const Habit table[] = {
      {"parameters", "", "@train updates what its loss reaches, or params=net", ""},
      {"named_parameters", "", "`quern params FILE` lists what --save wrote", ""},
      {"zero_grad", "", "@train does the backward pass and the update", ""},
      {"train", "", "@train functions are compiled with training=True, others with False", ""},
      {"eval", "", "write eval(net) to freeze a submodule's mode", ""},
      {"to", "", device, ""},
      {"cuda", "", device, ""},
      {"cpu", "", device, ""},
      {"apply", "", "initialisers stand in param(...)", ""},
      {"state_dict", "", "the built program saves with --save, and `quern params FILE` lists it", ""},
      {"load_state_dict", "", "the built program loads with --load", ""},
      {"add_module", "", "members are declared in the module's body", ""},
      {"append", "", "make the list first: Sequential(*layers)", ""},
      {"step", "", "@train does the update", ""}};
  return lookUp(table, name);
}

bool quern::isPlanned(llvm::StringRef name) {
  static const llvm::StringRef names[] = {"ConvTranspose1d",
                                          "BatchNorm1d",
                                          "BatchNorm2d",
                                          "GroupNorm",
                                          "InstanceNorm2d",
                                          "LSTM",
                                          "GRU",
                                          "RNN",
                                          "RMSprop",
                                          "Adagrad",
                                          "NAdam",
                                          "einsum",
                                          "ELU",
                                          "Hardswish",
                                          "PReLU",
                                          "kl_div",
                                          "step_lr",
                                          "tril",
                                          "triu"};
  return llvm::is_contained(names, name);
}

bool quern::isPythonModule(llvm::StringRef name) {
  static const llvm::StringRef names[] = {"nn",   "torch", "F",  "np",    "numpy",
                                          "math", "jnp",   "tf", "keras", "random"};
  return llvm::is_contained(names, name);
}
