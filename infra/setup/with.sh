#!/usr/bin/env bash
# with.sh COMMAND …: makes this machine ready, and runs a command in the environment of env.sh. A command that needs only some of
# set-up's steps is run with their names: STACKYARD_STEPS="node packages".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck disable=SC2086
"$BASH" "$here/setup.sh" ${STACKYARD_STEPS:-}
# shellcheck source=env.sh
. "$here/env.sh"
# The command-line program leaves these out.
export STACKYARD_READY=${STACKYARD_STEPS:-node packages pulumi engine state images}
unset STACKYARD_STEPS
exec "$@"
