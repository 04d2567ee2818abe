#!/usr/bin/env bash
# Makes the base image of all the others: build.sh REF
# Needs root, debootstrap, and an engine. DEBIAN_MIRROR overrides the mirror found in the machine's own apt sources.
set -euo pipefail

fail() {
  echo "base image: $*" >&2
  exit 1
}

[ $# -eq 1 ] || fail "usage: build.sh REF"
[ "$(id -u)" = 0 ] || fail "debootstrap needs root: run this as root."
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
[ -f /usr/share/keyrings/debian-archive-keyring.gpg ] ||
  fail "Debian's signing keys are missing: apt-get install debian-archive-keyring"
docker version >/dev/null 2>&1 || fail "no Docker engine answers: start one, or set DOCKER_HOST."

# Not /tmp: that is often mounted nodev or noexec, which debootstrap refuses.
work=$(mktemp -d -p "${TMPDIR:-/var/tmp}" stackyard-base.XXXXXX)
rootfs=
clean_up() {
  trap '' INT TERM HUP
  [ -z "$rootfs" ] || kill -KILL "$rootfs" 2>/dev/null || true
  # What was just killed may still be writing.
  rm -rf --one-file-system "$work" 2>/dev/null || { sleep 1; rm -rf --one-file-system "$work"; }
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# In namespaces of its own: killing it leaves neither processes nor mounts behind, so that deleting the folder is safe.
unshare --mount --pid --fork --kill-child "$(dirname "$0")/rootfs.sh" "$work/root" &
rootfs=$!
wait "$rootfs"
rootfs=

# Imported without a name, and named at the very end: a pipe cut short would otherwise tag half an image.
image=$(tar -C "$work/root" --numeric-owner -c . | docker import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'CMD ["bash"]' \
  --change 'LABEL org.opencontainers.image.title="Debian trixie, stripped" stackyard.built-from=package-registries' \
  -)
docker tag "$image" "$1"
