# quern_add_model(target file.qn [NAME name] [HEADER name.h] [DIM B=1 ...] [MCPU cpu]
#                 [ENTRIES name ...] [EMBED file.safetensors] [IMPORTS folder ...] [FLAGS flag ...])
#
# Compiles a model when the project is built, and again when the file, one that it imports, or the
# compiler changes. `target` is a static library that brings the model's symbol quern_model_NAME,
# its header's folder, and Quern's runtime:
#   target_link_libraries(app PRIVATE target)
# NAME is the file's by default, and HEADER is NAME.h. DIM adds variants for sizes of dims, MCPU
# names the CPU (the default is that of the machine that builds), ENTRIES keeps those entries only,
# EMBED makes the weights of a file part of the code, IMPORTS are folders where imports are looked
# for, and FLAGS goes to `quern build` as it is. Needs Quern::quern and Quern::runtime.

function(quern_add_model target file)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "NAME;HEADER;MCPU;EMBED" "DIM;ENTRIES;IMPORTS;FLAGS")
  set(where "quern_add_model(${target})")
  if(ARG_UNPARSED_ARGUMENTS)
    list(GET ARG_UNPARSED_ARGUMENTS 0 argument)
    message(FATAL_ERROR "${where}: there is no argument '${argument}'; there are NAME, HEADER, DIM, MCPU, ENTRIES, EMBED, IMPORTS and FLAGS")
  endif()
  foreach(keyword NAME HEADER DIM MCPU ENTRIES EMBED IMPORTS FLAGS)
    # Empty, as from a variable that is not set, is no value either.
    if(keyword IN_LIST ARGN AND "${ARG_${keyword}}" STREQUAL "")
      message(FATAL_ERROR "${where}: ${keyword} has no value")
    endif()
  endforeach()
  if(TARGET "${target}")
    message(FATAL_ERROR "${where}: there is a target of this name already")
  endif()

  get_filename_component(source "${file}" ABSOLUTE)
  set(inputs "${source}")
  if(DEFINED ARG_EMBED)
    get_filename_component(weights "${ARG_EMBED}" ABSOLUTE)
    list(APPEND inputs "${weights}")
  endif()
  foreach(input IN LISTS inputs)
    # A file that another command of the project makes is not there yet.
    get_source_file_property(generated "${input}" GENERATED)
    if(NOT generated AND (NOT EXISTS "${input}" OR IS_DIRECTORY "${input}"))
      message(FATAL_ERROR "${where}: there is no file ${input}")
    endif()
  endforeach()

  set(identifier "^[A-Za-z_][A-Za-z0-9_]*$")
  set(name "${ARG_NAME}")
  if(NOT DEFINED ARG_NAME)
    get_filename_component(stem "${source}" NAME_WLE)
    string(MAKE_C_IDENTIFIER "${stem}" name)
  elseif(NOT name MATCHES "${identifier}")
    message(FATAL_ERROR "${where}: NAME takes an identifier of C, not '${name}'")
  endif()
  set(header "${ARG_HEADER}")
  if(NOT DEFINED ARG_HEADER)
    set(header "${name}.h")
  endif()
  get_filename_component(header_stem "${header}" NAME_WLE)
  if(NOT header STREQUAL "${header_stem}.h" OR NOT header_stem MATCHES "${identifier}")
    message(FATAL_ERROR "${where}: HEADER takes an identifier with the suffix .h, not '${header}'")
  endif()
  # Of two models of one name in one program, the linker would take the first from its archive and
  # say nothing.
  get_property(owner GLOBAL PROPERTY "quern_model_${name}")
  if(owner)
    message(FATAL_ERROR "${where}: the target ${owner} has a model of the name '${name}' already; give one of them another NAME")
  endif()
  set_property(GLOBAL PROPERTY "quern_model_${name}" "${target}")

  set(flags "")
  foreach(dim IN LISTS ARG_DIM)
    if(NOT dim MATCHES "^[A-Za-z_][A-Za-z0-9_]*=[0-9]+$")
      message(FATAL_ERROR "${where}: DIM takes NAME=SIZE with a size of at least 0, not '${dim}'")
    endif()
    list(APPEND flags --dim ${dim})
  endforeach()
  if(DEFINED ARG_MCPU)
    list(APPEND flags --mcpu ${ARG_MCPU})
  endif()
  if(DEFINED ARG_ENTRIES)
    string(REPLACE ";" "," entries "${ARG_ENTRIES}")
    list(APPEND flags --entries ${entries})
  endif()
  if(DEFINED ARG_EMBED)
    list(APPEND flags --embed "${weights}")
  endif()
  foreach(folder IN LISTS ARG_IMPORTS)
    get_filename_component(folder "${folder}" ABSOLUTE)
    list(APPEND flags -I${folder})
  endforeach()

  # The compiler writes the header beside the object, under its name.
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/quern/${target}")
  set(object "${folder}/${header_stem}.o")
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(
    OUTPUT "${object}" "${folder}/${header}"
    COMMAND Quern::quern build "${source}" -o "${object}" --name ${name} ${flags} ${ARG_FLAGS}
            -MF "${object}.d"
    DEPENDS ${inputs} $<TARGET_FILE:Quern::quern>
    DEPFILE "${object}.d"
    COMMENT "Compiling the model ${name}"
    VERBATIM)

  add_library(${target} STATIC "${object}" "${folder}/${header}")
  set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  # There is nothing to compile that would tell the language.
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  set(language CXX)
  if("C" IN_LIST languages)
    set(language C)
  endif()
  set_target_properties(${target} PROPERTIES LINKER_LANGUAGE ${language})
  target_include_directories(${target} INTERFACE "${folder}")
  target_link_libraries(${target} PUBLIC Quern::runtime)
endfunction()
