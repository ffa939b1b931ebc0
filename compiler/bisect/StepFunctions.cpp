// The kernels of a planned entry as functions of their own.
#include "compiler/bisect/StepFunctions.h"
#include "dialect/Conventions.h"

using namespace mlir;
namespace quern {

std::vector<std::string> getDimNames(func::FuncOp entry) {
  std::vector<std::string> names;
  if (auto list = entry->getAttrOfType<ArrayAttr>(attr::dims))
    for (StringAttr name : list.getAsRange<StringAttr>())
      names.push_back(name.getValue().str());
  return names;
}

static void addFunction(func::FuncOp entry, const Step &step) {
  KernelOp kernel = step.kernel;
  auto module = entry->getParentOfType<ModuleOp>();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = kernel.getLoc();
  auto function = func::FuncOp::create(
      builder, loc, step.function,
      builder.getFunctionType(SmallVector<Type>(kernel.getOperandTypes()), TypeRange()));
  function.setPrivate();
  SmallVector<StringRef> dims(step.dims.begin(), step.dims.end());
  function->setAttr(attr::kind, entry->getAttr(attr::kind));
  function->setAttr(attr::dims, builder.getStrArrayAttr(dims));
  // The descriptor leaves variants out; one without dims is called by nobody.
  function->setAttr(attr::variantOf, FlatSymbolRefAttr::get(entry.getNameAttr()));
  if (Attribute workspace = entry->getAttr(attr::workspace))
    function->setAttr(attr::workspace, workspace);
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  IRMapping mapping;
  // One operand may be there twice.
  for (auto [i, operand] : llvm::enumerate(kernel.getInputs()))
    mapping.map(operand, block->getArgument(i));
  builder.clone(*kernel, mapping);
  func::ReturnOp::create(builder, loc);
}

std::vector<Step> addStepFunctions(func::FuncOp entry) {
  std::vector<Step> steps;
  entry.walk<WalkOrder::PreOrder>([&](KernelOp kernel) {
    std::string number = std::to_string(steps.size());
    Step step{kernel, (entry.getName() + ".k" + number).str(),
              (entry.getName() + ".step" + number).str(), getDimNames(entry)};
    size_t outside = step.dims.size();
    for (auto scan = kernel->getParentOfType<ScanOp>(); scan;
         scan = scan->getParentOfType<ScanOp>())
      step.dims.insert(step.dims.begin() + outside, scan.getCounter()->str());
    steps.push_back(std::move(step));
  });
  for (const Step &step : steps)
    addFunction(entry, step);
  return steps;
}

func::FuncOp cloneBody(OpBuilder &builder, KernelOp kernel, StringRef name) {
  Block &body = kernel.getBody().front();
  Operation *end = body.getTerminator();
  auto function = func::FuncOp::create(
      builder, kernel.getLoc(), name,
      builder.getFunctionType(body.getArgumentTypes(), SmallVector<Type>(end->getOperandTypes())));
  OpBuilder::InsertionGuard guard(builder);
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToStart(block);
  IRMapping mapping;
  mapping.map(body.getArguments(), block->getArguments());
  for (Operation &op : body.without_terminator())
    builder.clone(op, mapping);
  SmallVector<Value> results;
  for (Value value : end->getOperands())
    results.push_back(mapping.lookupOrDefault(value));
  func::ReturnOp::create(builder, end->getLoc(), results);
  return function;
}
} // namespace quern
