# The package as others get it: installed by every manager in common use, without a compiler and without a network; in
# bundles; and compiled against by TypeScript, old and new.
tests 'package managers install it in silence, and it serves' node .ci/package/managers.js || true
tests 'bundlers take it, and types compile' node .ci/package/bundlers.js
