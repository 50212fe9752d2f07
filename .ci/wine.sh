# What windows.sh and windows-addon.sh share. Sourced by both.

# under_wine SECONDS OUTPUT PROGRAM...: programs under Wine want files: a pipe for its output makes Node fail.
under_wine() {
  local limit=$1 output=$2
  shift 2
  timeout --kill-after=10 "$limit" wine "$@" >"$output" 2>&1 </dev/null
}

# prepare_wine FOLDER OUTPUT: an empty Windows in the folder, for what comes after. Node wants to be told of a version
# that it knows.
prepare_wine() {
  # Wine's server keeps its socket in TMPDIR.
  export WINEPREFIX=$1 WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml= TMPDIR=$1
  # All sockets are descriptors of Wine's server, too.
  ulimit -n "$(ulimit -Hn)"
  # The server stays between programs: one that comes when a server goes by itself fails now and then.
  mkdir -p "$1" && wineserver -p600 && under_wine 120 "$2" wineboot -i &&
    under_wine 60 "$2" reg add 'HKCU\Software\Wine' /v Version /d win10 /f
}

# end_wine [FOLDER]: ends what runs in the Windows of the folder, its server last, and waits for that. Wine's own
# `wineserver -k` looks for the owner of a lock, and after a long run it found none.
end_wine() {
  # Processes that end meanwhile are no failure to report.
  local - && set +E
  local process end=$((SECONDS + 10))
  for process in $(grep -lzxF "WINEPREFIX=${1:-$WINEPREFIX}" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3); do
    case $(cat "/proc/$process/comm" 2>/dev/null) in
      wineserver*) kill -INT "$process" 2>/dev/null || true ;;
      *) continue ;;
    esac
    # Of one that has ended and was not waited for there is no environment.
    while grep -q . "/proc/$process/environ" 2>/dev/null && [ "$SECONDS" -lt "$end" ]; do sleep 0.1; done
  done
}

# Leaves the caller, with a word, where nothing is to run under Wine.
leave_without_wine() {
  [ "${IPDAEMON_CI_WINE:-1}" = 0 ] || return 0
  echo 'SKIPPED: IPDAEMON_CI_WINE is 0: nothing is run under Wine'
  exit 0
}
