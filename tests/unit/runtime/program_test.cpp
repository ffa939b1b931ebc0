// The command line end to end on data that the test writes: lines, files, resuming, bad input.
#include "tests/unit/check.h"
#include "tests/unit/runtime/linear_model.h"
#include "tests/unit/runtime/scratch.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <sys/stat.h>

using namespace quern::test;

// Linked with --wrap=write: a disk that is full after so many bytes.
static long diskBytesLeft = -1;
extern "C" ssize_t __real_write(int descriptor, const void *data, size_t bytes);
extern "C" ssize_t __wrap_write(int descriptor, const void *data, size_t bytes) {
  if (diskBytesLeft >= 0 && descriptor > 2) {
    if (static_cast<long>(bytes) > diskBytesLeft) {
      errno = ENOSPC;
      return -1;
    }
    diskBytesLeft -= static_cast<long>(bytes);
  }
  return __real_write(descriptor, data, bytes);
}

namespace {

const quern_model &linear = quern_model_linear;
const quern_model &linear3 = quern_model_linear3;

std::string errorOf(const quern_model &model, std::vector<std::string> arguments, int code = 1) {
  Outcome outcome = runProgram(model, std::move(arguments));
  CHECK(outcome.code == code);
  CHECK_TEXT(outcome.out, "");
  std::string first = outcome.err.substr(0, outcome.err.find('\n'));
  CHECK(first.rfind("error: ", 0) == 0);
  return first.size() > 7 ? first.substr(7) : first;
}

std::string outputOf(const quern_model &model, std::vector<std::string> arguments) {
  Outcome outcome = runProgram(model, std::move(arguments));
  CHECK(outcome.code == 0);
  CHECK_TEXT(outcome.err, "");
  return outcome.out;
}

/// y = 2 x - 1 with a little structure on top, 103 rows, so that the last batch of ten is partial.
void writeData() {
  std::string simple = "x,y\n", wide = "x1,x2,x3,y\n";
  for (int i = 0; i < 103; ++i) {
    double x = std::sin(i * 1.7) * 2, noise = std::cos(i * 2.9) * 0.1;
    char line[160];
    std::snprintf(line, sizeof(line), "%.17g,%.17g\n", x, 2 * x - 1 + noise);
    simple += line;
    std::snprintf(line, sizeof(line), "%.17g,%.17g,%.17g,%.17g\n", x, x * x, 0.5 * i, noise);
    wide += line;
  }
  writeFile("simple.csv", simple);
  writeFile("wide.csv", wide);
}

void testTraining() {
  std::string out = outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "30", "--batch",
                                      "10", "--save", "m.safetensors", "--history", "h.jsonl"});
  int epoch = 0;
  double loss = 0;
  CHECK(std::sscanf(out.c_str(), "epoch: %d, loss: %lf", &epoch, &loss) == 2 && epoch == 1);
  size_t last = out.rfind("epoch: ");
  CHECK(std::sscanf(out.c_str() + last, "epoch: %d, loss: %lf", &epoch, &loss) == 2 &&
        epoch == 30 && loss > 0.004 && loss < 0.006); // the mean of (0.1 cos)^2
  char wanted[64];
  std::snprintf(wanted, sizeof(wanted), "epoch: 30, loss: %.4f\n", loss);
  CHECK_TEXT(out.substr(last), wanted);
  std::string history = readFile("h.jsonl");
  CHECK(history.rfind("{\"epoch\": 1, \"loss\": ", 0) == 0);

  // The same line from the same seed, whatever the threads; another from another seed.
  for (const char *threads : {"1", "2", "3"})
    CHECK_TEXT(outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "30", "--batch", "10",
                                 "--threads", threads}),
               out);
  CHECK(outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "30", "--batch", "10",
                          "--seed", "1"}) != out);
  CHECK_TEXT(outputOf(linear, {"train", "--data", "simple.csv", "--quiet"}), "");

  out = outputOf(linear, {"eval", "--data", "simple.csv", "--load", "m.safetensors"});
  CHECK(std::sscanf(out.c_str(), "loss: %lf, mae: ", &loss) == 1 && loss < 0.006);
  CHECK(out.find("\nsigns:\n[") != std::string::npos);
  out =
      outputOf(linear, {"eval", "--data", "simple.csv", "--load", "m.safetensors", "--batch", "7"});
  double again;
  CHECK(std::sscanf(out.c_str(), "loss: %lf", &again) == 1 && std::fabs(again - loss) < 1e-4);

  out = outputOf(linear, {"predict", "--data", "x=0.5", "--load", "m.safetensors"});
  double value;
  CHECK(std::sscanf(out.c_str(), "prediction\n%lf\n", &value) == 1 && std::fabs(value) < 0.02);
  CHECK_TEXT(outputOf(linear, {"predict", "--data", "simple.csv", "--load", "m.safetensors",
                               "--out", "p.csv"}),
             "");
  outputOf(linear, {"predict", "--data", "simple.csv", "--load", "m.safetensors", "--out", "p.npy",
                    "--batch", "1000"});
  CHECK(readFile("p.npy").size() == 128 + 103 * 4);
  std::string csv = readFile("p.csv");
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 104);

  // Three columns for one input: those that no other input names, or those of a mapping.
  out = outputOf(linear3, {"train", "--data", "wide.csv", "--standardize", "x", "--epochs", "3"});
  CHECK_TEXT(outputOf(linear3, {"train", "--data", "wide.csv", "--data", "x=x1,x2,x3",
                                "--standardize", "x", "--epochs", "3"}),
             out);
  // The scaler goes with the weights.
  outputOf(linear3, {"train", "--data", "wide.csv", "--standardize", "x", "--epochs", "40",
                     "--save", "s.safetensors", "--quiet"});
  out = outputOf(linear3, {"eval", "--data", "wide.csv", "--load", "s.safetensors"});
  CHECK(std::sscanf(out.c_str(), "loss: %lf", &loss) == 1 && loss < 0.006);
}

