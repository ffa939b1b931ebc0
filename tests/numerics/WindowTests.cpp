// Convolutions and reductions of windows, against loops written out.
#include "tests/numerics/OpTest.h"
#include <algorithm>
#include <array>
#include <cmath>

namespace quern::test {
namespace {
/// How windows lie along the spatial dimensions; unused leading ones stay as they are.
struct Slide {
  std::array<int64_t, 3> stride{1, 1, 1}, low{0, 0, 0}, high{0, 0, 0}, base{1, 1, 1},
      dilation{1, 1, 1};
  int64_t groups = 1;
};
} // namespace

/// The extents of a tensor, with ones between the leading two and the spatial ones up to three.
static std::array<int64_t, 5> padded(llvm::ArrayRef<int64_t> shape) {
  std::array<int64_t, 5> result{shape[0], shape[1], 1, 1, 1};
  for (size_t i = 2; i < shape.size(); ++i)
    result[5 - shape.size() + i] = shape[i];
  return result;
}

static int64_t positions(const Slide &slide, int64_t i, int64_t places, int64_t taps) {
  int64_t room = slide.low[i] + slide.high[i] + (places - 1) * slide.base[i] -
                 (taps - 1) * slide.dilation[i];
  return room / slide.stride[i] + 1;
}

/// Calls `visit(position, place)` for each element of each window, by row-major numbers within the
/// spatial dimensions; `tap` counts them.
static void forEachElement(const Slide &slide, std::array<int64_t, 5> in, std::array<int64_t, 5> taps,
                           const std::function<void(int64_t, int64_t, int64_t)> &visit) {
  std::array<int64_t, 3> out;
  for (int64_t i = 0; i < 3; ++i)
    out[i] = positions(slide, i, in[2 + i], taps[2 + i]);
  auto digits = [](int64_t number, const int64_t *size) {
    return std::array<int64_t, 3>{number / (size[1] * size[2]), number / size[2] % size[1],
                                  number % size[2]};
  };
  for (int64_t p = 0; p < out[0] * out[1] * out[2]; ++p)
    for (int64_t t = 0; t < taps[2] * taps[3] * taps[4]; ++t) {
      std::array<int64_t, 3> position = digits(p, out.data()), tap = digits(t, &taps[2]);
      int64_t place = 0;
      bool inside = true;
      for (int64_t i = 0; i < 3; ++i) {
        int64_t at = position[i] * slide.stride[i] + tap[i] * slide.dilation[i] - slide.low[i];
        inside &= at >= 0 && at % slide.base[i] == 0 && at / slide.base[i] < in[2 + i];
        place = place * in[2 + i] + at / slide.base[i];
      }
      if (inside)
        visit(p, t, place);
    }
}

static Numbers convolve(const Slide &slide, const Inputs &inputs) {
  std::array<int64_t, 5> in = padded(inputs[0].getShape()), taps = padded(inputs[1].getShape());
  int64_t plane = in[2] * in[3] * in[4], kernel = taps[2] * taps[3] * taps[4], places = 1;
  for (int64_t i = 0; i < 3; ++i)
    places *= positions(slide, i, in[2 + i], taps[2 + i]);
  Numbers result(in[0] * taps[0] * places, 0);
  for (int64_t n = 0; n < in[0]; ++n)
    for (int64_t r = 0; r < taps[0]; ++r)
      for (int64_t f = 0; f < taps[1]; ++f)
        forEachElement(slide, in, taps, [&](int64_t position, int64_t tap, int64_t place) {
          int64_t feature = r / (taps[0] / slide.groups) * taps[1] + f;
          result[(n * taps[0] + r) * places + position] +=
              inputs[0].getReal((n * in[1] + feature) * plane + place) *
              inputs[1].getReal((r * taps[1] + f) * kernel + tap);
        });
  return result;
}

/// `text` of the lists stands between the operands and the colon.
static OpTest conv(std::string name, std::string x, std::string w, std::string result,
                   std::string lists, Slide slide) {
  OpTest test;
  test.name = "conv " + name;
  test.text = "(%x: " + x + ", %w: " + w + ") -> " + result + " { %r = quern.conv %x, %w " + lists +
              " : (" + x + ", " + w + ") -> " + result + " return %r : " + result + " }";
  test.expected = [slide](const Inputs &in) { return convolve(slide, in); };
  test.batches = {0, 1, 2};
  return test;
}

/// A reduction of windows over the last dimensions of [B, ...].
static OpTest window(std::string name, std::string op, std::string x, std::string result,
                     std::string lists, Slide slide, std::array<int64_t, 3> size, char kind) {
  OpTest test;
  test.name = "window_reduce " + name;
  test.text = "(%x: " + x + ") -> " + result + " { %r = quern.window_reduce " + op + " %x " + lists +
              " : " + x + " -> " + result + " return %r : " + result + " }";
  test.expected = [=](const Inputs &inputs) {
    llvm::ArrayRef<int64_t> shape = inputs[0].getShape();
    std::vector<int64_t> four(shape.begin(), shape.end());
    four.insert(four.begin() + 1, 1);
    std::array<int64_t, 5> in = padded(four), taps{1, 1, size[0], size[1], size[2]};
    int64_t places = 1, plane = in[2] * in[3] * in[4];
    for (int64_t i = 0; i < 3; ++i)
      places *= positions(slide, i, in[2 + i], taps[2 + i]);
    Numbers result(in[0] * places, kind == '+' ? 0 : kind == '>' ? -INFINITY : INFINITY);
    for (int64_t n = 0; n < in[0]; ++n)
      forEachElement(slide, in, taps, [&](int64_t position, int64_t, int64_t place) {
        double x = inputs[0].getReal(n * plane + place), &y = result[n * places + position];
        y = kind == '+' ? y + x : kind == '>' ? std::max(x, y) : std::min(x, y);
      });
    return result;
  };
  return test;
}

/// The first extremum of each window of %x, in %y or filled with updates; both over [B, N + 4], by windows
/// 2 apart: of 3 taps, padded by one before, or `apart`, of 2, the last of which may end in padding.
static OpTest extremum(bool scatters, bool isMax, bool apart) {
  OpTest test;
  std::string kind = isMax ? "max" : "min";
  test.name = std::string(scatters ? "window_scatter " : "window_gather ") + kind +
              (apart ? " beyond the end" : "");
  std::string x = "F[B, N + 4]",
              places = apart ? "F[B, (N + 1) floordiv 2 + 2]" : "F[B, N floordiv 2 + 2]",
              y = scatters ? places : x, result = scatters ? x : places;
  test.text = "(%x: " + x + ", %y: " + y + ") -> " + result + " { %r = quern.window_" +
              (scatters ? "scatter " : "gather ") + kind +
              (apart ? " %x, %y window [2] strides [2] low [0] high [1]"
                     : " %x, %y window [3] strides [2] low [1] high [0]") +
              " dilation [1] : (" + x + ", " + y +
              ") -> " + result + " return %r : " + result + " }";
  test.expected = [=](const Inputs &inputs) {
    int64_t n = inputs[0].getShape()[1], windows = (apart ? n + 1 - 2 : n + 1 - 3) / 2 + 1;
    int64_t rows = inputs[0].getShape()[0];
    Numbers result(rows * (scatters ? n : windows), 0);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t w = 0; w < windows; ++w) {
        int64_t best = -1;
        int64_t first = std::max<int64_t>(apart ? 2 * w : 2 * w - 1, 0);
        for (int64_t at = first; at < std::min(2 * w + 2, n); ++at) {
          double a = inputs[0].getReal(row * n + at);
          double b = best < 0 ? 0 : inputs[0].getReal(row * n + best);
          if (best < 0 || (isMax ? a > b : a < b))
            best = at;
        }
        if (scatters)
          result[row * n + best] += inputs[1].getReal(row * windows + w);
        else
          result[row * windows + w] = inputs[1].getReal(row * n + best);
      }
    return result;
  };
  test.batches = {0, 1, 3};
  test.sizes = {1, 16};
  return test;
}

