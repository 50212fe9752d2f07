# The two commands of the README, exactly as they are there, in a checkout that may be a fresh clone.
limit=900 tests 'npm ci && npm test' bash -c 'npm ci && npm test'
check 'npm start, and nc gets its line back' .ci/first-minute.sh
