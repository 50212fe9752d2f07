#!/bin/sh
# Talks to the examples with clients that are not ours: nc and socat, as far as they are installed. Run it in
# a built checkout. Ends with status 0 when every answer was the expected one.
set -eu
cd "$(dirname "$0")/.."

passed=0
failed=0
server=
work=$(mktemp -d)
cleanup() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT

# start NAME [ARGS]: starts an example on a free port and sets $port.
start() {
  name=$1
  shift
  : >"$work/$name.log"
  node "dist/examples/$name.js" --port 0 "$@" >"$work/$name.log" 2>&1 &
  server=$!
  tries=0
  until grep -q '^listening on' "$work/$name.log"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ] || ! kill -0 "$server" 2>/dev/null; then
      cat "$work/$name.log"
      echo "$name does not listen"
      exit 1
    fi
    sleep 0.1
  done
  port=$(sed -n 's/^listening on .*:\([0-9][0-9]*\)$/\1/p' "$work/$name.log")
}

stop() {
  kill "$server"
  wait "$server" 2>/dev/null || true
  server=
}

# check TITLE EXPECTED-FILE ACTUAL-FILE
check() {
  if cmp -s "$2" "$3"; then
    passed=$((passed + 1))
    echo "ok   $1"
  else
    failed=$((failed + 1))
    echo "FAIL $1: expected $(wc -c <"$2") bytes, got $(wc -c <"$3")"
    head -c 300 "$3"
  fi
}

# talk CLIENT PORT: standard input there, the answer to standard output.
talk() {
  case $1 in
    nc) timeout 20 nc -w 2 127.0.0.1 "$2" ;;
    socat) timeout 20 socat -t 2 - "TCP4:127.0.0.1:$2" ;;
  esac
}

head -c 300000 /dev/urandom >"$work/random"
mkdir "$work/public"
head -c 2000000 /dev/urandom >"$work/public/file.bin"
printf '220 ready; TIME, ADD numbers, QUIT\r\n5\r\n221 bye\r\n' >"$work/lines.expected"
# A record of kind 1 with three bytes, and the reply.
printf '\000\001\000\003abc' >"$work/device.request"
printf '\200\001\000\016stored 3 bytes' >"$work/device.expected"

clients=
for client in nc socat; do
  if command -v "$client" >/dev/null 2>&1; then
    clients="$clients $client"
  else
    echo "skip $client: not installed"
  fi
done

for client in $clients; do
  start echo
  if [ "$client" = socat ]; then
    # socat ends its side after the input and still takes the answer: all of it must come back.
    talk "$client" "$port" <"$work/random" >"$work/answer" || true
    check "echo returns 300,000 random bytes to $client" "$work/random" "$work/answer"
  else
    printf 'hello from nc\n' >"$work/hello"
    talk "$client" "$port" <"$work/hello" >"$work/answer" || true
    check "echo returns a line to $client" "$work/hello" "$work/answer"
  fi
  stop

  start echo-class
  printf 'one\ntwo\n' >"$work/two"
  talk "$client" "$port" <"$work/two" >"$work/answer" || true
  check "echo-class returns lines to $client" "$work/two" "$work/answer"
  stop

  start lines
  printf 'ADD 2 3\r\nQUIT\r\n' | talk "$client" "$port" >"$work/answer" || true
  check "lines answers $client" "$work/lines.expected" "$work/answer"
  stop

  start device
  talk "$client" "$port" <"$work/device.request" >"$work/answer" || true
  check "device answers the record of $client" "$work/device.expected" "$work/answer"
  stop

  start files --folder "$work/public"
  printf 'file.bin\n' | talk "$client" "$port" >"$work/answer" || true
  check "files sends 2,000,000 bytes to $client" "$work/public/file.bin" "$work/answer"
  stop

  start chat
  (printf 'me\n'; sleep 1) | talk "$client" "$port" >"$work/answer" || true
  printf 'your name?\r\nwelcome, me; 1 in the room\r\n' >"$work/chat.expected"
  check "chat welcomes $client" "$work/chat.expected" "$work/answer"
  stop
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
