// Mutates data files of every format with a seed. The readers must take each or refuse it in one
// sentence that names the file; what they take must be whole, and weights that are refused must
// leave the instance as it was. usage: runtime_reader_fuzz [COUNT] [SEED]
#include "runtime/core/dtype.h"
#include "runtime/data/source.h"
#include "tests/unit/runtime/linear_model.h"
#include "tests/unit/runtime/scratch.h"

#include <cstring>
#include <random>
#include <zlib.h>

using namespace quern::runtime;
using namespace quern::test;

namespace {

std::mt19937_64 generator;

int64_t below(int64_t bound) {
  return static_cast<int64_t>(generator() % static_cast<uint64_t>(bound));
}

template <typename T> std::string bytesOf(T value) {
  return std::string(reinterpret_cast<const char *>(&value), sizeof(T));
}

std::string deflated(const std::string &plain, int windowBits) {
  z_stream stream = {};
  std::string packed(plain.size() + 256, '\0');
  deflateInit2(&stream, 6, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// Small pieces that mean something to one of the formats, or are the extremes of a number.
std::string word() {
  static const char *const words[] = {"'descr'",
                                      "'<f4'",
                                      "'|O'",
                                      "True",
                                      "'shape'",
                                      "(",
                                      ")",
                                      ",",
                                      "\n",
                                      "\"",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      "1e999",
                                      "nan",
                                      "-",
                                      ":",
                                      "F32",
                                      "BF16",
                                      "data_offsets",
                                      "\\u0000",
                                      "\\",
                                      "PK",
                                      "9999999999",
                                      "99999999999999999999",
                                      "0x1p3",
                                      "\r",
                                      "\t"};
  static const int64_t numbers[] = {0,      1,      -1,        0x7f,      0x80,     0xff,
                                    0x7fff, 0xffff, INT32_MAX, INT64_MAX, INT64_MIN};
  if (below(2))
    return words[below(sizeof(words) / sizeof(words[0]))];
  int64_t number = numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
  return bytesOf(number).substr(0, size_t(1) << below(4));
}

std::string mutated(std::string text) {
  for (int64_t i = below(4); i >= 0; --i) {
    size_t at = static_cast<size_t>(below(static_cast<int64_t>(text.size()) + 1));
    size_t some = static_cast<size_t>(below(8)) + 1;
    switch (below(7)) {
    case 0:
      text.erase(at, some);
      break;
    case 1:
      text.insert(at, word());
      break;
    case 2:
      text.replace(at, some, word());
      break;
    case 3:
      if (at < text.size())
        text[at] = static_cast<char>(generator());
      break;
    case 4:
      if (at < text.size())
        text[at] ^= static_cast<char>(1 << below(8));
      break;
    case 5:
      text.resize(at);
      break;
    case 6:
      text.insert(at, text.substr(0, static_cast<size_t>(below(40))));
      break;
    }
  }
  return text;
}

std::string npy(const char *descr, const char *order, const char *shape, size_t bytes) {
  std::string header = std::string("{'descr': '") + descr + "', 'fortran_order': " + order +
                       ", 'shape': " + shape + ", }\n";
  std::string data(bytes, '\0');
  for (char &byte : data)
    byte = static_cast<char>(generator());
  return "\x93NUMPY" + std::string(1, '\1') + std::string(1, '\0') +
         bytesOf(static_cast<uint16_t>(header.size())) + header + data;
}

std::string someNpy() {
  switch (below(5)) {
  case 0:
    return npy("<f4", "False", "(3, 2)", 24);
  case 1:
    return npy(">f8", "True", "(2, 1, 3)", 48);
  case 2:
    return npy("<u8", "False", "(5,)", 40);
  case 3:
    return npy("<i2", "False", "()", 2);
  default:
    return npy("|b1", "False", "(0, 4)", 0);
  }
}

/// A zip archive of two members, whose checksums are right for what is in them.
std::string npz(const std::string &first, const std::string &second, bool wide) {
  std::string body, directory;
  int count = 0;
  for (const std::string *member : {&first, &second}) {
    std::string name = ++count == 1 ? "x.npy" : "y.npy";
    bool packed = count == 2;
    std::string data = packed ? deflated(*member, -15) : *member;
    uint32_t crc = static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef *>(member->data()),
                                               static_cast<uInt>(member->size())));
    std::string sizes = bytesOf(static_cast<uint32_t>(data.size())) +
                        bytesOf(static_cast<uint32_t>(member->size()));
    std::string extra;
    if (wide) { // zip64, as NumPy writes it
      sizes = std::string(8, '\xff');
      extra = bytesOf(uint16_t(1)) + bytesOf(uint16_t(16)) +
              bytesOf(static_cast<uint64_t>(member->size())) +
              bytesOf(static_cast<uint64_t>(data.size()));
    }
    std::string common = bytesOf(uint16_t(45)) + bytesOf(uint16_t(0)) +
                         bytesOf(static_cast<uint16_t>(packed ? 8 : 0)) + std::string(4, '\0') +
                         bytesOf(crc) + sizes + bytesOf(static_cast<uint16_t>(name.size())) +
                         bytesOf(static_cast<uint16_t>(extra.size()));
    directory += "PK\1\2" + bytesOf(uint16_t(45)) + common + std::string(10, '\0') +
                 bytesOf(static_cast<uint32_t>(body.size())) + name + extra;
    body += "PK\3\4" + common + name + extra + data;
  }
  return body + directory + "PK\5\6" + std::string(4, '\0') + bytesOf(uint16_t(2)) +
         bytesOf(uint16_t(2)) + bytesOf(static_cast<uint32_t>(directory.size())) +
         bytesOf(static_cast<uint32_t>(body.size())) + std::string(2, '\0');
}

std::string idx() {
  std::string data("\0\0\x08\2\0\0\0\3\0\0\0\2abcdef", 18);
  if (below(2))
    data = std::string("\0\0\x0b\1\0\0\0\2abcd", 12);
  return data;
}

std::string safetensors(const std::string &header, size_t bytes) {
  return bytesOf(static_cast<uint64_t>(header.size())) + header + std::string(bytes, 'a');
}

std::string someSafetensors() {
  switch (below(3)) {
  case 0:
    return readFile("weights.safetensors");
  case 1:
    return readFile("training.safetensors");
  default:
    return safetensors(
        R"({"__metadata__":{"a\u00e9":"b"},"x":{"dtype":"F16","shape":[2,1],)"
        R"("data_offsets":[0,4]},"y":{"dtype":"BOOL","shape":[],"data_offsets":[4,5]}})",
        5);
  }
}

/// A mutated file, and the name under which its reader takes it. Compressed files are mutated
/// inside, outside, or both, since a checksum stops most changes from outside.
std::string someFile(std::string &name) {
  switch (below(7)) {
  case 0:
    name = "d.csv";
    return mutated("\"x\", y,z\r\n1,2.5,-3e-2\n\n4, \"5\" ,+6\r\n7,8,9");
  case 1:
    name = "d.npy";
    return mutated(someNpy());
  case 2: {
    name = "d.npz";
    bool inside = below(2), outside = !inside || below(4) == 0;
    std::string first = someNpy(), second = someNpy();
    std::string archive =
        npz(inside ? mutated(first) : first, inside ? mutated(second) : second, below(2));
    return outside ? mutated(archive) : archive;
  }
  case 3:
    name = "d.idx";
    return mutated(idx());
  case 4: {
    name = "d.idx.gz";
    bool inside = below(2);
    std::string packed = deflated(inside ? mutated(idx()) : idx(), 15 + 16);
    if (below(4) == 0) // gzip files may be put one behind another
      packed += deflated("ghi", 15 + 16);
    return inside ? packed : mutated(packed);
  }
  case 5:
    name = "d.safetensors";
    return mutated(someSafetensors());
  default:
    name = "d.txt";
    return mutated("some text");
  }
}

bool isSentence(const char *text, const std::string &name) {
  for (const char *at = text; *at; ++at)
    if (static_cast<unsigned char>(*at) < 0x20)
      return false;
  return strstr(text, name.c_str()) != nullptr;
}

/// What is wrong with the arrays, or null.
const char *whatIsWrong(const Source &source) {
  uint64_t sum = 0;
  for (const DataArray &array : source.arrays) {
    int64_t bytes;
    if (!denseBytes(array.extents.data(), array.extents.size(), dtypeSize(array.dtype), &bytes) ||
        bytes != array.bytes.size())
      return "an array is not whole";
    for (int64_t i = 0; i < bytes; ++i) // a sanitizer sees each byte read
      sum += static_cast<uint8_t>(array.bytes.data()[i]);
  }
  return sum == UINT64_MAX ? "impossible" : nullptr;
}

class Fuzzer {
public:
  Fuzzer() {
    quern_instance_create(&quern_model_linear, nullptr, nullptr, &instance);
    quern_instance_initialize(instance, 1, nullptr);
    quern_instance_save(instance, "weights.safetensors", nullptr);
    quern_instance_save_training(instance, "training.safetensors", nullptr);
    model = quern_instance_model(instance);
  }
  ~Fuzzer() { quern_instance_destroy(instance); }

