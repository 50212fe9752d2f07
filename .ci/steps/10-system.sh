# What the checks need from the system, beside what the product needs itself (Node, a C++ compiler, make,
# Python). Package servers fail at times, so twice.
check 'packages of the system' bash -euo pipefail -c '
  export DEBIAN_FRONTEND=noninteractive
  get() {
    apt-get update -q &&
      apt-get install -q -y --no-install-recommends \
        clang clang-format cmake g++ git make netcat-openbsd python3 socat
  }
  get || { sleep 5; get; }
  for tool in node npm g++ cmake; do printf "%s: " "$tool"; "$tool" --version | head -n 1; done'
