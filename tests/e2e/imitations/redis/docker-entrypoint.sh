#!/bin/sh
set -e

# Behaves like the official image's where one can tell: what it knows of its own is added to the server's arguments. There it
# is modules; here it is what a test says.

if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
  set -- redis-server "$@"
fi

[ "$(umask)" != 0022 ] || umask 0077

if [ "$1" = redis-server ]; then
  echo 'Starting Redis Server'
  set -- "$@" --protected-mode no ${ADDED:-}
fi

exec "$@"
