# What the scripts of .ci share: how outcomes are counted, and how a built library is tried. Sourced by them.

passed=0
failed=0

# totals: the last line of a script. Its status is that of the script; nothing checked is nothing passed.
totals() {
  [ $((passed + failed)) -gt 0 ] || failed=$((failed + 1))
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}

# add_totals LOG: adds the totals that were printed there, by jest or in lines "N passed, N failed"; sets $counted to
# what it has added.
add_totals() {
  local good bad
  read -r good bad < <(sed -nE \
    -e 's/\x1b\[[0-9;]*m//g; s/\r$//' \
    -e '/^Tests: .* total$/ { s/^Tests: *//; s/, [0-9]+ total$//; s/,//g; p }' \
    -e '/^[0-9]+ passed, [0-9]+ failed$/ { s/,//; p }' "$1" |
    awk '{ for (i = 1; i < NF; i += 2) { if ($(i + 1) == "passed") good += $i; if ($(i + 1) == "failed") bad += $i } }
         END { print good + 0, bad + 0 }')
  passed=$((passed + good))
  failed=$((failed + bad))
  counted="$good passed, $bad failed"
}

# try TITLE COMMAND...: one outcome of a script; the output is shown if it failed, and kept in $work/log.
try() {
  local title=$1 began=$SECONDS status=0
  shift
  "$@" >"$work/log" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok   $title ($((SECONDS - began)) s)"
  else
    failed=$((failed + 1))
    echo "FAIL $title, status $status"
    tail -n 60 "$work/log" | sed 's/^/     /'
  fi
  return "$status"
}

# echoes PROGRAM...: the C example sends back what it gets from a client outside. $end_program ends it where a signal
# does not.
echoes() {
  local port= answer program i
  "$@" 0 >"$work/echo" 2>&1 &
  program=$!
  for i in $(seq 300); do
    port=$(sed -nE 's/.*listening on port ([0-9]+).*/\1/p' "$work/echo")
    [ -z "$port" ] && kill -0 "$program" || break
    sleep 0.1
  done
  cat "$work/echo"
  answer=$(printf 'one line\n' | timeout 10 nc -N 127.0.0.1 "$port")
  ${end_program:-kill "$program"}
  wait "$program" 2>/dev/null
  [ "$answer" = 'one line' ]
}

# shows_only_the_abi: the names on the standard input are the functions of the header.
shows_only_the_abi() {
  diff <(grep -oE '^IPDAEMON_API .*\b(ipdaemon_[a-z_]+)\(' native/include/ipdaemon.h | grep -oE '[a-z_]+\($' |
    tr -d '(' | sort) <(sort)
}
