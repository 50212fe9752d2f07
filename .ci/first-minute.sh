#!/bin/bash
# What a newcomer does after npm ci: npm start, and a line to it by nc. Ends what it started.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
server=
cleanup() {
  if [ -n "$server" ]; then
    kill -- "-$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT

port=$(node -e '
  const server = require("node:net").createServer().listen(0, "127.0.0.1", () => {
    console.log(server.address().port);
    server.close();
  });')

# In a process group of its own: like Ctrl-C, the end must reach npm, its shell and the server.
setsid npm start -- --port "$port" >"$work/log" 2>&1 &
server=$!
for _ in {1..200}; do
  grep -q "nc 127.0.0.1 $port" "$work/log" && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
cat "$work/log"
grep -q "nc 127.0.0.1 $port" "$work/log"

answer=$(printf 'hello from a newcomer\n' | timeout 10 nc -w 5 -q 1 127.0.0.1 "$port")
test "$answer" = 'hello from a newcomer'
echo "the line came back"

kill -- "-$server"
wait "$server" || true
server=
for _ in {1..100}; do
  nc -z 127.0.0.1 "$port" || { echo "ended, the port is free"; exit 0; }
  sleep 0.1
done
echo "port $port still answers after the server was ended"
exit 1
