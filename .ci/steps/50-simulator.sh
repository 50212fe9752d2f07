# The whole server on simulated systems. A seed that fails is replayed with the command that is printed.
simulator=build/Release/ipdaemon_sim
check 'simulator: 10,000 seeds, and 100,000 connections in one server' "$simulator" --seeds 10000 --jobs "$jobs"
# From here on, settings are drawn that came later; 1,000 or more would begin the large scenarios again.
check 'simulator: 999 seeds with the settings that came later' "$simulator" --seeds 999 --from 100000 --jobs "$jobs"
check 'simulator: the same seeds give the same logs' "$simulator" --check-determinism 200
tests 'simulator: its poller passes the suite of the others, and a server behind a proxy its own' build/Release/ipdaemon_sim_tests
