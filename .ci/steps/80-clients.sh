# Clients that are not ours.
tests 'nc and socat talk to the examples' .ci/foreign-clients.sh
