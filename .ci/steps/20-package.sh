# The two commands of the README, exactly as they are there, in a checkout that may be a fresh clone.
# Other programs of the machine may slow the run down: hence the patience.
limit=1200 tests 'npm ci && npm test' bash -c 'npm ci && npm test'
check 'npm start, and nc gets its line back' .ci/first-minute.sh