  const char *tryOne(std::string &name, std::string &content) {
    content = someFile(name);
    writeFile(name, content);
    Source source;
    message = {};
    quern_status status = readSource(name.c_str(), source, &message);
    if (status)
      ++refused;
    const char *wrong =
        status ? (isSentence(message.text, name) ? nullptr : message.text) : whatIsWrong(source);
    return wrong || name != "d.safetensors" ? wrong : tryWeights(name);
  }

  int64_t refused = 0;

private:
  const char *tryWeights(const std::string &name) {
    for (auto load : {quern_instance_load, quern_instance_load_training}) {
      quern_instance_initialize(instance, 1, nullptr);
      std::string before = state();
      message = {};
      if (!load(instance, name.c_str(), &message))
        continue;
      if (!isSentence(message.text, name))
        return message.text;
      if (state() != before)
        return "a file that was refused changed the instance";
    }
    return nullptr;
  }

  std::string state() {
    std::string bytes;
    for (uint32_t i = 0; i < model->param_count; ++i) {
      const quern_tensor *tensor;
      void *data;
      quern_instance_tensor(instance, model->params[i].name, nullptr, &tensor, &data);
      bytes.append(static_cast<const char *>(data), static_cast<size_t>(tensor->bytes));
    }
    return bytes;
  }

  quern_instance *instance = nullptr;
  const quern_model *model = nullptr;
  quern_message message = {};
};

} // namespace

int main(int argc, char **argv) {
  long count = argc > 1 ? std::atol(argv[1]) : 500;
  uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  Scratch scratch;
  Fuzzer fuzzer;
  long failures = 0;
  for (long i = 0; i < count; ++i) {
    generator.seed(seed + static_cast<uint64_t>(i)); // a failure is found again by its own seed
    std::string name, content;
    if (const char *wrong = fuzzer.tryOne(name, content)) {
      ++failures;
      std::printf("seed %llu, %s of %zu bytes: %s\n",
                  static_cast<unsigned long long>(seed) + static_cast<unsigned long long>(i),
                  name.c_str(), content.size(), wrong);
    }
  }
  std::printf("%ld files, %lld refused, %ld failures\n", count,
              static_cast<long long>(fuzzer.refused), failures);
  return failures || fuzzer.refused == 0 || fuzzer.refused == count;
}