void testValidation() {
  std::string out = outputOf(linear, {"train", "--data", "simple.csv", "--split", "0.2", "--epochs",
                                      "2", "--history", "h.csv"});
  int epoch;
  double loss, held, mae, share;
  CHECK(std::sscanf(out.c_str(), "epoch: %d, loss: %lf, val_loss: %lf, mae: %lf, share: %lf",
                    &epoch, &loss, &held, &mae, &share) == 5);
  CHECK(readFile("h.csv").rfind("epoch,loss,val_loss,mae,share\n1,", 0) == 0);
  std::string apart = outputOf(linear, {"train", "--data", "simple.csv", "--val", "simple.csv",
                                        "--epochs", "2", "--no-shuffle"});
  CHECK(std::sscanf(apart.c_str(), "epoch: %d, loss: %lf, val_loss: %lf, mae: %lf, share: %lf",
                    &epoch, &loss, &held, &mae, &share) == 5);
  out = outputOf(linear, {"train", "--data", "simple.csv", "--val", "simple.csv", "--epochs", "500",
                          "--patience", "3"});
  CHECK(out.find("stopped: val_loss has not improved since epoch ") != std::string::npos);
}

/// With the rate gone after the first epoch, weights stay; and a resumed schedule goes on.
void testSchedule() {
  outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "1", "--save", "a.safetensors",
                    "--quiet"});
  outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "5", "--schedule", "step:1:1e-30",
                    "--save", "b.safetensors", "--quiet"});
  CHECK(readFile("a.safetensors") == readFile("b.safetensors"));
  std::string plain = outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "4"});
  CHECK_TEXT(outputOf(linear,
                      {"train", "--data", "simple.csv", "--epochs", "4", "--schedule", "constant"}),
             plain);
  CHECK(outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "4", "--schedule",
                          "cosine"}) != plain);
  std::string whole = outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "4", "--lr",
                                        "0.05", "--schedule", "step:2:0.5"});
  std::string part =
      outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "1", "--lr", "0.05",
                        "--schedule", "step:2:0.5", "--save", "c.safetensors"});
  part += outputOf(linear, {"train", "--data", "simple.csv", "--epochs", "4", "--resume", "--save",
                            "c.safetensors"});
  CHECK_TEXT(part, whole);
  CHECK_TEXT(errorOf(linear, {"train", "--schedule", "step:0:1"}, 2),
             "--schedule takes constant, linear, cosine, step:EPOCHS:FACTOR or "
             "plateau:PATIENCE:FACTOR, not 'step:0:1'");
}

