# The Pulumi CLI is the one on PATH if that is new enough, else the official download, else one built from Go modules with its
# plugins.
# shellcheck shell=bash

step_pulumi() {
  if [ -x "$PULUMI_DOWNLOADED/pulumi" ] || [ -x "$TOOLCHAIN/bin/pulumi" ]; then return; fi
  local own version=
  own=$(real_pulumi)
  if [ -n "$own" ]; then
    # Asking it for its version takes longer than all the rest of set-up, and is done once for each binary.
    local checked
    checked=$CACHE/checked-$(printf '%s %s' "$own" "$(ls -lLn "$own")" | sha256 12)
    if [ -f "$checked" ]; then return; fi
    version=$("$own" version 2>/dev/null | sed 's/^v//' || :)
    if [ -n "$version" ] && at_least "$version" "$PULUMI_OLDEST"; then
      mkdir -p "$CACHE"
      : >"$checked"
      return
    fi
  fi
  hold pulumi
  if [ -x "$PULUMI_DOWNLOADED/pulumi" ]; then PATH=$PULUMI_DOWNLOADED:$PATH
  elif [ -x "$TOOLCHAIN/bin/pulumi" ]; then
    PATH=$TOOLCHAIN/bin:$PATH
    export PULUMI_HOME=${PULUMI_HOME:-$TOOLCHAIN/home}
  else
    download_pulumi || build_toolchain "${version:-none}"
  fi
  release
}

download_pulumi() {
  [ -n "$PULUMI_BUILD" ] && command -v curl >/dev/null || return 1
  local site=https://get.pulumi.com/releases/sdk archive=pulumi-v$PULUMI_VERSION-$PULUMI_BUILD.tar.gz
  unfinished=$(scratch)
  if curl -fsSL --connect-timeout 3 --retry 1 -o "$unfinished/checksums" "$site/pulumi-$PULUMI_VERSION-checksums.txt" 2>/dev/null &&
    say "Pulumi $PULUMI_VERSION: official download" &&
    curl -fsSL --connect-timeout 3 --retry 2 -o "$unfinished/$archive" "$site/$archive" &&
    [ "$(sha256 64 <"$unfinished/$archive")" = "$(awk -v file="$archive" '$2 == file || $2 == "*" file { print $1 }' "$unfinished/checksums")" ]; then
    tar -C "$unfinished" -xzf "$unfinished/$archive"
    mv "$unfinished/pulumi" "$PULUMI_DOWNLOADED"
    rm -rf "$unfinished"
    unfinished=
    PATH=$PULUMI_DOWNLOADED:$PATH
    return 0
  fi
  rm -rf "$unfinished"
  unfinished=
  return 1
}

build_toolchain() {
  command -v go >/dev/null || give_up \
    "Pulumi $PULUMI_OLDEST or newer is needed, found $1; its download site does not answer, and there is no Go to build it with." \
    "Install Pulumi (https://www.pulumi.com/docs/install), or Go 1.26 to have it built from Go modules."
  say "Pulumi $PULUMI_VERSION with its plugins, built from Go modules: once per machine, about 12 minutes on 2 cores"
  unfinished=$(scratch)
  mkdir -p "$unfinished/bin" "$unfinished/plugins"
  local name began
  for name in pulumi language-nodejs resource-random resource-docker; do
    began=$SECONDS
    quietly build_one "$name" "$unfinished" ||
      give_up "the Go module in infra/airgap/toolchain/$name did not build, see above. Is the Go module proxy reachable? Then run the same again."
    say "  $name built in $((SECONDS - began)) s"
  done
  local plugin version
  for plugin in docker random; do
    version=$("$unfinished/plugins/pulumi-resource-$plugin" --version)
    quietly env PULUMI_HOME="$unfinished/home" "$unfinished/bin/pulumi" plugin install resource "$plugin" "$version" --file "$unfinished/plugins/pulumi-resource-$plugin" ||
      give_up "the $plugin plugin did not install, see above."
  done
  rm -rf "$unfinished/plugins"
  mv "$unfinished" "$TOOLCHAIN"
  unfinished=
  PATH=$TOOLCHAIN/bin:$PATH
  export PULUMI_HOME=${PULUMI_HOME:-$TOOLCHAIN/home}
}

build_one() {
  local name=$1 to=$2 flags='-s -w'
  case $name in
    pulumi)
      flags="$flags -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$PULUMI_VERSION"
      (cd "$TOOLCHAIN_SOURCE/$name" && go build -trimpath -buildvcs=false -ldflags "$flags" -o "$to/bin/pulumi" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi)
      ;;
    language-nodejs)
      (cd "$TOOLCHAIN_SOURCE/$name" && go build -trimpath -buildvcs=false -ldflags "$flags" -o "$to/bin/pulumi-language-nodejs" .)
      ;;
    *)
      (cd "$TOOLCHAIN_SOURCE/$name" && go build -trimpath -buildvcs=false -ldflags "$flags" -o "$to/plugins/pulumi-$name" .)
      ;;
  esac
}
