#!/usr/bin/env bash
# Prints what a shell needs so that plain `pulumi` uses the same CLI, state and stack files as the verbs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=env.sh
. "$here/env.sh"
for name in $EXPORTED; do
  [ -z "${!name:-}" ] || printf 'export %s=%q\n' "$name" "${!name}"
done
