#!/bin/bash
# cmake-package.sh BUILD: installs what was built there into an empty folder, looks at what the libraries show,
# and builds and runs the C example on them as a stranger would: by find_package and by pkg-config, shared and
# static. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
build=$1
. .ci/lib.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

# The names that a library shows to others.
shown_by() {
  nm --defined-only "$@" | awk 'NF == 3 { print $3 }' | shows_only_the_abi
}

needs_no_library() {
  ldd "$1" && ! ldd "$1" | grep libipdaemon
}

by_cmake() {
  cmake -S examples/c -B "$work/$1" -DCMAKE_PREFIX_PATH="$prefix" -DECHO_STATIC="$2" && cmake --build "$work/$1" &&
    echoes "$work/$1/echo"
}

by_pkg_config() {
  local flags
  flags=$(PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name ipdaemon.pc)") pkg-config --cflags --libs "${@:2}" ipdaemon)
  # What is linked is the library's own business; the words are for the shell to split.
  # shellcheck disable=SC2086
  cc -std=c99 -pedantic -Wall -Wextra -Werror examples/c/echo.c -o "$work/$1" $flags &&
    LD_LIBRARY_PATH=$libraries echoes "$work/$1"
}

try 'cmake --install' cmake --install "$build" --prefix "$prefix"
libraries=$(dirname "$(find "$prefix" -name 'libipdaemon.a')")
(cd "$prefix" && find . -type f -o -type l | sort)
try 'the shared library shows the functions of ipdaemon.h and nothing else' \
  shown_by --dynamic "$libraries/libipdaemon.so"
try 'so does the static one' shown_by --extern-only "$libraries/libipdaemon.a"
try 'find_package, shared' by_cmake shared OFF
try 'find_package, static' by_cmake static ON
try 'the static program needs no shared one of ours' needs_no_library "$work/static/echo"
try 'pkg-config, shared' by_pkg_config pkg-shared
# The linker takes a shared library where there is one.
rm -f "$libraries"/libipdaemon.so*
try 'pkg-config, static' by_pkg_config pkg-static --static
totals
