# Node-API promises that one binary serves all versions: the addon that was built for the Node that runs here, on the
# others. `npm test` has run all of jest on this one.
this_node=$(node -p 'process.versions.node.split(".")[0]')
for version in "${node_versions[@]}"; do
  [ "$version" = "$this_node" ] && continue
  check "Node $version from npm" .ci/host.sh "$work/node-$version" "node-linux-$(node -p process.arch)@$version" &&
    tests "jest with the addon on Node $version" \
      env IPDAEMON_BINDING=addon IPDAEMON_TEST_PUMP=node \
      "$work/node-$version/host" node_modules/.bin/jest \
      --testPathIgnorePatterns test/native/ test/package test/stress test/foreign || true
done
