#!/bin/sh
# Clients and scanners of TLS that are not ours, against servers of a built checkout; all on loopback. Without a
# word all of it, else the parts that are named: examples, matrix, sslscan, testssl. Ends with status 0 when every
# outcome was the expected one.
set -eu
cd "$(dirname "$0")/foreign-tls"

failed=0
for part in ${*:-examples matrix sslscan testssl}; do
  case $part in
    examples | matrix) node "$part.js" || failed=1 ;;
    sslscan | testssl) node policy.js "$part" || failed=1 ;;
    *) echo "there is no part $part" && failed=1 ;;
  esac
done
exit "$failed"
