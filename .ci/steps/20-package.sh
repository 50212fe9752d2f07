# The two commands of the README, exactly as they are there.
limit=900 tests 'npm ci && npm test' bash -c 'npm ci && npm test'
