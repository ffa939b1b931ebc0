# LLVM/MLIR from Debian's packages, and the helpers that every CMakeLists.txt below uses.
find_package(MLIR REQUIRED CONFIG PATHS /usr/lib/llvm-22/lib/cmake/mlir NO_DEFAULT_PATH)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# Everything that sees MLIR shares one precompiled header: a typical file then compiles in a second.
set(CMAKE_PCH_INSTANTIATE_TEMPLATES ON)
add_library(quern_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
function(quern_mlir_flags target)
  target_include_directories(${target} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}
                                               ${CMAKE_SOURCE_DIR}/runtime/include)
  target_compile_options(${target} PRIVATE -fno-exceptions -Wall -Wextra -Wno-unused-parameter
                                           "SHELL:-Xclang -fno-pch-timestamp")
endfunction()
quern_mlir_flags(quern_pch)
target_precompile_headers(quern_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)

# quern_library(NAME SOURCES... DEPENDS targets...): a static library of the compiler.
function(quern_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  quern_mlir_flags(${name})
  target_precompile_headers(${name} REUSE_FROM quern_pch)
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS})
  if(TARGET QuernDialectIncGen)
    add_dependencies(${name} QuernDialectIncGen quern_passes_gen)
  endif()
endfunction()

# quern_tool(NAME SOURCES... DEPENDS targets...): an executable that links the shared libMLIR/libLLVM.
function(quern_tool name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  quern_mlir_flags(${name})
  # The precompiled header is built with -fPIC, so its users must be too.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} REUSE_FROM quern_pch)
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} MLIR LLVM)
  add_dependencies(${name} QuernDialectIncGen)
endfunction()

# quern_pass_tablegen(FILE.td NAME): pass declarations FILE.h.inc beside the source, in the build tree.
function(quern_pass_tablegen td)
  get_filename_component(base ${td} NAME_WE)
  set(LLVM_TARGET_DEFINITIONS ${td})
  mlir_tablegen(${base}.h.inc -gen-pass-decls -name=${base} EXTRA_INCLUDES ${MLIR_INCLUDE_DIRS})
  add_public_tablegen_target(Quern${base}IncGen)
  add_dependencies(quern_passes_gen Quern${base}IncGen)
endfunction()
add_custom_target(quern_passes_gen)
