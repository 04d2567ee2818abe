#!/usr/bin/env bash
set -eu

# Behaves like the official image's where one can tell: folders that it finds mounted are looked at first, whatever is a
# setting in the environment goes into a file, and the server is what neo4j itself says that it would start.

conf=$NEO4J_HOME/conf/neo4j.conf

writable() {
  if [ ! -w "$1" ] && [ "$(stat --format %U "$1")" != neo4j ]; then
    echo >&2 "Folder $1 is not accessible for user $(id -u):$(id -g)."
    exit 1
  fi
}

default() {
  grep -qs "^$1=" "$conf" || printf '\n%s=%s\n' "$1" "$2" >>"$conf"
}

# What a program gets of Java adds up; of all else the last one counts.
from_environment() {
  local name setting
  for name in $(compgen -A export NEO4J_ | sort --reverse); do
    case $name in NEO4J_AUTH | NEO4J_EDITION | NEO4J_HOME | NEO4J_PLUGINS) continue ;; esac
    [ -n "${!name}" ] || continue
    setting=${name#NEO4J_}
    setting=${setting//_/.}
    setting=${setting//../_}
    [ "$setting" = server.jvm.additional ] || [ ! -e "$conf" ] || sed -i "/^$setting=/d" "$conf"
    printf '%s=%s\n' "$setting" "${!name}" >>"$conf"
  done
}

for name in $(compgen -A export); do
  case $name in *_FILE)
    [ -r "${!name}" ] || { echo >&2 "The secret file '${!name}' is not readable."; exit 1; }
    export "${name%_FILE}=$(<"${!name}")"
    ;;
  esac
done

[ ! -d /plugins ] || export NEO4J_server_directories_plugins=${NEO4J_server_directories_plugins:-/plugins}
[ ! -d /import ] || export NEO4J_server_directories_import=${NEO4J_server_directories_import:-/import}
writable /logs
export NEO4J_server_directories_logs=${NEO4J_server_directories_logs:-/logs}
for folder in /data /data/databases /data/dbms /data/transactions; do
  [ ! -d "$folder" ] || writable "$folder"
done

default server.memory.pagecache.size 512M
default server.default_listen_address 0.0.0.0
from_environment

[ ! -f "${EXTENSION_SCRIPT:-}" ] || . $EXTENSION_SCRIPT

[ "$1" = neo4j ] || exec "$@"
command=$(neo4j console --dry-run)
eval exec "$command"
