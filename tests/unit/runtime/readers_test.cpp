// The data readers: what they read, and the exact sentence for every kind of bad file.
#include "runtime/core/convert.h"
#include "runtime/data/inflate.h"
#include "runtime/data/output.h"
#include "runtime/data/source.h"
#include "tests/unit/check.h"
#include "tests/unit/runtime/scratch.h"

#include <cmath>
#include <cstring>
#include <zlib.h>

using namespace quern::runtime;
namespace qt = quern::test;

namespace {

std::string read(const char *path, Source &source) {
  quern_message message = {};
  return readSource(path, source, &message) ? message.text : "";
}

/// The message for a file with this content.
std::string refusal(const char *path, const std::string &content) {
  qt::writeFile(path, content);
  Source source;
  return read(path, source);
}

/// Shape and values as text: "i32[2, 2] 1 2 3 4".
std::string show(const DataArray &array) {
  const char *names[] = {"bool", "u8", "i8", "i32", "i64", "f16", "bf16", "f32", "f64"};
  std::string text = names[array.dtype];
  int64_t count = 1;
  for (int64_t extent : array.extents) {
    text += "[" + std::to_string(extent) + "]";
    count *= extent;
  }
  for (int64_t i = 0; i < count; ++i) {
    char number[32];
    std::snprintf(number, sizeof(number), " %g",
                  elementAsDouble(array.dtype, array.bytes.data(), i));
    text += number;
  }
  return text;
}

std::string contents(const char *path, const std::string &content) {
  qt::writeFile(path, content);
  Source source;
  std::string text = read(path, source);
  for (const DataArray &array : source.arrays)
    text += std::string(text.empty() ? "" : "; ") + array.name.c_str() + " " + show(array);
  return text;
}

template <typename T> std::string bytesOf(std::initializer_list<T> values) {
  std::string text;
  for (T value : values)
    text.append(reinterpret_cast<const char *>(&value), sizeof(T));
  return text;
}

void testCsv() {
  CHECK_TEXT(contents("a.csv", "x,y\n1,2\n3.5,-4e2\n"), "x f64[2] 1 3.5; y f64[2] 2 -400");
  CHECK_TEXT(contents("a.csv", "\xef\xbb\xbf\"x 1\" , y\r\n1, 2\r\n\r\n \"3\",+4"),
             "x 1 f64[2] 1 3; y f64[2] 2 4");
  CHECK_TEXT(contents("a.csv", "x\n1\n\n2\n"), "x f64[2] 1 2");
  CHECK_TEXT(refusal("b.csv", ""), "b.csv:1:1: the file is empty");
  CHECK_TEXT(refusal("b.csv", "x,y\n"), "b.csv: no row follows the first line");
  CHECK_TEXT(refusal("b.csv", "1,2\n3,4\n"), "b.csv:1:1: the first line must name the columns");
  CHECK_TEXT(refusal("b.csv", "x,,y\n"), "b.csv:1:3: a column without a name");
  CHECK_TEXT(refusal("b.csv", "x,x\n1,2\n"), "b.csv:1:3: a second column named x");
  CHECK_TEXT(refusal("b.csv", "x,y\n1,2\n3,\n"), "b.csv:3:3: the cell is empty (column y)");
  CHECK_TEXT(refusal("b.csv", "x,y\n1,2\n,4\n"), "b.csv:3:1: the cell is empty (column x)");
  CHECK_TEXT(refusal("b.csv", "x,y\n1,abc\n"), "b.csv:2:3: \"abc\" is not a number (column y)");
  CHECK_TEXT(refusal("b.csv", "x,y\n1,0x10\n"), "b.csv:2:3: \"0x10\" is not a number (column y)");
  CHECK_TEXT(refusal("b.csv", "x,y\n1,2 3\n"), "b.csv:2:3: \"2 3\" is not a number (column y)");
  CHECK_TEXT(refusal("b.csv", "x,y\n1,nan\n"), "b.csv:2:3: the cell is NaN (column y)");
  CHECK_TEXT(refusal("b.csv", "x,y\n1\n"),
             "b.csv:2:1: 1 cells, but the first line names 2 columns");
  CHECK_TEXT(refusal("b.csv", "x,y\n1,2,3\n"),
             "b.csv:2:1: 3 cells, but the first line names 2 columns");
  CHECK_TEXT(refusal("b.csv", "x,y\n\"1,2\n"), "b.csv:2:1: the quote does not end on this line");
  CHECK_TEXT(refusal("b.csv", std::string("x,y\n1,\0\n", 8)),
             "b.csv:2:3: \"?\" is not a number (column y)");
  Source source;
  CHECK_TEXT(read("absent.csv", source), "cannot read 'absent.csv': No such file or directory");
  CHECK_TEXT(read("data.xls", source),
             "data.xls: data files end in .csv, .npy, .npz, .idx, .idx.gz, -ubyte, -ubyte.gz, "
             ".safetensors or .txt");
}

std::string npy(const std::string &header, const std::string &data, int version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  if (version > 1)
    file += std::string(2, '\0');
  return file + header + data;
}

std::string npyHeader(const char *descr, const char *shape, const char *order = "False") {
  return std::string("{'descr': '") + descr + "', 'fortran_order': " + order +
         ", 'shape': " + shape + ", }\n";
}

void testNpy() {
  std::string four = bytesOf<float>({1, 2, 3, 4});
  CHECK_TEXT(contents("a.npy", npy(npyHeader("<f4", "(2, 2)"), four)), "a f32[2][2] 1 2 3 4");
  CHECK_TEXT(contents("a.npy", npy(npyHeader("<f4", "(2, 2)", "True"), four)),
             "a f32[2][2] 1 3 2 4");
  CHECK_TEXT(contents("a.npy", npy(npyHeader("<f4", "(4,)"), four, 2)), "a f32[4] 1 2 3 4");
  CHECK_TEXT(contents("a.npy", npy(npyHeader("<f4", "()"), four.substr(0, 4))), "a f32 1");
  CHECK_TEXT(contents("a.npy", npy(npyHeader(">i2", "(2,)"), std::string("\x01\x02\xff\xff"))),
             "a i32[2] 258 -1");
  CHECK_TEXT(contents("a.npy", npy(npyHeader("<u4", "(1,)"), bytesOf<uint32_t>({4000000000u}))),
             "a i64[1] 4e+09");
  CHECK_TEXT(
      contents("a.npy", npy(npyHeader("<f2", "(3,)"), bytesOf<uint16_t>({0x3c00, 0x0001, 0xfbff}))),
      "a f16[3] 1 5.96046e-08 -65504");
  CHECK_TEXT(contents("a.npy", npy(npyHeader("|b1", "(2,)"), std::string("\1\0", 2))),
             "a bool[2] 1 0");
  CHECK_TEXT(refusal("b.npy", "nonsense and more"), "b.npy: this is no .npy file");
  CHECK_TEXT(refusal("b.npy", npy(npyHeader("<f4", "(2, 2)"), four.substr(1))),
             "b.npy: the shape needs 16 bytes, but 15 are there");
  CHECK_TEXT(refusal("b.npy", npy(npyHeader("<f4", "(2, 2)"), four + "x")),
             "b.npy: the shape needs 16 bytes, but 17 are there");
  CHECK_TEXT(refusal("b.npy", npy(npyHeader("<f4", "(4611686018427387904, 2)"), four)),
             "b.npy: the shape is too large");
  CHECK_TEXT(refusal("b.npy", npy(npyHeader("<f4", "(0, 9223372036854775807, 8)"), "")),
             "b.npy: the shape is too large");
  CHECK_TEXT(refusal("b.npy", npy(npyHeader("<c8", "(2,)"), four)),
             "b.npy: the dtype '<c8' is not supported");
  CHECK_TEXT(refusal("b.npy", npy("{'descr': [('a', '<f4')], 'fortran_order': False}", four)),
             "b.npy: the dtype is structured or missing; plain numbers are needed");
  CHECK_TEXT(refusal("b.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (x,)}", four)),
             "b.npy: the header has no valid shape");
  CHECK_TEXT(refusal("b.npy", npy(npyHeader("<f4", "(4,)"), "").substr(0, 30)),
             "b.npy: the file ends within its header");
  CHECK_TEXT(refusal("b.npy", npy(npyHeader("<f4", "(4,)"), four, 9)),
             "b.npy: .npy version 9 is unknown");
  CHECK_TEXT(refusal("b.npy", npy(npyHeader("<u8", "(1,)"), bytesOf<uint64_t>({~0ull}))),
             "b.npy: an unsigned number does not fit i64");
}

