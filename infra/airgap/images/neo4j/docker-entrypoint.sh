#!/usr/bin/env bash
set -euo pipefail

conf=$NEO4J_HOME/conf/neo4j.conf

fail() {
  echo "neo4j image: $*" >&2
  exit 1
}

# given NAME: what the configuration says of a setting, a line each.
given() {
  [ ! -e "$conf" ] || sed -n "s/^[[:space:]]*${1//./\\.}[[:space:]]*=[[:space:]]*//p" "$conf"
}

# put NAME VALUE: in place of what the configuration says, but for arguments of Java, which add up.
put() {
  [ "$1" = server.jvm.additional ] || [ ! -e "$conf" ] || sed --in-place "/^[[:space:]]*${1//./\\.}[[:space:]]*=/d" "$conf"
  printf '%s=%s\n' "$1" "$2" >>"$conf"
}

default() {
  [ -n "$(given "$1")" ] || put "$1" "$2"
}

# Variables NEO4J_…_FILE are read; then NEO4J_server_memory_heap_max__size is the setting server.memory.heap.max_size.
configure() {
  local name value setting
  for name in $(compgen -A export NEO4J_); do
    case $name in *_FILE) ;; *) continue ;; esac
    [ -r "${!name}" ] || fail "$name: cannot read ${!name}."
    export "${name%_FILE}=$(<"${!name}")"
    unset "$name"
  done
  if [ -d /conf ]; then
    rm -rf "${conf%/*}"/*
    find /conf -type f -exec cp {} "${conf%/*}" \;
  fi
  for name in $(compgen -A export NEO4J_); do
    case $name in
      NEO4J_ACCEPT_LICENSE_AGREEMENT | NEO4J_AUTH | NEO4J_AUTH_PATH | NEO4J_CONF | NEO4J_DEBUG) continue ;;
      NEO4J_DEPRECATION_WARNING | NEO4J_EDITION | NEO4J_HOME) continue ;;
      NEO4J_PLUGINS) fail "NEO4J_PLUGINS is not supported: mount the plugins' jars at /plugins." ;;
    esac
    value=${!name}
    setting=${name#NEO4J_}
    setting=${setting//_/.}
    [ -z "$value" ] || put "${setting//../_}" "$value"
  done
  for name in plugins import licenses; do
    [ ! -d "/$name" ] || default "server.directories.$name" "/$name"
  done
  default server.directories.logs /logs
  default server.memory.pagecache.size 512M
  default server.default_listen_address 0.0.0.0
}

# As quoted in a file of arguments: https://picocli.info/#AtFiles. In a file, because arguments are in the process list.
set_password() {
  local auth=${NEO4J_AUTH:-} password arguments=()
  unset NEO4J_AUTH
  if [ -n "${NEO4J_AUTH_PATH:-}" ]; then
    [ -r "$NEO4J_AUTH_PATH" ] || fail "NEO4J_AUTH_PATH: cannot read $NEO4J_AUTH_PATH."
    auth=$(<"$NEO4J_AUTH_PATH")
  fi
  case $auth in
    '') return ;;
    none)
      put dbms.security.auth_enabled false
      return
      ;;
    neo4j/?*) password=${auth#neo4j/} ;;
    *) fail "NEO4J_AUTH: should be neo4j/PASSWORD, or none." ;;
  esac
  # Once the users are in the system database, their first passwords are of no effect.
  [ ! -d "$NEO4J_HOME/data/databases/system" ] || return 0
  case $password in
    */true)
      password=${password%/true}
      arguments=(--require-password-change)
      ;;
  esac
  [ "$password" != neo4j ] || fail "NEO4J_AUTH: the password cannot be neo4j, which is the default."
  password=${password//\\/\\\\}
  password=${password//\"/\\\"}
  case $password in @*) password=@$password ;; esac
  (
    umask 0077
    printf -- '-- "%s"\n' "$password" >"${conf%/*}/initial-password"
  )
  neo4j-admin dbms set-initial-password "${arguments[@]}" "@${conf%/*}/initial-password"
  rm "${conf%/*}/initial-password"
}

# start ARGUMENT ...: as `neo4j console` would, without another Java that stays before it.
start() {
  local java=() folder path= size name
  read -ra java <<<"$(given server.jvm.additional | tr '\n' ' ')"
  java+=(-Dfile.encoding=UTF-8)
  for name in initial:-Xms max:-Xmx; do
    size=$(given "server.memory.heap.${name%:*}_size" | tail -n 1)
    size=${size%[bB]}
    [ -z "$size" ] || java+=("${name#*:}${size%i}")
  done
  [ -z "${JAVA_OPTS:-}" ] || read -ra java <<<"$JAVA_OPTS"
  folder=$(given server.directories.plugins | tail -n 1)
  folder=${folder:-plugins}
  for folder in "$(realpath --canonicalize-missing "$folder")" "${conf%/*}" "$NEO4J_HOME/lib"; do
    [ -z "$(find "$folder" -mindepth 1 -maxdepth 1 -print -quit 2>/dev/null)" ] || path=${path:+$path:}$folder/*
  done
  exec java -cp "$path" "${java[@]}" org.neo4j.server.CommunityEntryPoint \
    "--home-dir=$NEO4J_HOME" "--config-dir=${conf%/*}" "$@" --console-mode
}

[ $# -gt 0 ] || set -- neo4j

if [ "$(id -u)" = 0 ]; then
  find /data /logs "${conf%/*}" ! -user neo4j -exec chown neo4j:neo4j {} +
  exec setpriv --reuid=neo4j --regid=neo4j --init-groups "$0" "$@"
fi

[ "$*" = neo4j ] || exec "$@"

cd "$NEO4J_HOME"
configure
set_password
# The official image's way to have something done before the server starts.
[ ! -f "${EXTENSION_SCRIPT:-}" ] || . "$EXTENSION_SCRIPT"
start ${EXTENDED_CONF+--expand-commands}
