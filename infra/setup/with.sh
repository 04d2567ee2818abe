#!/usr/bin/env bash
# with.sh COMMAND …: runs a command on a machine that has been made ready, with the environment that goes with it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
"$here/setup.sh"
# shellcheck source=env.sh
. "$here/env.sh"
cd "$ROOT"
exec "$@"
