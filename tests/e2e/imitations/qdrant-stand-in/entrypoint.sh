#!/usr/bin/env bash
# Told to stop, it hands that on, and does not wait for what the server has to do then: it ends, and the server with it.
./qdrant "$@" &
trap 'kill -TERM $!' TERM
wait $!
