# The suite with the addon that step 70 has built, under Wine. Last, as it takes longest: it is cut down, or left out, if
# the time of the run would not be enough for it. IPDAEMON_CI_WINE=0 leaves it out, too.
suites=()
if [ "$SECONDS" -gt 2040 ]; then
  check 'jest with the addon under Wine' echo 'SKIPPED: this machine is slow, the time of the run is used up'
else
  if [ "$SECONDS" -gt 1620 ]; then
    suites=(test/events test/methods test/tls/data)
    echo "this machine is slow: jest under Wine is restricted to ${suites[*]}"
  fi
  limit=900 tests 'jest with the addon under Wine' .ci/windows-addon.sh test "${suites[@]}"
fi
