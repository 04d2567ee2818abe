#!/usr/bin/env bash
# pulumi for this clone: its stack files are copies outside the work tree, so that no salt and no secret gets into a tracked
# one (cli/stackfile.ts). Anything else is as the real one does it. Set-up puts it on PATH.
set -euo pipefail
IFS=: read -ra folders <<<"$PATH"
for folder in "${folders[@]}"; do
  [ -x "$folder/pulumi" ] && [ ! -e "$folder/.stackyard-wrapper" ] && real=$folder/pulumi && break
done
[ -n "${real:-}" ] || { echo "pulumi is not on PATH. \`make setup\` gets it." >&2; exit 127; }

if [ -n "${STACKYARD_STATE:-}" ] && [ "${PULUMI_BACKEND_URL:-}" = "file://$STACKYARD_STATE/backend" ] && [ -z "${PULUMI_OPTION_CONFIG_FILE:-}" ] && [ -f Pulumi.yaml ]; then
  stack=${PULUMI_STACK:-dev}
  previous=
  for word in "$@"; do
    case $previous in -s | --stack) stack=$word ;; esac
    case $word in --stack=*) stack=${word#--stack=} ;; -s?*) stack=${word#-s} ;; esac
    previous=$word
  done
  project=$(sed -n 's/^name: *//p' Pulumi.yaml)
  config=$STACKYARD_STATE/config/Pulumi.$stack.yaml
  if [ "${1:-}" != plugin ] && [ "${1:-}" != version ] && [ ! -f "$STACKYARD_STATE/backend/.pulumi/stacks/$project/$stack.json" ]; then
    # Made in a folder of its own: `stack init` writes the salt beside the Pulumi.yaml that it finds.
    apart=$(mktemp -d)
    trap 'rm -rf "$apart"' EXIT
    printf 'name: %s\nruntime: nodejs\n' "$project" >"$apart/Pulumi.yaml"
    (cd "$apart" && "$real" stack init "$stack" >/dev/null)
    node cli/stackfile.ts "$stack" "$apart/Pulumi.$stack.yaml"
    rm -rf "$apart"
    trap - EXIT
  fi
  node cli/stackfile.ts "$stack"
  export PULUMI_OPTION_CONFIG_FILE=$config
fi
exec "$real" "$@"
