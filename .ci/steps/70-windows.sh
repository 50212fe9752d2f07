# The native library for Windows, built with mingw, and its tests and the C example under Wine; the addon is built, too.
# Where Wine cannot be had, IPDAEMON_CI_WINE=0 leaves out what runs.
tests 'mingw: the library, its tests and the C example for Windows' .ci/windows.sh build && {
  limit=900 tests 'native tests and the C example under Wine' .ci/windows.sh test || true
  check 'mingw: the addon for Windows, and the suite as plain JavaScript' .ci/windows-addon.sh build
}
