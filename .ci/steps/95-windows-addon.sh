# The suite with the addon that step 70 has built, under Wine. IPDAEMON_CI_WINE=0 leaves it out.
limit=900 tests 'jest with the addon under Wine' .ci/windows-addon.sh test "${wine_suites[@]}"
