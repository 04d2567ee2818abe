# The local Docker engine, where no other one is named: started when it does not answer; installed first, on Debian or Ubuntu as root.
# shellcheck shell=bash

SOCKET=/var/run/docker.sock

step_engine() {
  # An engine that somebody has named is theirs to start. Whether the one in use answers, is new enough, and may be used by this
  # user, is one rule with one home, which every verb asks: `wrongWith` in components/engines/containers/api.ts.
  if [ -n "${DOCKER_HOST:-}" ] && [ "$DOCKER_HOST" != "unix://$SOCKET" ] || [ -n "${DOCKER_CONTEXT:-}" ]; then return; fi
  if grep -q '"currentContext"' "${DOCKER_CONFIG:-$HOME/.docker}/config.json" 2>/dev/null; then return; fi
  if [ -S $SOCKET ] && [ ! -w $SOCKET ] || engine_answers; then return; fi
  hold engine
  if ! engine_answers; then
    command -v dockerd >/dev/null || install_engine
    start_engine
  fi
  release
}

engine_answers() { curl -s --max-time 5 --unix-socket $SOCKET -o /dev/null http://engine/_ping 2>/dev/null; }

install_engine() {
  local id='' codename=''
  # shellcheck source=/dev/null
  [ ! -r /etc/os-release ] || . /etc/os-release
  id=${ID:-unknown} codename=${VERSION_CODENAME:-}
  case $id in
    debian | ubuntu) ;;
    *) give_up "no Docker engine answers, and this is not Debian or Ubuntu. Install Docker 25 or newer (https://docs.docker.com/engine/install), start it, and run the same again." ;;
  esac
  [ "$(id -u)" = 0 ] ||
    give_up "no Docker engine answers, and only root can install one. Run \`sudo apt-get install docker.io\` (Docker 25 or newer), or start yours."
  export DEBIAN_FRONTEND=noninteractive
  # Updated before a mirror is looked for: apt knows what a mirror serves only from its lists.
  quietly apt-get update || give_up "apt-get update failed, see above. Is the package mirror reachable?"
  local suite=() packages=(docker.io docker-buildx docker-compose iptables debootstrap) offered
  offered=$(apt-cache policy docker.io | awk '$1 == "Candidate:" { print $2 }')
  # Decided by the package and not by the release: what comes with a newer Docker changes the release's number, even when its
  # install was interrupted.
  if [ "$id" = debian ] && ! { [[ $offered == [0-9]* ]] && at_least "$offered" 25.0.0; }; then
    # Its own Docker is too old. Docker and what it needs come from the next release; everything else stays as it is.
    suite=(-t trixie)
    local mirror
    mirror=$(apt_mirror)
    [ -n "$mirror" ] || give_up "no Debian mirror found in this machine's apt sources, to get Docker from. Install Docker 25 or newer yourself."
    printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' "$mirror" \
      >/etc/apt/sources.list.d/stackyard-trixie.sources
    printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' >/etc/apt/preferences.d/stackyard-trixie
    quietly apt-get update || give_up "apt-get update failed with Debian's trixie added, see above. Does the mirror $mirror serve it?"
  elif [ "$id" = ubuntu ]; then
    packages=(docker.io docker-buildx docker-compose-v2 iptables debootstrap)
  fi
  # In Debian the client is a package of its own; another client may be there already.
  if [ "$id" = debian ] && ! command -v docker >/dev/null; then packages+=(docker-cli); fi
  say "no Docker engine: installing the distribution's (${packages[*]}${codename:+, on $codename}${suite[1]:+, from ${suite[1]}})"
  local install=(apt-get install -y --no-install-recommends "${suite[@]}" "${packages[@]}")
  # The download can be interrupted. The installation runs in a session of its own, which Ctrl-C does not reach, because it may
  # replace libc.
  { quietly "${install[@]}" --download-only && quietly setsid --wait "${install[@]}"; } ||
    give_up "apt-get could not install the Docker engine, see above. Install Docker 25 or newer yourself, and run the same again."
  hash -r
}

# Prints the mirror that this machine's apt uses for Debian itself, in whichever format its sources are.
apt_mirror() {
  apt-get indextargets --format '$(SITE)|$(ORIGIN)|$(LABEL)|$(CREATED_BY)' 2>/dev/null |
    awk -F'|' '$2 == "Debian" && $3 == "Debian" && $4 == "Packages" { print $1; exit }'
}

# Ends the containerd that a killed engine has left: the next engine would wait for it in vain.
end_orphan() {
  local file=/var/run/docker/containerd/containerd.pid pid
  [ -f "$file" ] && [ ! -f /var/run/docker.pid ] || return 0
  pid=$(cat "$file")
  say "ending the containerd of an engine that is gone (process $pid)"
  kill "$pid" 2>/dev/null || :
  local tries
  for ((tries = 0; tries < 50; tries++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  kill -9 "$pid" 2>/dev/null || :
  rm -f "$file"
}

start_engine() {
  local log=$CACHE/dockerd.log pid
  if [ -d /run/systemd/system ]; then
    say "starting the Docker engine (systemctl start docker)"
    quietly systemctl start docker || give_up "systemctl could not start docker, see above and \`journalctl -u docker\`."
    return
  fi
  [ "$(id -u)" = 0 ] || give_up "no Docker engine answers, and only root can start one here. Start it (\`sudo dockerd\`), and run the same again."
  # A killed engine leaves its pid file: the next one refuses to start if another process has that number by now.
  for pid in /var/run/docker.pid /var/run/docker/containerd/containerd.pid; do
    if [ -f "$pid" ] && ! grep -qE '^(dockerd|containerd)$' "/proc/$(cat "$pid")/comm" 2>/dev/null; then rm -f "$pid"; fi
  done
  end_orphan
  say "starting the Docker engine (log: $log)"
  # Descriptor 9 is set-up's lock: an engine that kept it open would hold it for ever.
  setsid nohup dockerd >"$log" 2>&1 9>&- </dev/null &
  pid=$!
  disown "$pid"
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    if engine_answers; then return 0; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 15 "$log" >&2
  give_up "the Docker engine did not answer within a minute; its last log lines are above (all: $log)."
}
