# Images come from where the stack's settings say. Otherwise they are pulled if a container registry answered when this clone was
# set up, and built from package registries if none did. STACKYARD_DECIDE=1 (make setup) tests that again.
# shellcheck shell=bash

step_images() {
  local source
  source=$(source_in_settings)
  [ -n "$source" ] || source_of_clone
  [ "${source:-$STACKYARD_IMAGE_SOURCE}" = packages ] || return 0
  local needed
  needed=$(images_kept)
  if images_there; then return; fi
  if [ -z "$needed" ]; then
    needed=$(images_needed) || return 0
    if [ -z "$needed" ] || images_there; then return; fi
  fi
  hold images
  images_there || build_images
  release
}

# Most stacks have no such setting: then Node.js is not started, which takes longer than all the rest.
source_in_settings() {
  cd "$PROJECT"
  grep -qsE 'image(Source|Mirror)' Pulumi.yaml Pulumi.*.yaml "$STATE/config/Pulumi.$PULUMI_STACK.yaml" "${PULUMI_OPTION_CONFIG_FILE:-/dev/null}" || return 0
  node "$ROOT/cli/image-source.$SUFFIX" "$PULUMI_STACK" 2>/dev/null || : # the program will report what is wrong with the settings
}

# The images of what is deployed, where that is known: it is kept until a program or a setting is newer, since to find it takes as
# long as all the rest of set-up.
images_kept() {
  local kept=$STATE/images-needed-$PULUMI_STACK newer
  if [ ! -s "$kept" ] || [ -n "${PULUMI_OPTION_CONFIG_FILE:-}" ]; then return; fi
  newer=$(find "$PROJECT" "$STATE/config" "$ROOT/infra/lean.mjs" -maxdepth 6 \( -name node_modules -o -name .git \) -prune -o \
    \( -name '*.ts' -o -name '*.mjs' -o -name 'Pulumi*.yaml' \) -newer "$kept" -print -quit 2>/dev/null || :)
  [ -n "$newer" ] || cat "$kept"
}

# Finds them by the program and its settings. Fails where they are wrong, which the program itself will report.
images_needed() {
  cd "$PROJECT"
  local kept=$STATE/images-needed-$PULUMI_STACK found
  mkdir -p "$STATE"
  # Made before the program is read: what is changed meanwhile is newer.
  : >"$kept.$$"
  found=$(node --import "$ROOT/infra/lean.mjs" "$ROOT/cli/images-needed.$SUFFIX" 2>/dev/null) || { rm -f "$kept.$$" && return 1; }
  printf '%s' "$found" >"$kept.$$.found"
  touch -r "$kept.$$" "$kept.$$.found"
  mv "$kept.$$.found" "$kept"
  rm -f "$kept.$$"
  printf '%s' "$found"
}

# The decision is kept, so that it does not change with the state of the network. A Pulumi stack keeps its own decision, whatever is
# decided here later.
source_of_clone() {
  local before=${STACKYARD_IMAGE_SOURCE:-} now=packages why='no container registry answers'
  if [ -n "$before" ] && [ -z "${STACKYARD_DECIDE:-}" ]; then return; fi
  if [ "$(curl -s -o /dev/null -w '%{http_code}' --connect-timeout 3 --max-time 5 https://registry-1.docker.io/v2/ 2>/dev/null || :)" = 401 ]; then now=registry why='one answers'; fi
  export STACKYARD_IMAGE_SOURCE=$now
  if [ "$now" = "$before" ]; then return; fi
  local from='package registries' other=registry
  if [ $now = registry ]; then from='container registries' other=packages; fi
  say "images of new stacks come from $from ($why): \`$(typed setup)\` looks again, \`$(typed_pulumi "config set -s $PULUMI_STACK imageSource $other")\` says otherwise for a stack"
  mkdir -p "$STATE"
  printf '%s' "$now" >"$STATE/image-source"
}

images_there() {
  local code=0
  # shellcheck disable=SC2086
  missing=$(node "$ROOT/infra/airgap/images/build.$SUFFIX" --check $needed) || code=$?
  # Anything but "some are missing" is a fault, of the engine mostly, and has been said.
  case $code in 0) ;; 3) return 1 ;; *) exit "$code" ;; esac
}

build_images() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # The base image is made with debootstrap, from the mirror that apt knows.
    [ -n "$(apt-get indextargets 2>/dev/null)" ] && command -v debootstrap >/dev/null ||
      { quietly apt-get update && quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap; } ||
      give_up "apt-get could not install debootstrap, see above. It is needed to build the base image."
  fi
  say "building $(wc -w <<<"$missing") images from package registries, once per machine: all of them take about 20 minutes on 2 cores"
  # shellcheck disable=SC2086
  node "$ROOT/infra/airgap/images/build.$SUFFIX" $needed >&2 ||
    give_up "an image did not build, see above. Run the same again: what is built stays."
}
