# The package as others get it: installed by every manager in common use, without a compiler and without a network.
tests 'package managers install it in silence, and it serves' node .ci/package/managers.js
