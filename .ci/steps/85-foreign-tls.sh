# Clients and scanners of TLS that are not ours.
tests 'testssl.sh finds nothing bad' .ci/foreign-tls.sh testssl || true
tests 'foreign TLS clients talk to the examples: suites, resumption, STARTTLS, names, client certificates' \
  .ci/foreign-tls.sh examples || true
tests 'foreign TLS clients have the outcomes of test/tls/matrix.json' .ci/foreign-tls.sh matrix || true
tests 'sslscan finds the policy of .ci/policy' .ci/foreign-tls.sh sslscan
