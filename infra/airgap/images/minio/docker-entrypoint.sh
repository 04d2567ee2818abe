#!/bin/sh
set -eu

# As in the official image, everything is a command of the server's program.
[ $# = 0 ] || [ "$1" = minio ] || set -- minio "$@"

if [ "$(id -u)" = 0 ]; then
  find /data ! -user minio -exec chown minio:minio {} +
  exec setpriv --reuid=minio --regid=minio --clear-groups "$@"
fi

exec "$@"
