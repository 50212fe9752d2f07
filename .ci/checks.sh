# How the checks of a run are carried out and counted. Sourced by run.
#
#   check TITLE COMMAND...   one check: the status of the command decides
#   tests TITLE COMMAND...   the same, and the totals that the command prints are added: those of jest,
#                            or lines "N passed, N failed"
#   limit=S check ...        another time limit than 600 seconds
#   beside check|tests ...   the same, while the checks that follow are carried out, for what leaves a processor idle;
#                            `together` waits for it and counts it
#
# A command that prints a line "SKIPPED: ..." has left out what it was told to leave out; it counts as nothing.
# A command runs in a process group of its own, without input, its output is shown as it comes. What it
# leaves running is ended and counts as a failure. A command is a program: use `bash -euo pipefail -c`
# for more than one.

jobs=2
# What has not begun by then fails instead, so that the run as a whole ends in time.
last_begin=2100

work=$(mktemp -d)
export CI_WORK=$work
mkdir "$work/logs"
number=0
passed=0
failed=0
current=
companion_group=
titles=()
logs=()
results=()
times=()
totals=()

minutes() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# wanted NAME [BEGINNINGS]: whether a step was asked for.
wanted() {
  local name=$1
  shift
  [ $# -eq 0 ] && return 0
  local beginning
  for beginning in "$@"; do
    case $name in "$beginning"*) return 0 ;; esac
  done
  return 1
}

# The processes of $group that still run, one per line.
running_in_group() {
  local file line rest state its_group
  for file in /proc/[0-9]*/stat; do
    { read -r line <"$file"; } 2>/dev/null || continue
    rest=${line##*) }
    # The state, the parent, the group, and more.
    read -r state _ its_group _ <<<"$rest"
    if [ "$its_group" = "$group" ] && [ "$state" != Z ]; then
      printf '%s)\n' "${line%%)*}"
    fi
  done
}

# Waits a little for a group to be gone; then ends it and says what was left.
end_group() {
  local group=$1 left end=$((SECONDS + 5))
  while left=$(running_in_group) && [ -n "$left" ] && [ "$SECONDS" -lt "$end" ]; do
    sleep 0.1
  done
  [ -z "$left" ] && return 0
  kill -KILL -- "-$group" 2>/dev/null || true
  printf 'left running:\n%s\n' "$left"
  return 1
}

# Adds the totals in a log: jest's line, or lines of the native runners.
add_totals() {
  local log=$1 good bad
  read -r good bad < <(sed -nE \
    -e 's/\x1b\[[0-9;]*m//g' \
    -e '/^Tests: .* total$/ { s/^Tests: *//; s/, [0-9]+ total$//; s/,//g; p }' \
    -e '/^[0-9]+ passed, [0-9]+ failed$/ { s/,//; p }' "$log" |
    awk '{ for (i = 1; i < NF; i += 2) { if ($(i + 1) == "passed") good += $i; if ($(i + 1) == "failed") bad += $i } }
         END { print good + 0, bad + 0 }')
  passed=$((passed + good))
  failed=$((failed + bad))
  counted="$good passed, $bad failed"
  counted_failures=$bad
}

# Begins a command, unless it is too late: sets $current, the group of its processes, and $log.
begin() {
  number=$((number + 1))
  log=$work/logs/$number.log
  # For who shows it: the command may be slow to begin.
  : >"$log"
  if [ "$SECONDS" -ge "$last_begin" ]; then
    echo "not run: the time of the whole run is used up" >"$log"
    current=
  else
    timeout --kill-after=10 "${limit:-600}" "$@" </dev/null >"$log" 2>&1 &
    current=$!
  fi
}

# Shows what a command prints until it ends, and counts it.
conclude() {
  local kind=$1 title=$2 began=$3 ended=${4:-} code=1
  printf '\n---- %s\n' "$title"
  if [ -z "$current" ]; then
    cat "$log"
  else
    code=0
    tail -n +1 -s 0.2 -f --pid="$current" "$log" 2>/dev/null || true
    wait "$current" || code=$?
    end_group "$current" >"$work/left" || {
      code=1
      tee -a "$log" <"$work/left"
    }
    current=
    if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
      echo "ended when its time was over" | tee -a "$log"
    fi
  fi
  local counted= counted_failures=0
  [ "$kind" = check ] || add_totals "$log"
  if [ "$code" -eq 0 ] && grep -q '^SKIPPED: ' "$log"; then
    results+=(skip)
  elif [ "$code" -eq 0 ]; then
    results+=(ok)
    passed=$((passed + 1))
  else
    results+=(FAIL)
    # A failure that a test runner has told is counted already.
    [ "$counted_failures" -gt 0 ] || failed=$((failed + 1))
  fi
  titles+=("$title")
  logs+=("$log")
  times+=($((${ended:-$SECONDS} - began)))
  totals+=("$counted")
  printf -- '---- %s: %s, %s\n' "${results[-1]}" "$title" "$(minutes "${times[-1]}")"
  return "$code"
}

run_check() {
  local kind=$1 title=$2 began=$SECONDS
  shift 2
  begin "$@"
  conclude "$kind" "$title" "$began"
}

check() { run_check check "$@"; }
tests() { run_check tests "$@"; }

beside() {
  local kind=$1 title=$2
  shift 2
  printf '\n---- %s, beside what follows\n' "$title"
  begin "$@"
  companion=("$kind" "$title" "$SECONDS")
  companion_log=$log
  companion_group=$current
  current=
}

together() {
  local ended=
  log=$companion_log
  current=$companion_group
  companion_group=
  # It ended when it said its last.
  kill -0 "$current" 2>/dev/null || ended=$((SECONDS + $(date -r "$log" +%s) - $(date +%s)))
  conclude "${companion[@]}" "$ended"
}

# At the end of the script, however it comes: what failed, all checks, and the totals.
finish() {
  local status=$? i
  trap - EXIT INT TERM
  if [ -n "$current$companion_group" ]; then
    for i in $current $companion_group; do kill -KILL -- "-$i" 2>/dev/null || true; done
    failed=$((failed + 1))
    echo "the run was ended before its end"
  elif [ "$status" -ne 0 ]; then
    failed=$((failed + 1))
    echo "the run itself failed with status $status"
  fi
  for i in "${!titles[@]}"; do
    [ "${results[$i]}" = FAIL ] || continue
    printf '\n==== failed: %s; the end of its output:\n' "${titles[$i]}"
    tail -n 80 "${logs[$i]}"
  done
  printf '\n==== all checks\n'
  for i in "${!titles[@]}"; do
    printf '%-4s %6s  %s%s\n' "${results[$i]}" "$(minutes "${times[$i]}")" "${titles[$i]}" \
      "${totals[$i]:+ (${totals[$i]})}"
  done
  rm -rf "$work"
  printf 'in %s\n' "$(minutes "$SECONDS")"
  # Nothing checked is nothing passed.
  [ "$passed" -gt 0 ] || failed=$((failed + 1))
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] || exit 1
  exit 0
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
