# The tests of threads under the thread sanitizer; everything else under those of addresses, leaks and undefined
# behaviour: native tests, simulator, and jest with the addon. What they find ends the program.
check 'build with thread' bash -euo pipefail -c '
  cmake -S . -B "$CI_WORK/thread" -DIPDAEMON_SANITIZE=thread -DCMAKE_UNITY_BUILD=ON
  cmake --build "$CI_WORK/thread" -j '"$jobs"' --target ipdaemon_thread_tests' &&
  tests 'tests of threads and of the poller under thread' env TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
    "$work/thread/ipdaemon_thread_tests"

# One instrumented build for all the rest, in a copy of the checkout, to leave its build alone. Node itself is not
# instrumented, so for jest the sanitizers are loaded first; sanitized/run does that and judges what they report.
# That it judges well is shown with an addon of planted faults.
copy=$work/sanitized
limit=1200 check 'build with address and undefined' bash -euo pipefail -c '
  mkdir "$CI_WORK/sanitized"
  git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$CI_WORK/sanitized"
  cp -a node_modules dist "$CI_WORK/sanitized"
  cd "$CI_WORK/sanitized"
  # Its check of virtual tables needs a descriptor, and takes objects for broken in the test without any.
  export CXXFLAGS=-fno-sanitize=vptr
  node bindings/node-gyp.js configure --debug -- -Dnative_tests=1 -Dsanitize=address,undefined
  make -C build BUILDTYPE=Debug -j '"$jobs"' ipdaemon ipdaemon_failing native_tests ipdaemon_sim ipdaemon_sim_tests
  .ci/sanitized/build-planted' && {
  export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1
  tests 'native tests under address, leak and undefined, with 10,000 TLS handshakes' \
    env IPDAEMON_TEST_HANDSHAKES=10000 "$copy/build/Debug/native_tests" || true
  check 'simulator under address, leak and undefined: 500 seeds' \
    "$copy/build/Debug/ipdaemon_sim" --seeds 499 --from 20001 --jobs "$jobs" || true
  check 'the same for the settings that came later: 200 seeds' \
    "$copy/build/Debug/ipdaemon_sim" --seeds 200 --from 100000 --jobs "$jobs" || true
  tests 'the tests in the simulator under address, leak and undefined: its poller, a server behind a proxy' \
    "$copy/build/Debug/ipdaemon_sim_tests" || true
  unset ASAN_OPTIONS UBSAN_OPTIONS
  # The addon only: what koffi calls is the same core. Packing and finding the binaries need those of a release,
  # and the examples show nothing new here. together-same compares an order that shares of time decide where the machine
  # is so slow. A program looks through all its memory for leaks when it ends, which takes seconds: hence the patience.
  limit=900 tests 'jest with the addon under address, leak and undefined' \
    env IPDAEMON_BINDING=addon IPDAEMON_TEST_PUMP=node IPDAEMON_TEST_PATIENCE=60000 \
    IPDAEMON_NATIVE_BUILD="$copy/build/Debug" "$copy/.ci/sanitized/run" \
    node_modules/.bin/jest \
    --testPathIgnorePatterns test/native/ test/package test/bindings/choose test/stress test/examples test/foreign \
    test/interface/together-same \
    "${sanitized_suites[@]/#/--testPathPatterns=}" || true
  check 'the sanitizers find planted faults: use after free, undefined behaviour, leak' \
    "$copy/.ci/sanitized/check-planted" || true
}
