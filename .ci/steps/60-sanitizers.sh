# The native tests and the simulator under the sanitizers of addresses, leaks and undefined behaviour, and
# the tests of threads under that of threads. What they find ends the program.
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

check 'build with address and undefined' bash -euo pipefail -c '
  cmake -S . -B "$CI_WORK/address" -DIPDAEMON_SANITIZE=address,undefined
  cmake --build "$CI_WORK/address" -j '"$jobs"' --target ipdaemon_native_tests ipdaemon_sim' && {
  tests 'native tests under address, leak and undefined, with 10,000 TLS handshakes' \
    env IPDAEMON_TEST_HANDSHAKES=10000 "$work/address/ipdaemon_native_tests" || true
  check 'simulator under address, leak and undefined: 1,000 seeds' \
    "$work/address/test/native/sim/ipdaemon_sim" --seeds 999 --from 20001 --jobs "$jobs" || true
}

check 'build with thread' bash -euo pipefail -c '
  cmake -S . -B "$CI_WORK/thread" -DIPDAEMON_SANITIZE=thread
  cmake --build "$CI_WORK/thread" -j '"$jobs"' --target ipdaemon_thread_tests' &&
  tests 'tests of threads and of the poller under thread' "$work/thread/ipdaemon_thread_tests"
unset ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS
