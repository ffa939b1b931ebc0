# What `cmake --install` puts where: the compiler, the runtime with its headers, and what CMake and
# pkg-config need to find them. Nothing in it holds the prefix, so an installation can be moved.
include(CMakePackageConfigHelpers)

# A prefix that cannot be written is refused before anything is copied, with the system's reason.
install(CODE [[
  set(prefix "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
  execute_process(
    COMMAND sh -euc "mkdir -p -- \"$1\"; rmdir -- \"$(mktemp -d -- \"$1/.quernXXXXXX\")\"" sh "${prefix}"
    RESULT_VARIABLE status ERROR_VARIABLE reason ERROR_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "cannot install into ${prefix}: ${reason}")
  endif()
]])

set(QUERN_CMAKE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/Quern)
set(QUERN_PC_FOLDER ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

add_executable(Quern::quern ALIAS quern)
add_library(Quern::runtime ALIAS quern_runtime)
include(QuernAddModel)

set_target_properties(quern_runtime PROPERTIES EXPORT_NAME runtime)
set_target_properties(quern_shared PROPERTIES EXPORT_NAME runtime_shared)
install(TARGETS quern quern_runtime quern_shared EXPORT QuernTargets
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY runtime/include/quern TYPE INCLUDE)
# What the compiler alone links, into programs.
install(TARGETS quern_program ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}/quern)
install(FILES ${CMAKE_ARCHIVE_OUTPUT_DIRECTORY}/quern/libz.a
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/quern)

install(EXPORT QuernTargets NAMESPACE Quern:: DESTINATION ${QUERN_CMAKE_FOLDER})
configure_package_config_file(cmake/QuernConfig.cmake.in ${CMAKE_BINARY_DIR}/QuernConfig.cmake
  INSTALL_DESTINATION ${QUERN_CMAKE_FOLDER} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/QuernConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES cmake/QuernAddModel.cmake ${CMAKE_BINARY_DIR}/QuernConfig.cmake
              ${CMAKE_BINARY_DIR}/QuernConfigVersion.cmake
        DESTINATION ${QUERN_CMAKE_FOLDER})

# The build tree can be found as well: -DQuern_DIR=build.
export(EXPORT QuernTargets NAMESPACE Quern:: FILE ${CMAKE_BINARY_DIR}/QuernTargets.cmake)
configure_file(cmake/QuernAddModel.cmake ${CMAKE_BINARY_DIR}/QuernAddModel.cmake COPYONLY)

file(RELATIVE_PATH QUERN_PREFIX_FROM_PC /${QUERN_PC_FOLDER} /)
string(REGEX REPLACE "/$" "" QUERN_PREFIX_FROM_PC "${QUERN_PREFIX_FROM_PC}")
configure_file(cmake/quern.pc.in ${CMAKE_BINARY_DIR}/quern.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/quern.pc DESTINATION ${QUERN_PC_FOLDER})

install(DIRECTORY examples/lecture examples/embed DESTINATION ${CMAKE_INSTALL_DATADIR}/quern/examples)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/quern RENAME copyright)