std::vector<OpTest> getWindowTests() {
  std::vector<OpTest> tests;
  Slide same;
  same.low = same.high = {0, 1, 1};
  // One run of places through all rows; more columns than a tile has.
  tests.push_back(conv("same", "F[B, 2, N, 7]", "F[3, 2, 3, 3]", "F[B, 3, N, 7]",
                       "strides [1, 1] low [1, 1] high [1, 1] lhs_dilation [1, 1] rhs_dilation "
                       "[1, 1] groups 1",
                       same));
  tests.back().sizes = {1, 5};
  Slide strided;
  strided.stride = {1, 2, 1};
  strided.low = {0, 1, 0};
  strided.high = {0, 0, 2};
  strided.dilation = {1, 1, 2};
  strided.groups = 2;
  tests.push_back(conv("of groups", "F[B, 4, N + 4, 6]", "F[6, 2, 3, 2]",
                       "F[B, 6, N floordiv 2 + 2, 6]",
                       "strides [2, 1] low [1, 0] high [0, 2] lhs_dilation [1, 1] rhs_dilation "
                       "[1, 2] groups 2",
                       strided));
  // The transpose of a strided one, cut at the end rather than padded.
  Slide dilated;
  dilated.low = {0, 0, 2};
  dilated.high = {0, 0, -1};
  dilated.base = {1, 1, 3};
  tests.push_back(conv("dilated", "F[B, 1, N + 2]", "F[2, 1, 3]", "F[B, 2, 3*N + 3]",
                       "strides [1] low [2] high [-1] lhs_dilation [3] rhs_dilation [1] groups 1",
                       dilated));
  // Phases of which some meet no tap, and which are not all of one length.
  Slide phases;
  phases.low = {0, 0, 1};
  phases.high = {0, 2, 0};
  phases.base = {1, 2, 3};
  phases.groups = 2;
  tests.push_back(conv("dilated with phases of several lengths", "F[B, 4, N + 1, 3]", "F[2, 2, 1, 2]",
                       "F[B, 2, 2*N + 3, 7]",
                       "strides [1, 1] low [0, 1] high [2, 0] lhs_dilation [2, 3] rhs_dilation "
                       "[1, 1] groups 2",
                       phases));
  // Depthwise, and vectors that begin within a row of run-time length.
  Slide wide;
  wide.low = wide.high = {0, 0, 1};
  wide.groups = 2;
  tests.push_back(conv("depthwise", "F[B, 2, 2, N]", "F[2, 1, 1, 3]", "F[B, 2, 2, N]",
                       "strides [1, 1] low [0, 1] high [0, 1] lhs_dilation [1, 1] rhs_dilation "
                       "[1, 1] groups 2",
                       wide));
  tests.back().sizes = {1, 19};
  tests.push_back(conv("of volumes", "F[B, 2, N + 1, 3, 4]", "F[2, 2, 2, 2, 3]",
                       "F[B, 2, N, 2, 2]",
                       "strides [1, 1, 1] low [0, 0, 0] high [0, 0, 0] lhs_dilation [1, 1, 1] "
                       "rhs_dilation [1, 1, 1] groups 1",
                       Slide()));
  tests.push_back(conv("of no features", "F[B, 0, 4]", "F[2, 0, 3]", "F[B, 2, 2]",
                       "strides [1] low [0] high [0] lhs_dilation [1] rhs_dilation [1] groups 1",
                       Slide()));
  tests.back().sizes = {1};

  Slide half;
  half.stride = {1, 2, 2};
  std::string pairs = "window [2, 2] strides [2, 2] low [0, 0] high [0, 0] base_dilation [1, 1] "
                      "dilation [1, 1]";
  tests.push_back(window("max", "max", "F[B, 2*N + 1, 36]", "F[B, N, 18]", pairs, half, {1, 2, 2},
                         '>'));
  // Gaps between windows, and elements left over in every dimension.
  Slide apart;
  apart.stride = {2, 2, 3};
  tests.push_back(window("min apart", "min", "F[B, 2*N, 5, 3*N + 49]",
                         "F[B, N, 2, N + 16]",
                         "window [2, 2, 2] strides [2, 2, 3] low [0, 0, 0] high [0, 0, 0] "
                         "base_dilation [1, 1, 1] dilation [1, 1, 1]",
                         apart, {2, 2, 2}, '<'));
  tests.back().batches = {0, 1};
  Slide over;
  over.stride = {1, 2, 1};
  over.low = {0, 1, 2};
  over.high = {0, 1, 0};
  over.dilation = {1, 1, 2};
  std::string overlapping = "window [3, 2] strides [2, 1] low [1, 2] high [1, 0] base_dilation "
                            "[1, 1] dilation [1, 2]";
  tests.push_back(window("min", "min", "F[B, 4, N]", "F[B, 2, N]", overlapping, over, {1, 3, 2},
                         '<'));
  tests.push_back(window("add", "add", "F[B, 4, N]", "F[B, 2, N]", overlapping, over, {1, 3, 2},
                         '+'));
  Slide spread;
  spread.low = {0, 0, 1};
  spread.high = {0, 0, 1};
  spread.base = {1, 1, 2};
  tests.push_back(window("add dilated", "add", "F[B, N]", "F[B, 2*N - 1]",
                         "window [3] strides [1] low [1] high [1] base_dilation [2] dilation [1]",
                         spread, {1, 1, 3}, '+'));
  // Too many taps to be unrolled.
  Slide large;
  large.stride = {1, 3, 1};
  tests.push_back(window("max of many", "max", "F[B, 10, N + 9]", "F[B, 1, N]",
                         "window [9, 10] strides [3, 1] low [0, 0] high [0, 0] base_dilation "
                         "[1, 1] dilation [1, 1]",
                         large, {1, 9, 10}, '>'));
  tests.back().batches = {1};
  tests.back().sizes = {1};
  for (bool scatters : {false, true})
    for (bool isMax : {false, true})
      for (bool apart : {false, true})
        tests.push_back(extremum(scatters, isMax, apart));
  return tests;
}
} // namespace quern::test