/// Training for six epochs, and for two, then four, then six, gives the same bytes.
void testResume() {
  std::vector<std::string> common = {"train",
                                     "--data",
                                     "simple.csv",
                                     "--batch",
                                     "10",
                                     "--momentum",
                                     "0.9",
                                     "--lr",
                                     "0.01",
                                     "--split",
                                     "0.3",
                                     "--standardize",
                                     "x",
                                     "--seed",
                                     "11",
                                     "--history",
                                     "one.csv",
                                     "--save",
                                     "one.safetensors",
                                     "--epochs",
                                     "6"};
  std::string whole = outputOf(linear, common);
  std::vector<std::string> part = common;
  part[16] = "two.csv";
  part[18] = "two.safetensors";
  part[20] = "2";
  std::string pieces = outputOf(linear, part);
  for (const char *epochs : {"4", "6"})
    pieces += outputOf(linear, {"train", "--data", "simple.csv", "--resume", "--save",
                                "two.safetensors", "--history", "two.csv", "--epochs", epochs});
  CHECK_TEXT(pieces, whole);
  CHECK(readFile("one.safetensors") == readFile("two.safetensors"));
  CHECK(readFile("one.training.safetensors") == readFile("two.training.safetensors"));
  CHECK_TEXT(readFile("two.csv"), readFile("one.csv"));
  CHECK_TEXT(outputOf(linear, {"train", "--data", "simple.csv", "--resume", "--save",
                               "two.safetensors", "--epochs", "6"}),
             "already trained for 6 epochs\n");
  CHECK_TEXT(
      errorOf(linear, {"train", "--data", "simple.csv", "--resume", "--save", "none.safetensors"}),
      "nothing to resume: 'none.training.safetensors' does not exist; leave --resume out to "
      "start anew");
}

void testFullDisk() {
  std::vector<std::string> train = {"train", "--data", "simple.csv",       "--epochs",
                                    "1",     "--save", "full.safetensors", "--quiet"};
  outputOf(linear, train);
  std::string weights = readFile("full.safetensors"), state = readFile("full.training.safetensors");
  train[4] = "2";
  for (long room : {0l, 8l, 100l, static_cast<long>(state.size()) - 4}) {
    diskBytesLeft = room;
    std::string error = errorOf(linear, train);
    diskBytesLeft = -1;
    CHECK_TEXT(error, "cannot write 'full.training.safetensors': No space left on device");
    CHECK(readFile("full.safetensors") == weights);
    CHECK(readFile("full.training.safetensors") == state);
  }
  diskBytesLeft = static_cast<long>(state.size()) + 20;
  CHECK_TEXT(errorOf(linear, train), "cannot write 'full.safetensors': No space left on device");
  diskBytesLeft = -1;
  CHECK(readFile("full.safetensors") == weights);
  CHECK(std::system("ls | grep -q tmp") != 0); // nothing half-written is left lying about
}