std::string deflateRaw(const std::string &plain) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  std::string packed(plain.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef *>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// A zip archive of one member, with the sizes in zip64 fields as NumPy writes them on request.
std::string zip(const std::string &name, const std::string &plain, bool pack,
                uint32_t crcChange = 0) {
  std::string body = pack ? deflateRaw(plain) : plain;
  uint16_t method = pack ? 8 : 0, nameLength = static_cast<uint16_t>(name.size());
  uint32_t crc = checksum(plain.data(), static_cast<int64_t>(plain.size())) ^ crcChange;
  uint32_t packed = static_cast<uint32_t>(body.size()), size = static_cast<uint32_t>(plain.size());
  std::string local = "PK\3\4" + bytesOf<uint16_t>({20, 0, method, 0, 0}) +
                      bytesOf<uint32_t>({crc, packed, size}) + bytesOf<uint16_t>({nameLength, 0}) +
                      name + body;
  std::string extra = bytesOf<uint16_t>({1, 16}) + bytesOf<uint64_t>({size, packed});
  std::string central =
      "PK\1\2" + bytesOf<uint16_t>({45, 45, 0, method, 0, 0}) +
      bytesOf<uint32_t>({crc, 0xffffffffu, 0xffffffffu}) +
      bytesOf<uint16_t>({nameLength, static_cast<uint16_t>(extra.size()), 0, 0, 0}) +
      bytesOf<uint32_t>({0, 0}) + name + extra;
  return local + central + "PK\5\6" + bytesOf<uint16_t>({0, 0, 1, 1}) +
         bytesOf<uint32_t>(
             {static_cast<uint32_t>(central.size()), static_cast<uint32_t>(local.size())}) +
         bytesOf<uint16_t>({0});
}

void testNpz() {
  std::string member = npy(npyHeader("<i8", "(2,)"), bytesOf<int64_t>({5, -6}));
  CHECK_TEXT(contents("a.npz", zip("x.npy", member, false)), "x i64[2] 5 -6");
  CHECK_TEXT(contents("a.npz", zip("x.npy", member, true)), "x i64[2] 5 -6");
  CHECK_TEXT(contents("a.npz", zip("readme.txt", "hello", false)), "");
  std::string good = zip("x.npy", member, true);
  CHECK_TEXT(refusal("b.npz", good.substr(0, good.size() - 30)),
             "b.npz: this is no zip archive, or it is truncated");
  CHECK_TEXT(refusal("b.npz", "x"), "b.npz: this is no zip archive, or it is truncated");
  CHECK_TEXT(refusal("b.npz", zip("x.npy", member, true, 1)),
             "b.npz:x: the checksum does not match");
  std::string broken = good;
  broken[40] = static_cast<char>(broken[40] ^ 0x55);
  CHECK(refusal("b.npz", broken).rfind("b.npz:x: the c", 0) == 0);
  broken = good;
  broken[good.find("PK\1\2")] = 'X';
  CHECK(refusal("b.npz", broken).rfind("b.npz: the zip directory is corrupt at byte", 0) == 0);
  CHECK_TEXT(refusal("b.npz", zip("x.npy", member.substr(0, member.size() - 1), false)),
             "b.npz:x: the shape needs 16 bytes, but 15 are there");
}

std::string gzip(const std::string &plain) {
  uint32_t crc = checksum(plain.data(), static_cast<int64_t>(plain.size()));
  return std::string("\x1f\x8b\x08\0\0\0\0\0\0\3", 10) + deflateRaw(plain) +
         bytesOf<uint32_t>({crc, static_cast<uint32_t>(plain.size())});
}

void testIdx() {
  std::string bytes("\0\0\x08\2\0\0\0\2\0\0\0\3abcdef", 18);
  std::string wanted = "t u8[2][3] 97 98 99 100 101 102";
  CHECK_TEXT(contents("t.idx", bytes), wanted);
  CHECK_TEXT(contents("t.idx.gz", gzip(bytes)), wanted);
  CHECK_TEXT(contents("t.idx.gz", gzip(bytes.substr(0, 9)) + gzip(bytes.substr(9))), wanted);
  std::string zeros("\0\0\x08\1\0\1\x86\xa0", 8); // 100000 of them: far more than the file's size
  qt::writeFile("z.idx.gz", gzip(zeros + std::string(100000, '\0')));
  Source large;
  CHECK_TEXT(read("z.idx.gz", large), "");
  CHECK(large.arrays.size() == 1 && large.arrays[0].bytes.size() == 100000);
  CHECK_TEXT(contents("s-ubyte", std::string("\0\0\x0b\1\0\0\0\2\x01\x02\xff\xfe", 12)),
             "s-ubyte i32[2] 258 -2");
  CHECK_TEXT(contents("f.idx", std::string("\0\0\x0d\1\0\0\0\1\x3f\x80\0\0", 12)), "f f32[1] 1");
  CHECK_TEXT(refusal("b.idx", bytes.substr(0, 17)),
             "b.idx: the shape needs 6 bytes, but 5 are there");
  CHECK_TEXT(refusal("b.idx", bytes.substr(0, 10)), "b.idx: the file ends within its header");
  CHECK_TEXT(refusal("b.idx", "no idx file"), "b.idx: byte 0: this is no IDX file");
  CHECK_TEXT(refusal("b.idx", ""), "b.idx: byte 0: this is no IDX file");
  std::string huge("\0\0\x0e\4", 4);
  huge += std::string(16, '\xff');
  CHECK_TEXT(refusal("b.idx", huge), "b.idx: the shape is too large");
  std::string packed = gzip(bytes);
  CHECK_TEXT(refusal("b.idx.gz", packed.substr(0, packed.size() - 4)),
             "b.idx.gz: the compressed file is truncated");
  packed[12] = static_cast<char>(packed[12] ^ 0x7f);
  CHECK(refusal("b.idx.gz", packed).rfind("b.idx.gz: the compressed", 0) == 0);
}

/// No prefix of a good file, and no single changed byte, may crash or be taken for more than it is.
void testDamage() {
  std::string member = npy(npyHeader("<f4", "(2, 2)"), bytesOf<float>({1, 2, 3, 4}));
  struct {
    const char *path;
    std::string good;
  } files[] = {{"d.npy", member},
               {"d.npz", zip("x.npy", member, true)},
               {"d.idx.gz", gzip(std::string("\0\0\x08\1\0\0\0\3abc", 11))},
               {"d.csv", "x,y\n1,2\n3,4\n"}};
  for (const auto &file : files) {
    for (size_t length = 0; length + 2 < file.good.size(); ++length)
      if (std::strcmp(file.path, "d.csv") != 0)
        CHECK(!refusal(file.path, file.good.substr(0, length)).empty());
    for (size_t at = 0; at < file.good.size(); ++at)
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = file.good;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
        refusal(file.path, damaged); // ends without a crash; some bytes mean nothing
      }
  }
}

