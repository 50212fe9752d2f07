# What `bash .ci/run` leaves to `bash .ci/run full`. Sourced by run, which sets $tier. Nothing is chosen by the speed of
# the machine: two runs of one tier check the same.
#
# The daily tier has to end within 40 minutes on two processors, also where these are 1.3 times slower than usual. It
# has every kind of check: each platform, host, sanitizer and foreign program. What it leaves out is the repetition of
# jest suites that it has run elsewhere, on platforms where they find what the suites named here do not only rarely.
# No suites are all suites.

# Node-API is the same in all versions. `npm test` runs everything on the Node that is installed; differences show
# most on the newest.
node_versions=(26)
# Those in which the addon itself has most to do; the native tests and the simulator have the rest.
sanitized_suites=(test/contract test/interface test/lifetime test/tls/connection-request test/tls/handlers)
# Only the poller differs from `npm test`. The native tests of this build are complete.
kqueue_suites=(test/interface test/framing test/hostile test/tls/data)
# Everything is several times slower under Wine. The native tests are complete there.
wine_suites=(test/interface test/tls/data)

if [ "$tier" = full ]; then
  node_versions=(20 22 24 26)
  sanitized_suites=()
  kqueue_suites=()
  wine_suites=()
fi

# A folder that was renamed must not fall out of a list unnoticed.
for suite in "${sanitized_suites[@]}" "${kqueue_suites[@]}" "${wine_suites[@]}"; do
  [ -d "$suite" ] || [ -f "$suite.test.ts" ] || {
    echo "tiers.sh names $suite, which is neither a folder nor a suite"
    exit 1
  }
done
