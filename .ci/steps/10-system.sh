# What the checks need from the system, beside what the product needs itself (Node, a C++ compiler, make, Python).
check 'packages of the system' bash -euo pipefail -c '
  .ci/install.sh clang clang-format cmake curl g++ git gnutls-bin haproxy libnginx-mod-stream libssl-dev llvm make \
    netcat-openbsd nginx-light openssl php-cli php-sqlite3 pkgconf python3 rsyslog socat sslscan stunnel4 testssl.sh
  for tool in node npm g++ cmake; do printf "%s: " "$tool"; "$tool" --version | head -n 1; done'
tests 'a run tells what happened: planted failures' .ci/honesty.sh
