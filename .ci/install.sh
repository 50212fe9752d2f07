#!/bin/bash
# install.sh PACKAGE...: installs packages of Debian. Package servers fail at times, so twice.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
get() {
  apt-get -o DPkg::Lock::Timeout=120 update -q &&
    apt-get -o DPkg::Lock::Timeout=120 install -q -y --no-install-recommends "$@"
}
get "$@" || { sleep 5; get "$@"; }
