// Parses a file of the language into its syntax tree.
#ifndef QUERN_COMPILER_FRONTEND_PARSER_H
#define QUERN_COMPILER_FRONTEND_PARSER_H

#include "compiler/frontend/Ast.h"
#include "compiler/frontend/Diagnostics.h"

namespace quern {

/// Parses the whole file; statements that do not parse are reported and left out.
std::unique_ptr<ast::File> parse(DiagnosticEngine &diagnostics, uint32_t file);

} // namespace quern

#endif
