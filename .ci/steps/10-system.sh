# What the checks need from the system, beside what the product needs itself (Node, a C++ compiler, make,
# Python). Package servers fail at times, so twice.
check 'packages of the system' bash -euo pipefail -c '
  export DEBIAN_FRONTEND=noninteractive
  get() {
    apt-get update -q &&
      apt-get install -q -y --no-install-recommends \
        clang clang-format cmake curl g++ git gnutls-bin libssl-dev make netcat-openbsd openssl pkgconf python3 socat \
        sslscan stunnel4 testssl.sh
  }
  get || { sleep 5; get; }
  for tool in node npm g++ cmake; do printf "%s: " "$tool"; "$tool" --version | head -n 1; done'
