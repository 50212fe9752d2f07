# The addon, instrumented, in Node under the jest suite. Node itself is not instrumented, so the
# sanitizers are loaded first; sanitized/run does that and judges what they report. That it judges well
# is shown with an addon of planted faults. In a copy of the checkout, to leave its build alone.
copy=$work/sanitized
check 'build the addon with address and undefined' bash -euo pipefail -c '
  mkdir "$CI_WORK/sanitized"
  git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$CI_WORK/sanitized"
  cp -a node_modules dist "$CI_WORK/sanitized"
  cd "$CI_WORK/sanitized"
  # Its check of virtual tables needs a descriptor, and takes objects for broken in the test without any;
  # the native tests are built with it.
  export CXXFLAGS=-fno-sanitize=vptr
  npm exec -- node-gyp configure --debug -- -Dsanitize=address,undefined
  npm exec -- node-gyp build --debug -j '"$jobs"'
  .ci/sanitized/build-planted' && {
  # Native tests and packing have steps of their own, and the examples show nothing new here. A program looks through all its memory for leaks when
  # it ends, which takes seconds: hence the patience.
  limit=900 tests 'jest with the addon under address, leak and undefined' \
    env IPDAEMON_TEST_PUMP=node IPDAEMON_TEST_PATIENCE=60000 "$copy/.ci/sanitized/run" \
    node_modules/.bin/jest --testPathIgnorePatterns test/native.test.ts test/package test/stress test/examples || true
  check 'the sanitizers find planted faults: use after free, undefined behaviour, leak' \
    "$copy/.ci/sanitized/check-planted" || true
}
