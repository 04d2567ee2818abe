#!/usr/bin/env bash
# Wraps pulumi for this clone, and set-up puts it on PATH. It works on copies of the stack files outside the work tree
# (cli/stackfile.ts), so that no salt and no secret gets into a tracked file, and none is deleted. All else is left to the real one.
set -euo pipefail
IFS=: read -ra folders <<<"$PATH"
for folder in "${folders[@]}"; do
  [ -x "$folder/pulumi" ] && [ ! -e "$folder/.stackyard-wrapper" ] && real=$folder/pulumi && break
done
[ -n "${real:-}" ] || { echo "pulumi is not on PATH. Stackyard's set-up gets it: \`make setup\` in a clone, \`npx stackyard setup\` in a project." >&2; exit 127; }

# Finds the folder, the stack and the command among the arguments. The CLI has to choose the same stack.
export PULUMI_STACK=${PULUMI_STACK:-dev}
at=$PWD stack=$PULUMI_STACK remove='' foreign=${PULUMI_OPTION_CONFIG_FILE:-}
words=() commands=()
while [ $# -gt 0 ]; do
  case $1 in
    -C | --cwd) at=${2:-} && shift ;;
    --cwd=*) at=${1#--cwd=} ;;
    -s | --stack) stack=${2:-} && words+=("$1" "${2:-}") && shift ;;
    --color | -v | --verbose | --tracing | --profiling) words+=("$1" "${2:-}") && shift ;;
    --remove | --rm) remove=$1 ;;
    *)
      case $1 in
        --stack=*) stack=${1#--stack=} ;;
        -s?*) stack=${1#-s} stack=${stack#=} ;;
        --config-file*) foreign=$1 ;;
        -*) ;;
        *) commands+=("$1") ;;
      esac
      words+=("$1")
      ;;
  esac
  shift
done
# In a file backend pulumi also calls a stack organization/stackyard/dev.
stack=${stack##*/}
cd "$at"
project=$PWD
while [ "$project" != / ] && [ ! -f "$project/Pulumi.yaml" ]; do project=$(dirname "$project"); done

# Where Stackyard is, if the project uses it: the project itself, or a package of the project or of a folder above.
root=$project suffix=ts
if [ ! -f "$root/infra/setup/pulumi.sh" ]; then
  suffix=js above=$project
  while root=$above/node_modules/stackyard/dist && [ "$above" != / ] && [ ! -f "$root/infra/setup/pulumi.sh" ]; do above=$(dirname "$above"); done
fi
[ -f "$root/infra/setup/pulumi.sh" ] || exec "$real" ${words[@]+"${words[@]}"} ${remove:+"$remove"}

command="${commands[0]:-} ${commands[1]:-}"
# Pulumi's other names for commands.
case $command in
  dn\ *) command="down ${commands[1]:-}" ;;
  'stack remove' | 'stack delete') command='stack rm' ;;
esac
# A command that changes a stack holds it first, as the verbs do: for this process, which will become the real pulumi.
holder=()
case $command in
  up\ * | update\ * | refresh\ * | destroy\ * | down\ * | import\ * | watch\ * | cancel\ * | state\ * | 'stack rm' | 'stack rename' | 'stack import' | 'stack change-secrets-provider')
    [ -n "${STACKYARD_VERB_LOCK:-}" ] || holder=("$$" "${commands[0]/stack/stack ${commands[1]:-}}")
    ;;
esac
# These commands may name the stack as an argument.
held=$stack
case $command in
  'stack rm') held=${commands[2]:-$stack} ;;
  cancel\ *) held=${commands[1]:-$stack} ;;
esac
# Writes the copy of a stack's file, where $1 names the stack, and holds the stack where `holder` is set.
prepare() {
  local token
  token=$(cd "$project" && PULUMI_STACK=${held##*/} node "$root/cli/stackfile.$suffix" "$1" ${holder[@]+"${holder[@]}"})
  [ -z "$token" ] || export STACKYARD_VERB_LOCK=$token
}

backend=${PULUMI_BACKEND_URL:-}
printf -v backend %b "${backend//%/\\x}" # a URL has some characters as %20
if [ -n "$foreign" ] || [ -z "${STACKYARD_STATE:-}" ] || [ "$backend" != "file://$STACKYARD_STATE/backend" ]; then
  [ ${#holder[@]} = 0 ] || prepare ''
  exec "$real" ${words[@]+"${words[@]}"} ${remove:+"$remove"}
fi

# A second project folder, for commands that write stack files beside the Pulumi.yaml that they find.
apart=$STACKYARD_STATE/config
cmp -s "$project/Pulumi.yaml" "$apart/Pulumi.yaml" || cp "$project/Pulumi.yaml" "$apart/Pulumi.yaml"
case $command in
  'stack init' | 'stack rm' | 'stack rename')
    [ ${#holder[@]} = 0 ] || prepare ''
    cd "$apart"
    exec "$real" ${words[@]+"${words[@]}"}
    ;;
  cancel\ *) prepare '' ;;
  up\ * | update\ * | preview\ * | pre\ * | refresh\ * | destroy\ * | down\ * | import\ * | watch\ * | config\ * | state\ * | stack\ *)
    name=$(sed -n 's/^name: *//p' "$project/Pulumi.yaml")
    [ -f "$STACKYARD_STATE/backend/.pulumi/stacks/$name/$stack.json" ] || [ "$command" = 'stack ls' ] ||
      (cd "$project" && PULUMI_STACK=$stack node "$root/cli/new-stack.$suffix" "$real" "$apart")
    prepare "$stack"
    ;;
esac
case $command in
  config\ *)
    cd "$apart"
    exec "$real" ${words[@]+"${words[@]}"}
    ;;
esac
export PULUMI_OPTION_CONFIG_FILE=$apart/Pulumi.$stack.yaml
[ -n "$remove" ] || exec "$real" ${words[@]+"${words[@]}"}
# With --remove, pulumi would delete the stack file in the work tree: so the stack is removed by a second command.
"$real" ${words[@]+"${words[@]}"}
case " ${words[*]} " in *' --preview-only '*) exit ;; esac
unset PULUMI_OPTION_CONFIG_FILE
cd "$apart"
exec "$real" stack rm --yes --stack "$stack"
