#!/bin/sh

# Behaves like the official image's where one can tell: it goes on as whom it was started as.

if [ "$1" != minio ] && [ -n "$1" ]; then
  set -- minio "$@"
fi

exec "$@"