void testBadFlags() {
  CHECK_TEXT(errorOf(linear, {}, 2),
             "a command is missing: train, eval, predict, summary, plot, batches or bench");
  CHECK_TEXT(errorOf(linear, {"trian"}, 2), "'trian' is no command; did you mean train?");
  CHECK_TEXT(errorOf(linear, {"train", "--epoch", "3"}, 2),
             "train has no flag --epoch; did you mean --epochs?");
  CHECK_TEXT(errorOf(linear, {"train", "--lrr", "3"}, 2),
             "train has no flag --lrr; did you mean --lr?");
  CHECK_TEXT(errorOf(linear, {"train", "--colour"}, 2), "train has no flag --colour");
  CHECK_TEXT(errorOf(linear, {"eval", "--lr", "3"}, 2), "eval does not use --lr");
  CHECK_TEXT(errorOf(linear, {"eval", "--epochs", "3"}, 2), "eval does not use --epochs");
  CHECK_TEXT(errorOf(linear, {"train", "--epochs"}, 2), "--epochs needs a value");
  CHECK_TEXT(errorOf(linear, {"train", "--epochs", "ten"}, 2),
             "--epochs takes a whole number from 0, not 'ten'");
  CHECK_TEXT(errorOf(linear, {"train", "--batch=0"}, 2),
             "--batch takes a whole number from 1, not '0'");
  CHECK_TEXT(errorOf(linear, {"train", "--lr=fast"}, 2), "--lr takes a number, not 'fast'");
  CHECK_TEXT(errorOf(linear, {"train", "--split", "2"}, 2),
             "--split takes a fraction between 0 and 1, not '2'");
  CHECK_TEXT(errorOf(linear, {"train", "--device", "cuda"}, 2),
             "--device cuda: this program holds code for the CPU only; use --device cpu");
  CHECK_TEXT(errorOf(linear, {"train", "simple.csv"}, 2),
             "train takes flags only, and 'simple.csv' is none; did you mean --data simple.csv?");
  CHECK_TEXT(errorOf(linear, {"train"}), "train needs --data");
  CHECK_TEXT(errorOf(linear, {"train", "--data", "simple.csv", "--resume"}),
             "--resume needs --save FILE, which holds the run");
  CHECK_TEXT(errorOf(linear, {"predict", "--data", "simple.csv", "--entry", "hidden"}),
             "model linear exports no function hidden; it has predict");
  CHECK_TEXT(errorOf(linear, {"predict", "--data", "simple.csv", "--out", "p.txt"}),
             "--out takes a name that ends in .csv or .npy, not 'p.txt'");
  CHECK(outputOf(linear, {"train", "--help"}).find("--lr VALUE") != std::string::npos);
}

void testBadData() {
  CHECK_TEXT(errorOf(linear, {"train", "--data", "absent.csv"}),
             "cannot read 'absent.csv': No such file or directory");
  CHECK_TEXT(errorOf(linear, {"train", "--data", "wide.csv"}),
             "wide.csv:x1: x is f64[103, 3], entry loss takes f32[B, 1]; declare x: f32[B, 3] in "
             "the model, or give x other data");
  CHECK_TEXT(errorOf(linear3, {"train", "--data", "simple.csv"}),
             "simple.csv:x: x is f64[103, 1], entry loss takes f32[B, 3]; declare x: f32[B, 1] in "
             "the model, or give x other data");
  CHECK_TEXT(errorOf(linear, {"train", "--data", "simple.csv", "--data", "x=z"}),
             "no CSV file has the column z that --data gives x");
  writeFile("ab.csv", "a,b\n1,2\n");
  CHECK_TEXT(errorOf(linear, {"train", "--data", "ab.csv"}),
             "no data for x of entry loss: the files have a, b; give --data x=FILE or "
             "--data x=COLUMN,...");
  CHECK_TEXT(errorOf(linear, {"train", "--data", "simple.csv", "--data", "y=ab.csv:b"}),
             "ab.csv:b: y has 1 rows, but x in simple.csv:x has 103");
  writeFile("label.csv", "x,y\n1,2\n2,200000\n3,4\n");
  CHECK_TEXT(errorOf(linear, {"train", "--data", "label.csv"}),
             "linear.qn:12:5: loss: y is 200000, more than 100000, in row 2 of label.csv:y");
  CHECK_TEXT(errorOf(linear, {"eval", "--data", "label.csv", "--batch", "2"}),
             "linear.qn:12:5: loss: y is 200000, more than 100000, in row 2 of label.csv:y");
  writeFile("text.txt", "abc");
  CHECK_TEXT(errorOf(linear, {"predict", "--data", "x=text.txt:1"}),
             "text.txt: x is u8[2, 1], entry predict takes f32[B, 1]; bytes are never scaled "
             "silently: declare x: u8[B, 1] and convert it in the model");
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}\n";
  std::string nan = std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' +
                    header + std::string("\0\0\0\0\0\0\xc0\x7f", 8);
  writeFile("x.npy", nan);
  CHECK_TEXT(errorOf(linear, {"predict", "--data", "x.npy"}), "x.npy: x[1, 0] is NaN");
  CHECK_TEXT(errorOf(linear, {"train", "--data", "simple.csv", "--standardize", "z"}),
             "--standardize z: no input has that name");
  CHECK_TEXT(errorOf(linear, {"train", "--data", "simple.csv", "--split", "0.001"}),
             "--split 0.001 of 103 rows leaves nothing on one side");
  mkdir("empty", 0777);
  CHECK_TEXT(errorOf(linear, {"train", "--data", "empty"}),
             "the directory 'empty' holds no data file");
  quern_model other = linear;
  other.abi_version = 2;
  CHECK_TEXT(errorOf(other, {"train", "--data", "simple.csv"}),
             "the model was compiled for ABI version 2, but this runtime reads version 1");
}

