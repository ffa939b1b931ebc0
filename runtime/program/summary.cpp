// `summary`: the table of layers as torchsummary prints it, or the modules as PyTorch prints a
// model.
#include "runtime/program/session.h"

#include <stdio.h>

using namespace quern::runtime;

namespace {

bool hasChildren(const quern_model &model, uint32_t index) {
  return index + 1 < model.layer_count && model.layers[index + 1].depth > model.layers[index].depth;
}

/// Whether the table lists the layer: what was called, but not the root that holds the others, nor
/// a container that only chains.
bool isListed(const quern_model &model, uint32_t index) {
  const quern_layer &layer = model.layers[index];
  bool container = hasChildren(model, index);
  return layer.extents && !(container && layer.depth == 0) &&
         !(container && strcmp(layer.type, "Sequential") == 0);
}

/// "1,234,567".
Text grouped(int64_t value) {
  char digits[24];
  int length = snprintf(digits, sizeof(digits), "%lld", static_cast<long long>(value));
  Text text;
  for (int i = 0; i < length; ++i) {
    text.append(&digits[i], 1);
    if (i + 1 < length && (length - i - 1) % 3 == 0)
      text.append(",");
  }
  return text;
}

/// Elements of one row: extents that are known at compile time.
double knownElements(const quern_extent *extents, uint32_t rank) {
  double count = 1;
  for (uint32_t k = 0; k < rank; ++k)
    if (extents[k].kind == QUERN_EXTENT_CONSTANT)
      count *= static_cast<double>(extents[k].value);
  return count;
}

/// The entry whose input sizes the table counts: an exported function, else a training one.
const quern_entry *shownEntry(const quern_model &model) {
  for (uint32_t kind : {QUERN_ENTRY_EXPORT, QUERN_ENTRY_TRAIN})
    for (uint32_t i = 0; i < model.entry_count; ++i)
      if (model.entries[i].kind == kind && model.entries[i].input_count > 0)
        return &model.entries[i];
  return nullptr;
}

void printTable(const quern_model &model) {
  constexpr double megabyte = 1024.0 * 1024.0;
  constexpr char thin[] = "----------------------------------------------------------------";
  constexpr char thick[] = "================================================================";
  printf("%s\n%20s  %25s %15s\n%s\n", thin, "Layer (type)", "Output Shape", "Param #", thick);
  int64_t number = 0, total = 0, trainable = 0;
  double outputs = 0;
  for (uint32_t i = 0; i < model.layer_count; ++i) {
    const quern_layer &layer = model.layers[i];
    total += layer.parameters;
    trainable += layer.trainable;
    if (!isListed(model, i))
      continue;
    Text name, shape("[");
    name.appendFormat("%s-%lld", layer.type, static_cast<long long>(++number));
    for (uint32_t k = 0; k < layer.rank; ++k) {
      bool known = layer.extents[k].kind == QUERN_EXTENT_CONSTANT;
      shape.appendFormat("%s%lld", k ? ", " : "",
                         known ? static_cast<long long>(layer.extents[k].value) : -1ll);
    }
    shape.append("]");
    outputs += knownElements(layer.extents, layer.rank);
    printf("%20s  %25s %15s\n", name.c_str(), shape.c_str(), grouped(layer.parameters).c_str());
  }
  double input = 0;
  if (const quern_entry *entry = shownEntry(model))
    for (uint32_t i = 0; i < entry->input_count; ++i)
      input += knownElements(entry->inputs[i].extents, entry->inputs[i].rank);
  // As torchsummary counts: four bytes an element, and forward and backward hold every output.
  double inputSize = input * 4 / megabyte, passSize = 2 * outputs * 4 / megabyte;
  double paramSize = static_cast<double>(total) * 4 / megabyte;
  printf("%s\nTotal params: %s\nTrainable params: %s\nNon-trainable params: %s\n%s\n", thick,
         grouped(total).c_str(), grouped(trainable).c_str(), grouped(total - trainable).c_str(),
         thin);
  printf("Input size (MB): %.2f\nForward/backward pass size (MB): %.2f\nParams size (MB): %.2f\n"
         "Estimated Total Size (MB): %.2f\n%s\n",
         inputSize, passSize, paramSize, inputSize + passSize + paramSize, thin);
}

/// The part of the path below the parent's.
const char *lastName(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot ? dot + 1 : path;
}

void printTree(const quern_model &model) {
  for (uint32_t i = 0; i < model.layer_count; ++i) {
    const quern_layer &layer = model.layers[i];
    printf("%*s", static_cast<int>(2 * layer.depth), "");
    if (layer.depth > 0)
      printf("(%s): ", lastName(layer.path));
    bool container = hasChildren(model, i);
    printf("%s%s\n", container ? layer.type : layer.text, container ? "(" : "");
    // Close every container that ends before the next row.
    uint32_t next = i + 1 < model.layer_count ? model.layers[i + 1].depth : 0;
    for (uint32_t depth = layer.depth; depth > next; --depth)
      printf("%*s)\n", static_cast<int>(2 * (depth - 1)), "");
  }
}

} // namespace

quern_status quern::runtime::runSummary(const quern_model &model, const Flags &flags,
                                        quern_message *) {
  if (flags.tree)
    printTree(model);
  else
    printTable(model);
  return QUERN_OK;
}
