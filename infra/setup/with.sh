#!/usr/bin/env bash
# with.sh COMMAND …: runs a command on a machine that has been made ready, with the environment that goes with it. What needs
# only some of set-up's steps says which: STACKYARD_STEPS="node packages".
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck disable=SC2086
"$here/setup.sh" ${STACKYARD_STEPS:-}
# shellcheck source=env.sh
. "$here/env.sh"
cd "$ROOT"
exec "$@"
