#!/usr/bin/env bash
# with.sh COMMAND …: makes this machine ready, and runs a command in the environment of env.sh. A command that needs only some of
# set-up's steps is run with their names: STACKYARD_STEPS="node packages".
set -euo pipefail
# shellcheck disable=SC2086
exec "$BASH" "$(dirname "${BASH_SOURCE[0]}")/setup.sh" ${STACKYARD_STEPS:-} -- "$@"
