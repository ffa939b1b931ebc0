# `cpack --config build/CPackConfig.cmake` makes a Debian package of what `cmake --install` installs.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME quern)
set(CPACK_PACKAGE_VENDOR "Quern")
set(CPACK_PACKAGE_CONTACT "The Quern maintainers <maintainers@quern.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"A model file, which reads like PyTorch code, becomes native code that
 trains and infers: a program of its own, or an object, archive or shared
 library with a C header. This package has the compiler, the runtime library
 with its headers, and files for CMake and pkg-config.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
# What the compiler needs of Debian's libraries: libllvm22, libmlir-22, libc6 and so on, with versions.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# LLVM's is named, since where dpkg-shlibdeps finds it first is a link that another package owns.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libllvm${LLVM_VERSION_MAJOR} (>= 1:${LLVM_PACKAGE_VERSION})")
# Compiled models link libc and libm, and so do programs that take them in.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "cmake, gcc | c-compiler, libc6-dev, pkg-config")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
