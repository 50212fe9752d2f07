# The two commands of the README, exactly as they are there, in a checkout that may be a fresh clone.
# Clients and scanners that are not ours (test/foreign) are in it: step 10 has installed them.
# Other programs of the machine may slow the run down: hence the patience.
limit=1200 tests 'npm ci && npm test' bash -c 'npm ci && npm test'
check 'npm start, and nc gets its line back' .ci/first-minute.sh
