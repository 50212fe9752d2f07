# Node-API promises that one binary serves all versions: the smoke suite on later ones, with the addon that was built
# for the Node that runs here.
for version in 22 24; do
  check "Node $version from npm" .ci/host.sh "$work/node-$version" "node-linux-$(node -p process.arch)@$version" &&
    tests "smoke suite on Node $version" "$work/node-$version/host" test/smoke/smoke.js || true
done