void testConversions() {
  struct {
    double value;
    uint16_t half, brain;
  } cases[] = {{1, 0x3c00, 0x3f80},
               {-2, 0xc000, 0xc000},
               {65504, 0x7bff, 0x4780},
               {65520, 0x7c00, 0x4780},
               {6e-8, 0x0001, 0x3381},
               {0x1p-25, 0x0000, 0x3300},
               {1.00048828125, 0x3c00, 0x3f80},
               {1.00146484375, 0x3c02, 0x3f80},
               {1.00390625, 0x3c04, 0x3f80},
               {1.01171875, 0x3c0c, 0x3f82},
               {1.003906250000001, 0x3c04, 0x3f81},
               {INFINITY, 0x7c00, 0x7f80}};
  for (const auto &one : cases) {
    uint16_t half, brain;
    convertElements(QUERN_F64, &one.value, QUERN_F16, &half, 1);
    convertElements(QUERN_F64, &one.value, QUERN_BF16, &brain, 1);
    CHECK(half == one.half);
    CHECK(brain == one.brain);
  }
  double values[4] = {3, -1, 2.5, 1e300};
  uint8_t bytes[4];
  float floats[4];
  CHECK(convertElements(QUERN_F64, values, QUERN_U8, bytes, 4) == 1);
  int32_t integers[4];
  CHECK(convertElements(QUERN_F64, values, QUERN_I32, integers, 4) == 2);
  CHECK(convertElements(QUERN_F64, values, QUERN_F32, floats, 4) == 3);
  int64_t wide[2] = {1 << 24, (1 << 24) + 1};
  CHECK(convertElements(QUERN_I64, wide, QUERN_F32, floats, 2) == 1);
}

void testOutput() {
  Array<OutputArray> arrays;
  OutputArray array;
  array.name = Text("p");
  array.dtype = QUERN_F32;
  float values[4] = {0.1f, 2, -3, 1e-9f};
  quern_message message = {};
  CHECK(array.extents.push(2) && array.extents.push(2) && array.bytes.allocate(16));
  std::memcpy(array.bytes.data(), values, 16);
  CHECK(writeNpy("o.npy", array, &message) == QUERN_OK);
  std::string file = qt::readFile("o.npy");
  CHECK((file.size() - 16) % 64 == 0);
  CHECK_TEXT(contents("o.npy", file), "o f32[2][2] 0.1 2 -3 1e-09");
  CHECK(arrays.push(std::move(array)));
  Text text;
  CHECK(writeCsv(arrays, text, &message) == QUERN_OK);
  CHECK_TEXT(text.c_str(), "p_0,p_1\n0.100000001,2\n-3,9.99999972e-10\n");
}

} // namespace

int main() {
  qt::Scratch scratch;
  testCsv();
  testNpy();
  testNpz();
  testIdx();
  testDamage();
  testConversions();
  testOutput();
  CHECK_TEXT(contents("book.txt", "ab"), "book u8[2] 97 98");
  return qt::finish();
}
