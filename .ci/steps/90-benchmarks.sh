# That the benchmarks run and the load generator finds wrong answers; it measures nothing.
check 'benchmarks, short' node native/bench/run.js --short
