# The native library by CMake, warnings being errors: with both pollers, and with a second compiler.
check 'build with epoll' bash -euo pipefail -c '
  cmake -S . -B "$CI_WORK/epoll" -DCMAKE_BUILD_TYPE=Release
  cmake --build "$CI_WORK/epoll" -j '"$jobs" &&
  tests 'native tests with epoll' "$work/epoll/ipdaemon_native_tests"

check 'build with poll' bash -euo pipefail -c '
  cmake -S . -B "$CI_WORK/poll" -DIPDAEMON_POLLER=poll -DCMAKE_BUILD_TYPE=Debug
  cmake --build "$CI_WORK/poll" -j '"$jobs"' --target ipdaemon ipdaemon_native_tests' &&
  tests 'native tests with poll' "$work/poll/ipdaemon_native_tests"

check 'build with clang' bash -euo pipefail -c '
  cmake -S . -B "$CI_WORK/clang" -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug
  cmake --build "$CI_WORK/clang" -j '"$jobs"' --target ipdaemon ipdaemon_native_tests' &&
  tests 'native tests of the build with clang' "$work/clang/ipdaemon_native_tests"

# The header is for C programs, too.
check 'ipdaemon.h in C, linked with the shared library alone' bash -euo pipefail -c '
  gcc -std=c99 -pedantic -Wall -Wextra -Werror -Inative/include .ci/smoke.c -o "$CI_WORK/smoke" \
    -L"$CI_WORK/epoll" -lipdaemon -Wl,-rpath,"$CI_WORK/epoll"
  "$CI_WORK/smoke"'
