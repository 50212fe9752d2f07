#!/bin/bash
# cmake-package.sh BUILD: installs what was built there into an empty folder, looks at what the libraries show,
# and builds and runs the C example on them as a stranger would: by find_package and by pkg-config, shared and
# static. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
build=$1
work=$(mktemp -d)
server=
trap 'kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
prefix=$work/prefix
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
    tail -n 40 "$work/log" | sed 's/^/     /'
  fi
}

# The functions of the header, against what can be seen from outside.
shows_only_the_abi() {
  diff <(grep -oE '^IPDAEMON_API .*\b(ipdaemon_[a-z_]+)\(' native/include/ipdaemon.h | grep -oE '[a-z_]+\($' |
    tr -d '(' | sort) <(nm --defined-only "$@" | awk 'NF == 3 { print $3 }' | sort)
}

# The program sends back what it gets.
echoes() {
  local port= answer i
  "$@" 0 >"$work/output" 2>&1 &
  server=$!
  for i in $(seq 100); do
    port=$(sed -nE 's/.*listening on port ([0-9]+).*/\1/p' "$work/output")
    [ -n "$port" ] && break
    kill -0 "$server" || break
    sleep 0.1
  done
  cat "$work/output"
  answer=$(printf 'one line\n' | timeout 10 nc -N 127.0.0.1 "$port")
  kill "$server"
  wait "$server" 2>/dev/null
  [ "$answer" = 'one line' ]
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
  shows_only_the_abi --dynamic "$libraries/libipdaemon.so"
try 'so does the static one' shows_only_the_abi --extern-only "$libraries/libipdaemon.a"
try 'find_package, shared' by_cmake shared OFF
try 'find_package, static' by_cmake static ON
try 'the static program needs no shared one of ours' needs_no_library "$work/static/echo"
try 'pkg-config, shared' by_pkg_config pkg-shared
# The linker takes a shared library where there is one.
rm -f "$libraries"/libipdaemon.so*
try 'pkg-config, static' by_pkg_config pkg-static --static
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
