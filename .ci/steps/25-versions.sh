# Node-API promises that one binary serves all versions: the addon that was built for the Node that runs here, on the
# others. `npm test` has run all of jest on this one. Where that took long, the others have only the suites that show
# where versions differ, or the time of the run would not be enough.
suites=()
if [ "$SECONDS" -gt 360 ]; then
  suites=(
    test/bindings test/contract test/errors test/events test/lifetime test/methods test/tls/connection-request test/tls/data
  )
  echo "this machine is slow: jest on other versions of Node is restricted to ${suites[*]}"
fi
this_node=$(node -p 'process.versions.node.split(".")[0]')
for version in 20 22 24 26; do
  [ "$version" = "$this_node" ] && continue
  check "Node $version from npm" .ci/host.sh "$work/node-$version" "node-linux-$(node -p process.arch)@$version" &&
    tests "jest with the addon on Node $version" \
      env IPDAEMON_BINDING=addon IPDAEMON_TEST_PUMP=node \
      "$work/node-$version/host" node_modules/.bin/jest \
      --testPathIgnorePatterns test/native.test.ts test/package test/stress \
      "${suites[@]/#/--testPathPatterns=}" || true
done
