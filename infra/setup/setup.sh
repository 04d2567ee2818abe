#!/usr/bin/env bash
# Makes this machine ready: each step checks first, and is silent when there is nothing to do.
#   setup.sh [node] [packages] [pulumi] [engine] [state] [images]      without steps, all of them
#   setup.sh [STEP …] -- COMMAND …      then runs a command in the environment of env.sh
#   setup.sh [STEP …] --print           then prints that environment: NAME=value, each with a NUL at its end, empty where it is not set
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=env.sh
. "$here/env.sh"
for step in node packages pulumi engine state images; do
  # shellcheck source=/dev/null
  . "$here/steps/$step.sh"
done

say() { printf '%s\n' "set-up: $*" >&2; }

# How a verb is typed, and a command of pulumi's.
typed() { if [ "${STACKYARD_BY:-}" = make ]; then printf 'make %s' "$1"; else printf 'npx stackyard %s' "$1"; fi; }
typed_pulumi() { if [ "${STACKYARD_BY:-}" = make ]; then printf 'make pulumi ARGS="%s"' "$1"; else printf 'npx stackyard pulumi %s' "$1"; fi; }

# Ends set-up with a message: what was tried, what happened, what to do.
give_up() {
  printf '%s\n' "set-up: $1" "${@:2}" >&2
  exit 1
}

# Makes a folder that is removed when set-up ends, however it ends. It is under the cache, so that it can be renamed into place.
scratch() {
  mkdir -p "$CACHE"
  # Removes what a killed set-up has left; not what may belong to one that still runs.
  find "$CACHE" -maxdepth 1 -name '.unfinished-*' -mmin +120 -exec rm -rf {} +
  mktemp -d "$CACHE/.unfinished-XXXXXX"
}

# Lets one set-up of this machine at a time do a thing; the others wait, and find it done. Without flock, each does it.
hold() {
  mkdir -p "$CACHE"
  exec 9>"$CACHE/$1.lock"
  flock --nonblock 9 2>/dev/null || { command -v flock >/dev/null && say "another set-up is at it ($1): waiting" && flock 9; } || :
}
release() { exec 9>&-; }

# Runs a command with its output in a file, which is shown when it fails.
quietly() {
  local log
  log=$(mktemp)
  if "$@" >"$log" 2>&1; then
    rm -f "$log"
  else
    local code=$?
    tail -n 40 "$log" >&2
    rm -f "$log"
    return "$code"
  fi
}

trap 'code=$?; jobs -p | xargs -r kill 2>/dev/null || :; [ -z "${unfinished:-}" ] || rm -rf "$unfinished"; exit $code' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

case $CACHE:$STATE in *:*:*) give_up "the folders $CACHE and $STATE should have no : in their names, which no PATH can hold. Set STACKYARD_CACHE or XDG_STATE_HOME to others." ;; esac
wanted=()
while [ $# -gt 0 ] && [[ $1 != --* ]]; do wanted+=("$1") && shift; done
[ ${#wanted[@]} -gt 0 ] || wanted=(node packages pulumi engine state images)
path=$PATH
for step in "${wanted[@]}"; do "step_$step"; done
[ $# -gt 0 ] || exit 0

# What a step has just installed is on PATH before this state's own pulumi.
# shellcheck source=env.sh
[ "$PATH" = "$path" ] || . "$here/env.sh"
if [ "$1" = --print ]; then
  for name in $EXPORTED; do printf '%s=%s\0' "$name" "${!name:-}"; done
  exit
fi
shift
# The command-line program leaves these out.
export STACKYARD_READY=${wanted[*]}
unset STACKYARD_STEPS
exec "$@"
