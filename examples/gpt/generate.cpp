// Generates text with the model of gpt.qn, byte by byte through its cache of keys and values.
// usage: generate WEIGHTS [PROMPT] [--length N] [--temperature T] [--top-k K] [--seed N] [--time]
#include "gpt.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

static quern_message message;

static void require(quern_status status) {
  if (status == QUERN_OK)
    return;
  std::fprintf(stderr, "error: %s\n", message.text);
  std::exit(1);
}

namespace {
struct Options {
  const char *weights = nullptr;
  std::string text;
  double length = 500, temperature = 0.8, topK = 0, seed = 0;
  bool timed = false;

  /// Whether the command line makes sense.
  bool parse(int argc, char **argv) {
    struct {
      const char *name;
      double &value, least, most;
    } flags[] = {{"--length", length, 0, 1e9},
                 {"--temperature", temperature, 0, 1e3},
                 {"--top-k", topK, 1, 1e6},
                 {"--seed", seed, 0, 1e15}};
    for (int i = 1; i < argc; ++i) {
      bool known = false;
      for (auto &flag : flags)
        if (std::strcmp(argv[i], flag.name) == 0 && i + 1 < argc) {
          char *end = nullptr;
          flag.value = std::strtod(argv[++i], &end);
          known = true;
          if (*end || !(flag.value >= flag.least && flag.value <= flag.most)) {
            std::fprintf(stderr, "error: %s takes a number from %g to %g\n", flag.name, flag.least,
                         flag.most);
            return false;
          }
        }
      if (known)
        continue;
      if (std::strcmp(argv[i], "--time") == 0)
        timed = true;
      else if (!weights)
        weights = argv[i];
      else if (text.empty() && argv[i][0] != '-')
        text = argv[i];
      else
        return false;
    }
    if (text.empty())
      text = "\n";
    if (temperature == 0) { // The likeliest byte alone.
      temperature = 1;
      topK = 1;
    }
    return weights;
  }
};

/// The model with a text, of which its cache has the last `read` bytes.
class Writer {
public:
  explicit Writer(const Options &options) : text(options.text) {
    require(gpt_create(nullptr, &message, &instance));
    require(quern_instance_initialize(instance, uint64_t(options.seed), &message));
    require(quern_instance_load(instance, options.weights, &message));
    context = size_t(rowsOf("pos.weight"));
    const double vocabulary = double(rowsOf("tok.weight"));
    if (options.topK > vocabulary) {
      std::fprintf(stderr, "error: --top-k is at most %g, as many bytes as the model knows\n",
                   vocabulary);
      std::exit(1);
    }
    const double topK = options.topK > 0 ? options.topK : vocabulary;
    require(gpt_begin_create(instance, int64_t(context), &message, &begin));
    require(gpt_next_create(instance, &message, &next));
    require(gpt_begin_set_temperature(begin, options.temperature, &message));
    require(gpt_next_set_temperature(next, options.temperature, &message));
    require(gpt_begin_set_top_k(begin, topK, &message));
    require(gpt_next_set_top_k(next, topK, &message));
  }
  Writer(const Writer &) = delete;
  ~Writer() {
    gpt_begin_destroy(begin);
    gpt_next_destroy(next);
    quern_instance_destroy(instance);
  }

  /// Adds a byte to the text, and returns it.
  char write() {
    uint8_t drawn = 0;
    if (read == 0 || read == context) {
      // The cache is full: the text's last half begins a new one.
      read = text.size() < context ? text.size() : context / 2;
      const auto *last = reinterpret_cast<const uint8_t *>(text.data()) + (text.size() - read);
      const gpt_begin_inputs inputs = {last};
      const gpt_begin_outputs outputs = {&drawn};
      require(gpt_begin(begin, int64_t(read), &inputs, &message, &outputs));
    } else {
      const uint8_t byte = uint8_t(text.back());
      const int64_t place = int64_t(read++);
      const gpt_next_inputs inputs = {&byte, &place};
      const gpt_next_outputs outputs = {&drawn};
      require(gpt_next(next, &inputs, &message, &outputs));
    }
    text += char(drawn);
    return char(drawn);
  }

private:
  int64_t rowsOf(const char *name) {
    const quern_tensor *tensor = nullptr;
    void *data = nullptr;
    require(quern_instance_tensor(instance, name, &message, &tensor, &data));
    return tensor->extents[0].value;
  }

  std::string text;
  size_t read = 0, context = 0;
  quern_instance *instance = nullptr;
  gpt_begin_call begin = {};
  gpt_next_call next = {};
};
} // namespace

int main(int argc, char **argv) {
  Options options;
  if (!options.parse(argc, argv)) {
    std::fprintf(stderr,
                 "usage: %s WEIGHTS [PROMPT] [--length N] [--temperature T] [--top-k K] [--seed N] "
                 "[--time]\n",
                 argv[0]);
    return 2;
  }
  Writer writer(options);
  std::fputs(options.text.c_str(), stdout);
  auto start = std::chrono::steady_clock::now();
  for (double i = 0; i < options.length; ++i) {
    std::putchar(writer.write());
    std::fflush(stdout); // It appears as it is written.
  }
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::putchar('\n');
  if (options.timed)
    std::fprintf(stderr, "%.0f bytes in %.3f s, %.0f a second\n", options.length, seconds.count(),
                 options.length / seconds.count());
  return std::ferror(stdout) ? 1 : 0;
}
