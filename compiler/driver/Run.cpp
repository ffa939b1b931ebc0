// `quern run`: a function without inputs, evaluated by the reference interpreter.
#include "compiler/driver/Commands.h"
#include "compiler/interpreter/Interpreter.h"
#include "compiler/interpreter/Print.h"
#include "dialect/Conventions.h"
#include "dialect/QuernOps.h"

using namespace mlir;
namespace quern {

int runCommand(Compilation &compilation) {
  if (!compilation.runTo("model"))
    return 1;
  llvm::StringRef name = compilation.getLine().function;
  auto function = compilation.getModule().lookupSymbol<func::FuncOp>(name);
  if (!function) {
    compilation.fail("there is no function '" + name + "' in " + compilation.getLine().file);
    return 1;
  }
  if (function.getNumResults() == 0 && function.getOps<PrintOp>().empty()) {
    compilation.fail(name + " prints nothing and returns no tensor");
    return 1;
  }
  llvm::SmallVector<HostTensor> arguments, results;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    Role role = getRole(function, i);
    if (role != Role::seed && role != Role::step) {
      compilation.fail("run takes functions without inputs, and " + name + " has " +
                       getName(function, i));
      return 1;
    }
    HostTensor number(DType::i64, {});
    number.setInteger(0, role == Role::step ? 1 : 0);
    arguments.push_back(number);
  }
  std::string message;
  Interpreter interpreter;
  if (failed(interpreter.run(function, arguments, {}, results, message))) {
    compilation.fail(message);
    return 1;
  }
  for (const HostTensor &result : results)
    llvm::outs() << formatTensor(result) << "\n";
  return 0;
}
} // namespace quern
