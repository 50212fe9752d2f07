# Clients that are not ours, and the first minute of a newcomer.
tests 'nc and socat talk to the examples' .ci/foreign-clients.sh
check 'a fresh clone: npm ci && npm start, and nc gets its line back' .ci/fresh-clone.sh
