#!/bin/bash
# That .ci/run tells what happened: it is given steps whose outcome is known, most of which fail. Each way in which a
# check can fail has to make the run fail, and to be counted. Ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
. .ci/lib.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The run of one step ends with the line and the status.
ends_with() {
  local line=$1 expected=$2 status=0
  mkdir -p "$work/steps"
  printf '%s\n' "$3" >"$work/steps/10-planted.sh"
  IPDAEMON_CI_STEPS=$work/steps .ci/run "${@:4}" >"$work/output" 2>&1 || status=$?
  cat "$work/output"
  [ "$(tail -n 1 "$work/output")" = "$line" ] && [ "$status" -eq "$expected" ]
}

try 'what passes is counted' ends_with '4 passed, 0 failed' 0 "check one true; tests two echo '2 passed, 0 failed'"
try 'a check that fails' ends_with '1 passed, 1 failed' 1 'check one false; check two true'
try 'a failure that tests tell, whatever their status' \
  ends_with '1 passed, 2 failed' 1 "tests one echo '1 passed, 2 failed'"
try "a failure in jest's words" ends_with '3 passed, 1 failed' 1 "tests one echo 'Tests:  1 failed, 3 passed, 4 total'"
try 'tests that pass and end with another status' \
  ends_with '1 passed, 1 failed' 1 "tests one bash -c 'echo 1 passed, 0 failed; exit 3'"
try 'what is skipped is not passed' ends_with '1 passed, 0 failed' 0 "check one echo 'SKIPPED: why'; check two true"
try 'what fails is not skipped' ends_with '0 passed, 1 failed' 1 "check one bash -c 'echo SKIPPED: why; exit 1'"
try 'a check that hangs' ends_with '0 passed, 1 failed' 1 'limit=1 check one sleep 100'
try 'a check that leaves a process' ends_with '0 passed, 1 failed' 1 "check one bash -c 'sleep 100 & true'"
try 'a step with a word that is no command' ends_with '1 passed, 1 failed' 1 $'chekc one true\ncheck two true'
try 'a step that is no script' ends_with '0 passed, 1 failed' 1 'check one true; if'
try 'nothing is checked' ends_with '0 passed, 1 failed' 1 'check one true' 99
totals
