# How the checks of a run are carried out and counted. Sourced by run.
#
#   check TITLE COMMAND...   one check: the status of the command decides
#   tests TITLE COMMAND...   the same, and the totals that the command prints are added: those of jest,
#                            or lines "N passed, N failed"
#   limit=S check ...        another time limit than 600 seconds
#
# A command that prints a line "SKIPPED: ..." has left out what it was told to leave out; it counts as nothing.
# A command runs in a process group of its own, without input, its output is shown as it comes. What it
# leaves running is ended and counts as a failure. A command is a program: use `bash -euo pipefail -c`
# for more than one.
. .ci/lib.sh

jobs=2
work=$(mktemp -d)
export CI_WORK=$work
group=
rows=()
failures=()

minutes() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# wanted NAME [BEGINNINGS]: whether a step was asked for.
wanted() {
  local name=$1 beginning
  shift
  for beginning in "${@:-}"; do
    case $name in "$beginning"*) return 0 ;; esac
  done
  return 1
}

# The processes of $group that still run, one per line. In /proc: name, state, parent, group, and more.
running_in_group() {
  cat /proc/[0-9]*/stat 2>/dev/null | sed -nE "s/^([0-9]+ \(.*\)) [^Z] [0-9]+ $group .*/\1/p"
}

# Waits a little for $group to be gone; then ends it and says what was left.
end_group() {
  local left end=$((SECONDS + 5))
  while left=$(running_in_group) && [ -n "$left" ] && [ "$SECONDS" -lt "$end" ]; do
    sleep 0.1
  done
  [ -z "$left" ] && return 0
  kill -KILL -- "-$group" 2>/dev/null || true
  printf 'left running:\n%s\n' "$left"
  return 1
}

run_check() {
  local kind=$1 title=$2 began=$SECONDS log=$work/${#rows[@]}.log code=0 result=ok counted= before=$failed row
  shift 2
  printf '\n---- %s\n' "$title"
  : >"$log"
  timeout --kill-after=10 "${limit:-600}" "$@" </dev/null >"$log" 2>&1 &
  group=$!
  tail -n +1 -s 0.2 -f --pid="$group" "$log" 2>/dev/null || true
  wait "$group" || code=$?
  end_group >"$work/left" || code=1
  if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then echo 'ended when its time was over' >>"$work/left"; fi
  group=
  tee -a "$log" <"$work/left"
  [ "$kind" = check ] || add_totals "$log"
  if [ "$code" -ne 0 ] || [ "$failed" -gt "$before" ]; then
    result=FAIL
    failures+=("$title" "$log")
    # A failure that a test runner has told is counted already.
    [ "$failed" -gt "$before" ] || failed=$((failed + 1))
  elif grep -q '^SKIPPED: ' "$log"; then
    result=skip
  else
    passed=$((passed + 1))
  fi
  printf -v row '%-4s %6s  %s' "$result" "$(minutes $((SECONDS - began)))" "$title${counted:+ ($counted)}"
  rows+=("$row")
  echo "---- $row"
  [ "$result" != FAIL ]
}

check() { run_check check "$@"; }
tests() { run_check tests "$@"; }

# run_step FILE: a check that fails must not keep the next step from running; it has been counted. What fails in a
# step and is no check counts, too.
run_step() {
  local before=$failed status=0
  . "$1" || status=$?
  [ "$status" -eq 0 ] || [ "$failed" -gt "$before" ] || echo "$1 itself failed with status $status" >>"$work/broken"
}
# In a step, a word that is no command.
command_not_found_handle() { echo "no such command: $*" | tee -a "$work/broken" >&2; }

# At the end of the script, however it comes: what failed, all checks, and the totals.
finish() {
  local status=$? i
  trap - EXIT INT TERM
  if [ -n "$group" ]; then kill -KILL -- "-$group" 2>/dev/null || true; fi
  [ "$status" -eq 0 ] || echo "the run was ended before its end, with status $status" >>"$work/broken"
  for ((i = 0; i < ${#failures[@]}; i += 2)); do
    printf '\n==== failed: %s; the end of its output:\n' "${failures[i]}"
    tail -n 80 "${failures[i + 1]}"
  done
  printf '\n==== all checks\n'
  [ ${#rows[@]} -eq 0 ] || printf '%s\n' "${rows[@]}"
  if [ -s "$work/broken" ]; then
    cat "$work/broken"
    failed=$((failed + 1))
  fi
  rm -rf "$work"
  printf 'in %s\n' "$(minutes "$SECONDS")"
  totals || exit 1
  exit 0
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
