#!/bin/sh
# start.sh FORM redis-server ARGUMENT …: starts the server by the image's entry point, over data in FORM: `aof` or `rdb`.
#
# A server that is told to keep a log reads nothing else, and one that is told not to reads none: with the other file in force,
# it would start empty, or with what was there long ago. So which one is in force is written down beside them, and where
# it is not FORM, a server that nobody reaches reads the one and writes the other first. What is in force is complete at every
# moment: cut short, this begins anew.
set -eu

wanted=$1
shift
told=.stackyard-form
socket=/tmp/start.sock

# Where none is written down, both files may be there all the same, because a server with a log writes the other one too: now
# and then, and when it is stopped in order. So a dump that is much newer than the log was written without one, or has all of it.
found() {
  log=
  [ ! -e appendonlydir/appendonly.aof.manifest ] || log=$(stat -c %Y appendonlydir/* | sort -n | tail -n 1)
  dump=$(stat -c %Y dump.rdb 2>/dev/null) || dump=
  if [ -z "$log$dump" ]; then
    echo "$wanted"
  elif [ "${dump:-0}" -gt "$((${log:-0} + 60))" ]; then
    echo rdb
  else
    echo aof
  fi
}

tell() {
  echo "$1" >"$told.new"
  sync "$told.new"
  mv "$told.new" "$told"
}

ask() {
  redis-cli -s "$socket" "$@"
}

# until_there COMMAND …: waits for what the server answers to be good, and ends with the server.
until_there() {
  until "$@"; do
    kill -0 "$server" 2>/dev/null || {
      wait "$server" || exit $?
      exit 1
    }
    sleep 0.1
  done
}

answers() {
  ask ping 2>/dev/null | grep -qx PONG
}

is_written() {
  state=$(ask info persistence)
  case $state in *aof_last_bgrewrite_status:err* | *aof_last_write_status:err*)
    echo 'The log could not be written; the data is where it was.' >&2
    exit 1
    ;;
  esac
  case $state in *aof_enabled:1*) ;; *) return 1 ;; esac
  case $state in *aof_rewrite_in_progress:1* | *aof_rewrite_scheduled:1*) return 1 ;; esac
}

# says_ok COMMAND …: what the server is told has to be done.
says_ok() {
  answer=$(ask "$@")
  [ "$answer" = OK ] || {
    echo "$*: $answer; the data is where it was." >&2
    exit 1
  }
}

# convert redis-server ARGUMENT …: by the same settings, which data may need (how many databases, modules), but where they would
# keep it from being read and written as it is.
convert() {
  echo "The data is in the form $form, and is written in the form $wanted first."
  case $form in aof) log=yes ;; rdb) log=no ;; esac
  docker-entrypoint.sh "$@" --port 0 --unixsocket "$socket" --dir "$PWD" --requirepass '' --maxmemory 0 --save '' \
    --appendonly "$log" &
  server=$!
  until_there answers
  case $wanted in
    aof)
      says_ok config set appendonly yes
      until_there is_written
      ;;
    rdb) says_ok save ;;
  esac
  # It ends without an answer, which its client may take for a failure: how it ended is what counts.
  ask shutdown nosave >/dev/null 2>&1 || :
  wait "$server"
}

# Process 1 hears no signal that it does not ask for. What runs beside it then goes with it.
trap 'exit 130' INT
trap 'exit 143' TERM

[ -s "$told" ] || tell "$(found)"
form=$(cat "$told")
if [ "$form" != "$wanted" ]; then
  convert "$@"
  tell "$wanted"
fi

exec docker-entrypoint.sh "$@"
