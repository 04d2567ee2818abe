#!/usr/bin/env bash
# Fills an empty folder with a stripped Debian trixie: rootfs.sh FOLDER (called by build.sh)
set -euo pipefail

root=$1
suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# Is this address Debian's, with this suite? debootstrap and apt check the signature later.
serves() {
  /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root download-file "$1/dists/$2/InRelease" "$root.release" \
    >/dev/null 2>&1 && grep -qx 'Origin: Debian' "$root.release"
}

# apt itself reads its sources, so that both of their formats count.
sources=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed 's,/*$,,' | sort -u)
mirror=
security=
for uri in ${DEBIAN_MIRROR:-} $sources; do
  [ -n "$mirror" ] || ! serves "$uri" "$suite" || mirror=$uri
  [ -n "$security" ] || ! serves "$uri" "$suite-security" || security=$uri
done
if [ -z "$mirror" ]; then
  echo "base image: no Debian mirror with $suite in the apt sources of this machine: set DEBIAN_MIRROR to one." >&2
  exit 1
fi

debootstrap --variant=minbase --force-check-gpg --keyring="$keyring" --include=ca-certificates,tini \
  "$suite" "$root" "$mirror"

suites=$suite
! serves "$mirror" "$suite-updates" || suites="$suites $suite-updates"
rm -f "$root/etc/apt/sources.list"
stanza() {
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' "$1" "$2" "$keyring"
}
{
  stanza "$mirror" "$suites"
  [ -z "$security" ] || stanza "$security" "$suite-security"
} >"$root/etc/apt/sources.list.d/debian.sources"

# Also for what child images install: no service starts during a build, nothing is synced to disk, no docs unpacked.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
cat >"$root/etc/dpkg/dpkg.cfg.d/stackyard" <<'END'
force-unsafe-io
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/lintian/*
path-exclude /usr/share/locale/*
path-include /usr/share/locale/locale.alias
END
echo 'Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/stackyard"

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
chroot "$root" apt-get update
chroot "$root" apt-get upgrade --yes

# Files only: some packages' install scripts fail without the folders (openjdk and /usr/share/man/man1).
find "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/info" "$root/usr/share/lintian" \
  "$root/usr/share/locale" ! -type d ! -name copyright ! -name locale.alias -delete
find "$root/usr/share/doc" "$root/usr/share/locale" -mindepth 1 -type d -empty -delete
find "$root/var/lib/apt/lists" "$root/var/cache/apt" "$root/var/cache/debconf" "$root/var/log" -type f -delete
rm -f "$root"/var/lib/dpkg/*-old "$root/var/cache/ldconfig/aux-cache"
# debootstrap copies these from the machine it runs on.
rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
: >"$root/etc/machine-id"
