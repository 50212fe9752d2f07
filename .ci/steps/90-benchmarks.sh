# That the benchmarks run and the load generator finds wrong answers; this measures nothing.
check 'benchmarks, short' node native/bench/run.js --short
# That the attacks run and their table is printed.
check 'attacks, short' node test/stress/run.js --short
