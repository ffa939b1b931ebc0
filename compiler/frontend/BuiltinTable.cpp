// The table of built-in functions: signatures, which calls are matched against, and documentation.
#include "compiler/frontend/Builtins.h"

namespace quern {

static constexpr BuiltinDescription elementwise[] = {
    {"exp", "x", "e to the power of x. Example: exp(tensor([0., 1.])) is [1, 2.7183]."},
    {"expm1", "x", "exp(x) - 1, exact near 0. Example: expm1(tensor([0.])) is [0]."},
    {"log", "x", "The natural logarithm. Example: log(tensor([1., 10.])) is [0, 2.3026]."},
    {"log1p", "x", "log(1 + x), exact near 0. Example: log1p(tensor([0., 1.])) is [0, 0.6931]."},
    {"sqrt", "x", "The square root. Example: sqrt(tensor([4.])) is [2]."},
    {"rsqrt", "x", "1 / sqrt(x). Example: rsqrt(tensor([4.])) is [0.5]."},
    {"sin", "x", "The sine of an angle in radians. Example: sin(tensor([0.])) is [0]."},
    {"cos", "x", "The cosine of an angle in radians. Example: cos(tensor([0.])) is [1]."},
    {"tanh", "x", "The hyperbolic tangent. Example: tanh(tensor([0., 1.])) is [0, 0.7616]."},
    {"erf", "x", "The error function. Example: erf(tensor([1.])) is [0.8427]."},
    {"sigmoid", "x", "1 / (1 + exp(-x)). Example: sigmoid(tensor([0., 1.])) is [0.5, 0.7311]."},
    {"abs", "x", "The absolute value. Example: abs(tensor([-2, 3])) is [2, 3]."},
    {"sign", "x", "-1, 0 or 1. Example: sign(tensor([-2., 0., 3.])) is [-1, 0, 1]."},
    {"floor", "x",
     "The largest whole number that is not larger. Example: floor(tensor([-1.5])) is [-2]."},
    {"ceil", "x",
     "The smallest whole number that is not smaller. Example: ceil(tensor([1.5])) is [2]."},
    {"round", "x",
     "The nearest whole number, halves to the even one. Example: round(tensor([0.5, 1.5])) is "
     "[0, 2]."},
    {"isnan", "x", "Whether x is NaN. Example: isnan(log(tensor([-1., 1.]))) is [True, False]."},
    {"detach", "x",
     "x itself, through which no gradient flows. Example: detach(tensor([1.])) is [1]."},
};

static constexpr BuiltinDescription choosing[] = {
    {"maximum", "x, y", "The larger of two. Example: maximum(tensor([1, 5]), 3) is [3, 5]."},
    {"minimum", "x, y", "The smaller of two. Example: minimum(tensor([1, 5]), 3) is [1, 3]."},
    {"where", "condition, x, y",
     "x where the condition holds, else y; this is how data choose. "
     "Example: where(tensor([1, -1]) > 0, 10, 20) is [10, 20]."},
};

static constexpr BuiltinDescription reductions[] = {
    {"sum", "x, dim=None, keepdim=False",
     "The sum along a dim, several dims (a tuple) or all; of whole numbers and bools in i64. "
     "Example: tensor([[1, 2], [3, 4]]).sum(dim=0) is [4, 6]."},
    {"mean", "x, dim=None, keepdim=False",
     "The mean; of whole numbers and bools in f32. Example: tensor([1, 2]).mean() is 1.5."},
    {"prod", "x, dim=None, keepdim=False",
     "The product, of a tensor or of a list. Example: prod([2, 3, 4]) is 24."},
    {"max", "x, dim=None, keepdim=False",
     "The largest element; with a second tensor or number the larger of both. "
     "Example: tensor([[1, 5], [7, 2]]).max(dim=1) is [5, 7]."},
    {"min", "x, dim=None, keepdim=False",
     "The smallest element; with a second tensor or number the smaller of both. "
     "Example: tensor([[1, 5], [7, 2]]).min(dim=1) is [1, 2]."},
    {"all", "x, dim=None, keepdim=False",
     "Whether all elements are true. Example: (tensor([1, 2]) > 0).all() is True."},
    {"any", "x, dim=None, keepdim=False",
     "Whether one element is true. Example: (tensor([1, 2]) > 1).any() is True."},
    {"argmax", "x, dim=None, keepdim=False",
     "The first index of the largest element, as i64. Example: tensor([1, 5, 5]).argmax() is 1."},
    {"argmin", "x, dim=None, keepdim=False",
     "The first index of the smallest element, as i64. Example: tensor([4, 1]).argmin() is 1."},
};

static constexpr BuiltinDescription ordered[] = {
    {"cumsum", "x, dim",
     "The sum of each element and all before it along a dim; of whole numbers and bools in i64. "
     "Example: cumsum(tensor([1, 2, 3]), 0) is [1, 3, 6]."},
    {"cumprod", "x, dim",
     "The product of each element and all before it along a dim; of whole numbers in i64. "
     "Example: cumprod(tensor([1, 2, 3]), 0) is [1, 2, 6]."},
    {"cummax", "x, dim",
     "A tuple: the largest element so far along a dim, and its index, of equal ones the last. "
     "Example: cummax(tensor([2, 1, 3]), 0)[0] is [2, 2, 3]."},
    {"cummin", "x, dim",
     "A tuple: the smallest element so far along a dim, and its index, of equal ones the last. "
     "Example: cummin(tensor([2, 1, 3]), 0)[1] is [0, 1, 1]."},
    {"sort", "x, dim=-1, descending=False",
     "A tuple: the elements in their order along a dim, and the indices where they stood. Equal ones "
     "stay as they were; NaN counts as the largest. Example: sort(tensor([3, 1, 2]))[0] is [1, 2, 3]."},
    {"argsort", "x, dim=-1, descending=False",
     "The indices of sort alone. Example: argsort(tensor([3, 1, 2])) is [1, 2, 0]."},
    {"topk", "x, k, dim=-1, largest=True",
     "A tuple: the k largest elements along a dim, from the largest on, or the k smallest, and their "
     "indices. Example: topk(tensor([3, 1, 4, 1]), 2)[1] is [2, 0]."},
};

static constexpr BuiltinDescription shapes[] = {
    {"reshape", "x, *extents",
     "The same elements in another shape; one extent may be -1. "
     "Example: tensor([1, 2, 3, 4]).reshape(2, -1) is [[1, 2], [3, 4]]."},
    {"flatten", "x, start_dim=0, end_dim=-1",
     "Joins neighbouring dims into one. Example: tensor([[1, 2], [3, 4]]).flatten() is "
     "[1, 2, 3, 4]."},
    {"permute", "x, *dims",
     "The dims in another order. Example: tensor([[1, 2], [3, 4]]).permute(1, 0) is "
     "[[1, 3], [2, 4]]."},
    {"transpose", "x, dim0, dim1",
     "Two dims exchanged; x.T and x.mT exchange the last two. "
     "Example: tensor([[1, 2], [3, 4]]).transpose(0, 1) is [[1, 3], [2, 4]]."},
    {"flip", "x, dims",
     "x with the order of its elements along a dim, or a tuple of dims, reversed. Example: "
     "flip(tensor([1, 2, 3]), 0) is [3, 2, 1]."},
    {"movedim", "x, source, destination",
     "One dim at another place. Example: zeros(f32[2, 3, 4]).movedim(0, 2).shape is (3, 4, 2)."},
    {"unsqueeze", "x, dim",
     "A new dim of extent 1. Example: tensor([1, 2]).unsqueeze(1) is [[1], [2]]."},
    {"squeeze", "x, dim=None",
     "Without a dim of extent 1, or all of them. Example: tensor([[1, 2]]).squeeze(0) is [1, 2]."},
    {"expand", "x, *extents",
     "Repeats along dims of extent 1. Example: tensor([[1], [2]]).expand(2, 2) is "
     "[[1, 1], [2, 2]]."},
};

static constexpr BuiltinDescription parts[] = {
    {"cat", "tensors, dim=0",
     "Tensors one after the other along a dim. Example: cat([tensor([1]), tensor([2, 3])]) is "
     "[1, 2, 3]."},
    {"stack", "tensors, dim=0",
     "Tensors side by side in a new dim. Example: stack([tensor([1, 2]), tensor([3, 4])]) is "
     "[[1, 2], [3, 4]]."},
    {"chunk", "x, chunks, dim=0",
     "A tuple of so many parts. Example: tensor([1, 2, 3, 4]).chunk(2)[1] is [3, 4]."},
    {"split", "x, sizes, dim=0",
     "A tuple of parts of this size, or of these sizes. "
     "Example: tensor([1, 2, 3]).split([1, 2])[1] is [2, 3]."},
    {"unbind", "x, dim=0",
     "A tuple of the slices along a dim. Example: tensor([[1, 2], [3, 4]]).unbind()[1] is [3, 4]."},
    {"gather", "x, index, dim",
     "The elements at these indices along dim, as in PyTorch; an index out of range is an error. "
     "Example: gather(tensor([[5, 6], [7, 8]]), tensor([[1], [0]]), dim=1) is [[6], [7]]."},
};

static constexpr BuiltinDescription windows[] = {
    {"conv", "x, weight, stride=1, padding=0, dilation=1, groups=1",
     "Convolution of x [N, C, ...] with weight [O, C/groups, ...] over one to three dims; numbers for "
     "all of them or a tuple; padding may be \"same\" or \"valid\". "
     "Example: conv(tensor([[[1., 2., 3.]]]), tensor([[[1., 1.]]])) is [[[3, 5]]]."},
    {"conv_transpose",
     "x, weight, stride=1, padding=0, output_padding=0, groups=1, dilation=1",
     "The transpose of a convolution, which makes x [N, C, ...] larger, with weight [C, O/groups, ...]. "
     "Example: conv_transpose(tensor([[[1., 2.]]]), tensor([[[1., 1.]]]), stride=2) is "
     "[[[1, 1, 2, 2]]]."},
    {"max_pool", "x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False",
     "The largest element of each window over the dims after the first two. Its gradient goes to the "
     "first of equal ones. Example: max_pool(tensor([[[1., 5., 2., 3.]]]), 2) is [[[5, 3]]]."},
    {"avg_pool",
     "x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True",
     "The mean of each window over the dims after the first two. "
     "Example: avg_pool(tensor([[[1., 5., 2., 4.]]]), 2) is [[[3, 3]]]."},
};

static constexpr BuiltinDescription making[] = {
    {"tensor", "data, dtype=None",
     "A tensor of a list of numbers; a list itself is a compile-time value. "
     "Example: tensor([1, 2], f32) / 2 is [0.5, 1]."},
    {"zeros", "type", "Zeros of a type. Example: zeros(i64[3]) is [0, 0, 0]."},
    {"ones", "type", "Ones of a type. Example: ones(i64[3]) is [1, 1, 1]."},
    {"full", "type, value", "One value everywhere. Example: full(i64[2], 7) is [7, 7]."},
    {"arange", "start, end=None, step=1, dtype=None",
     "Numbers from start, or 0, up to but not including end. Example: arange(1, 4) is [1, 2, 3]."},
    {"rand", "type",
     "Uniform random numbers in [0, 1), by seed, step and the place of the call. "
     "Example: rand(f32[2, 3]).shape is (2, 3)."},
    {"to", "x, dtype",
     "x as another dtype; so does the dtype's name as a function. "
     "Example: tensor([1.7]).to(i64) is [1]."},
};

static constexpr BuiltinDescription compileTime[] = {
    {"range", "start, end=None, step=1",
     "Whole numbers; a loop over them is unrolled, but one over a dim stays a loop. "
     "Example: range(3) is [0, 1, 2]."},
    {"loop", "n",
     "Stands behind `for ... in`: repeats the body n times in the program, where range(n) repeats it "
     "while compiling."},
    {"len", "x",
     "The length of a list, or a tensor's first extent. Example: len([5, 6, 7]) is 3."},
    {"zip", "*lists",
     "Tuples of the items side by side. Example: zip([1, 2], [3, 4]) is [(1, 3), (2, 4)]."},
    {"enumerate", "list",
     "Tuples of index and item. Example: enumerate([5, 6]) is [(0, 5), (1, 6)]."},
    {"reversed", "list", "The items from the end. Example: reversed([1, 2]) is [2, 1]."},
    {"list", "items", "A list of the items. Example: list((1, 2)) is [1, 2]."},
    {"tuple", "items", "A tuple of the items. Example: tuple([1, 2]) is (1, 2)."},
    {"is_tuple", "value",
     "Whether a value is a tuple or a list. Example: is_tuple((1, 2)) is True."},
};

static constexpr BuiltinDescription members[] = {
    {"param", "init, name=None",
     "A parameter, which training changes. `init` is an initialiser such as zeros(f32[3]); `name` "
     "is its name in saved files, else the member's."},
    {"buffer", "init, persistent=True, name=None",
     "What a module keeps but does not learn; assigning it in a function of its module updates "
     "it. Saved with the weights if persistent. In an optimizer, without arguments: the average of "
     "each parameter that average(module) reads, which begins as the parameter does."},
    {"state", "init, name=None, scalar=False",
     "In an optimizer: a tensor for each parameter, of its shape or a scalar, which begins filled "
     "with the number `init`."},
    {"eval", "module", "The module as it is outside training, wherever it is called."},
    {"average", "module",
     "The module with the averages of its parameters that an optimizer such as EMA keeps, as it is "
     "outside training."},
};

static constexpr BuiltinDescription gradients[] = {
    {"grad", "f, x, *others",
     "The gradient of f(x, *others), one float, with respect to x; it can be differentiated again. "
     "Example: grad(sum, tensor([5., 7.])) is [1, 1]."},
    {"checkpoint", "f, *inputs",
     "f(*inputs), of which a training step keeps the results only: what gradients need of its inside "
     "is computed again, which takes time and saves memory. Example: "
     "checkpoint(sum, tensor([5., 7.])) is 12."},
};

static constexpr BuiltinDescription effects[] = {
    {"print", "*values",
     "Writes values as PyTorch prints them, in functions that `quern run` evaluates."},
    {"check_range", "x, bound, message",
     "Fails the call, before anything is updated, where an element of x is not in [0, bound). In "
     "the message, {0} is the element, {1} its position and {2} the bound."},
};

llvm::ArrayRef<BuiltinFamily> getBuiltinFamilies() {
  static constexpr BuiltinFamily families[] = {
      {"Of each element", elementwise},     {"Choosing", choosing},
      {"Reductions", reductions},           {"Order", ordered},
      {"Shape", shapes},                    {"Parts", parts},
      {"Windows", windows},                 {"Making tensors", making},
      {"Lists, while compiling", compileTime}, {"Members of modules", members},
      {"Gradients", gradients},
      {"Printing and checking", effects},
  };
  return families;
}

const BuiltinDescription *findBuiltinDescription(llvm::StringRef name) {
  for (const BuiltinFamily &family : getBuiltinFamilies())
    for (const BuiltinDescription &builtin : family.functions)
      if (builtin.name == name)
        return &builtin;
  return nullptr;
}
} // namespace quern
