# What other systems and hosts need, as far as Linux can tell. The poller of macOS and FreeBSD, on a stand-in for kqueue;
# the addon where the host's loop cannot wait for sockets, with a thread, in Bun and in Deno; and what compilers say
# about macOS. Where qemu cannot be had, IPDAEMON_CI_QEMU=0 leaves out what runs in it.
copy=$work/kqueue
# What was compiled for this system is used again: only the files of the platform differ.
check 'build with the stand-in for kqueue' bash -euo pipefail -c '
  mkdir -p "$CI_WORK/kqueue/build"
  ln -s "$PWD"/{package.json,binding.gyp,ipdaemon.gypi,bindings,native,node_modules,test} "$CI_WORK/kqueue"
  cp -a build/Release "$CI_WORK/kqueue/build"
  cd "$CI_WORK/kqueue"
  node bindings/node-gyp.js configure -- -Dnative_tests=1 -Dpoller=kqueue
  make -C build BUILDTYPE=Release -j '"$jobs"' ipdaemon native_tests' && {
  check 'the addon of that build says that it uses kqueue' env IPDAEMON_ADDON="$copy/build/Release/ipdaemon.node" \
    node -e 'const ipdaemon = require("."); const server = ipdaemon.ipdaemon_open();
      const info = ipdaemon.ipdaemon_do_config(server, "BuildInfo"); ipdaemon.ipdaemon_close(server);
      console.log(info); process.exitCode = /\bkqueue\b/.test(info) ? 0 : 1' || true
  tests 'native tests with the stand-in' "$copy/build/Release/native_tests" || true
  # Without those that run the native tests, pack, or look for binaries in the checkout.
  tests 'jest with the addon and the stand-in' env IPDAEMON_BINDING=addon \
    IPDAEMON_ADDON="$copy/build/Release/ipdaemon.node" npx jest \
    --testPathIgnorePatterns test/native/ test/package test/bindings/choose test/stress test/foreign \
    "${kqueue_suites[@]/#/--testPathPatterns=}" || true
}

# on_host TITLE PACKAGE WORD...: the smoke suite with the addon, on a host from npm.
on_host() {
  local title=$1 package=$2
  shift 2
  check "$title from npm" .ci/host.sh "$work/$title" "$package" &&
    tests "smoke suite on $title" env IPDAEMON_BINDING=addon "$work/$title/host" "$@" test/smoke/smoke.js || true
}
if [ "$(node -p process.arch)" = x64 ]; then
  on_host Bun @oven/bun-linux-x64@1
  on_host Deno @deno/linux-x64-glibc@2 run --allow-all
  tests 'the addon for arm64, and the smoke suite in qemu' .ci/arm64.sh || true
  tests 'addon and library are compiled for macOS' node .ci/macos.js || true
else
  echo 'other hosts and the builds for other systems are for machines with x64 only'
fi
