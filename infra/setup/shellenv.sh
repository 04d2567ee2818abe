#!/usr/bin/env bash
# Prints what a shell needs so that plain `pulumi` uses the same CLI, state and stack files as make.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=env.sh
. "$here/env.sh"
for name in PATH PULUMI_HOME PULUMI_BACKEND_URL PULUMI_CONFIG_PASSPHRASE_FILE PULUMI_STACK PULUMI_SKIP_UPDATE_CHECK PULUMI_LOG_ROTATION_MAX_TOTAL_MB PULUMI_PARALLEL NODE_COMPILE_CACHE GOGC STACKYARD_STATE STACKYARD_IMAGE_SOURCE; do
  [ -z "${!name:-}" ] || printf 'export %s=%q\n' "$name" "${!name}"
done