void testSummary() {
  CHECK_TEXT(outputOf(linear3, {"summary"}),
             "----------------------------------------------------------------\n"
             "        Layer (type)               Output Shape         Param #\n"
             "================================================================\n"
             "            Linear-1                    [-1, 1]               4\n"
             "================================================================\n"
             "Total params: 4\n"
             "Trainable params: 4\n"
             "Non-trainable params: 0\n"
             "----------------------------------------------------------------\n"
             "Input size (MB): 0.00\n"
             "Forward/backward pass size (MB): 0.00\n"
             "Params size (MB): 0.00\n"
             "Estimated Total Size (MB): 0.00\n"
             "----------------------------------------------------------------\n");
  CHECK_TEXT(outputOf(linear3, {"summary", "--tree"}),
             "linearRegression(\n"
             "  (linear): Linear(in_features=3, out_features=1, bias=True)\n"
             ")\n");
  std::string out = outputOf(linear, {"bench", "--time", "0.01", "--json", "--threads", "1"});
  CHECK(out.rfind("[{\"entry\": \"loss\", \"kind\": \"train\", \"dims\": {\"B\": 32}, ", 0) == 0);
}

/// The lecture's own data, where they are: 40 seeds of PyTorch gave these ranges.
void testLecture() {
  std::string simple = LECTURE_DATA "/regression/simple.csv";
  std::string multiple = LECTURE_DATA "/regression/multiple.csv";
  if (access(simple.c_str(), R_OK) != 0)
    return;
  struct {
    const quern_model &model;
    std::string file;
    double first[2], last[2];
  } cases[] = {{linear, simple, {630, 705}, {93.3, 94.5}},
               {linear3, multiple, {970, 1050}, {101.4, 103.1}}};
  for (const auto &one : cases)
    for (const char *seed : {"0", "1", "2"}) {
      std::string out = outputOf(one.model, {"train", "--data", one.file, "--epochs", "5",
                                             "--batch", "50", "--seed", seed});
      double first = 0, last = 0;
      CHECK(std::sscanf(out.c_str(), "epoch: 1, loss: %lf", &first) == 1);
      CHECK(std::sscanf(out.c_str() + out.rfind("epoch"), "epoch: 5, loss: %lf", &last) == 1);
      CHECK(first > one.first[0] && first < one.first[1]);
      CHECK(last > one.last[0] && last < one.last[1]);
    }
}

} // namespace

int main() {
  Scratch scratch;
  writeData();
  testTraining();
  testValidation();
  testSchedule();
  testResume();
  testFullDisk();
  testBadFlags();
  testBadData();
  testSummary();
  testLecture();
  return finish();
}
