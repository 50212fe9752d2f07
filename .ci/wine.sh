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
  export WINEPREFIX=$1 WINEARCH=win64 WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml=
  # All sockets are descriptors of Wine's server, too.
  ulimit -n "$(ulimit -Hn)"
  # The server stays between programs: one that comes when a server goes by itself fails now and then.
  mkdir -p "$1" && wineserver -p600 && under_wine 120 "$2" wineboot -i &&
    under_wine 60 "$2" reg add 'HKCU\Software\Wine' /v Version /d win10 /f
}

# Leaves the caller, with a word, where nothing is to run under Wine.
leave_without_wine() {
  [ "${IPDAEMON_CI_WINE:-1}" = 0 ] || return 0
  echo 'SKIPPED: IPDAEMON_CI_WINE is 0: nothing is run under Wine'
  exit 0
}
