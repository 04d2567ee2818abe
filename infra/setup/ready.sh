#!/usr/bin/env bash
# ready.sh STEP …: makes this machine ready by these steps of set-up, and prints the environment of env.sh for the command-line
# program: NAME=value, each with a NUL at its end. An empty value means that the variable should not be set.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
"$BASH" "$here/setup.sh" "$@" >&2
# shellcheck source=env.sh
. "$here/env.sh"
for name in $EXPORTED; do printf '%s=%s\0' "$name" "${!name:-}"; done
