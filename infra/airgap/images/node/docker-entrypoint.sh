#!/bin/sh
set -eu

# `docker run IMAGE --version` and `docker run IMAGE server.js` mean node.
if [ "${1#-}" != "$1" ] || ! command -v "$1" >/dev/null || { [ -f "$1" ] && ! [ -x "$1" ]; }; then
  set -- node "$@"
fi

exec "$@"
