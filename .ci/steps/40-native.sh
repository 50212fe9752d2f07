# The native library by CMake, warnings being errors: as C programs get it, and with everything the other way
# round, that is another compiler, poll(2) and OpenSSL linked. `npm test` has run the native tests with epoll.
check 'build of the libraries' bash -euo pipefail -c '
  cmake -S . -B "$CI_WORK/libraries" -DCMAKE_BUILD_TYPE=Release -DIPDAEMON_TESTS=OFF
  cmake --build "$CI_WORK/libraries" -j '"$jobs" &&
  tests 'the installed library, and a C program on it' .ci/cmake-package.sh "$work/libraries"

check 'build with clang, poll and linked OpenSSL' bash -euo pipefail -c '
  cmake -S . -B "$CI_WORK/other" -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug -DIPDAEMON_POLLER=poll \
    -DIPDAEMON_OPENSSL=linked -DCMAKE_UNITY_BUILD=ON
  cmake --build "$CI_WORK/other" -j '"$jobs"' --target ipdaemon ipdaemon_native_tests' &&
  tests 'native tests of that build' "$work/other/ipdaemon_native_tests"
