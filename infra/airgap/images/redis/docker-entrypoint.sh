#!/bin/sh
set -eu

# `docker run IMAGE --save ""` and `docker run IMAGE some.conf` mean the server.
case ${1:-} in
  -* | *.conf) set -- redis-server "$@" ;;
esac

if [ "${1:-}" = redis-server ]; then
  if [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis:redis {} +
    exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
  fi
  [ "$(umask)" != 0022 ] || umask 0077

  # The official image compiles protected mode off as its default: a container's port is closed unless published.
  # An argument wins over the configuration file, so it must not be given when the file, or another argument, decides.
  decided=
  for argument; do
    case $argument in --protected-mode | --sentinel) decided=yes ;; esac
  done
  case ${2:-} in
    '' | -*) ;;
    *) ! grep -qsiE '^[[:space:]]*protected-mode[[:space:]]' "$2" || decided=yes ;;
  esac
  [ -n "$decided" ] || set -- "$@" --protected-mode no
fi

exec "$@"
