# Flags every target is built with.  Warnings are errors: a warning that may stay is one that nobody
# reads.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium>=1.0.18)

find_program(CCACHE ccache)
if(CCACHE)
  # Paths of this folder are taken relative to the build's, so that one preset finds what another
  # compiled with the same flags; messages name them in full.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_ABSSTDERR=true ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(fenrun_flags INTERFACE)
target_compile_options(fenrun_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror
  -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes the alternatives of a moved std::variant for uninitialized memory.
  target_compile_options(fenrun_flags INTERFACE -Wduplicated-cond -Wlogical-op
                         -Wno-maybe-uninitialized)
endif()
# Assertions of the standard library stay on in every build, like our own.
target_compile_definitions(fenrun_flags INTERFACE _GLIBCXX_ASSERTIONS)
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_definitions(fenrun_flags INTERFACE _FORTIFY_SOURCE=2)
endif()
if(FENRUN_SANITIZE)
  target_compile_options(fenrun_flags INTERFACE -fsanitize=${FENRUN_SANITIZE}
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(fenrun_flags INTERFACE -fsanitize=${FENRUN_SANITIZE})
  if(FENRUN_SANITIZE MATCHES "thread")
    # Asio's fences, which the sanitizer does not know, stand beside locks of the same effect.
    target_compile_definitions(fenrun_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
