# Images: pulled where a container registry answers, else built from package registries.
# shellcheck shell=bash

step_images() {
  local source=${STACKYARD_IMAGE_SOURCE:-}
  if [ -z "$source" ]; then
    source=packages
    if [ "$(curl -s -o /dev/null -w '%{http_code}' --connect-timeout 3 --max-time 5 https://registry-1.docker.io/v2/ 2>/dev/null || :)" = 401 ]; then source=registry; fi
    say "images come from ${source/packages/package registries (no container registry answers)}"
    mkdir -p "$STATE"
    printf '%s' "$source" >"$STATE/image-source"
    export STACKYARD_IMAGE_SOURCE=$source
  fi
  [ "$source" = packages ] || return 0
  if images_there; then return; fi
  hold images
  images_there || build_images
  release
}

images_there() { missing=$(node "$ROOT/infra/airgap/images/build.ts" --check 2>/dev/null); }

build_images() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # The base image is made with debootstrap, from the mirror that apt knows.
    [ -n "$(apt-get indextargets 2>/dev/null)" ] && command -v debootstrap >/dev/null ||
      { quietly apt-get update && quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap; } ||
      give_up "apt-get could not install debootstrap, see above. It is needed to build the base image."
  fi
  say "building $(wc -w <<<"$missing") images from package registries, once per machine: all of them take about 20 minutes on 2 cores"
  node "$ROOT/infra/airgap/images/build.ts" >&2 ||
    give_up "an image did not build, see above. Run the same again: what is built stays."
}
