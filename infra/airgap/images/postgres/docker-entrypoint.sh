#!/usr/bin/env bash
set -euo pipefail

# A cluster is made in $PGDATA/.initialising, renamed to .initialised when it is complete, and its files moved up, PG_VERSION
# last. All of this happens below $PGDATA, because that may be a mount point, and each step can be cut short: what is
# incomplete is made anew, what is complete is moved on.
making=$PGDATA/.initialising
made=$PGDATA/.initialised

fail() {
  echo "postgres image: $*" >&2
  exit 1
}

# from_file NAME DEFAULT: sets NAME from the file that NAME_FILE names, if that is given.
from_file() {
  local file_name=$1_FILE
  local file=${!file_name:-}
  [ -z "$file" ] || [ -z "${!1:-}" ] || fail "$1 and $file_name are both set: set one."
  if [ -n "$file" ]; then
    [ -r "$file" ] || fail "$file_name: cannot read $file."
    printf -v "$1" %s "$(<"$file")"
  else
    printf -v "$1" %s "${!1:-$2}"
  fi
  export "$1"
  unset "$file_name"
}

# The name is the official image's, since scripts in the init directory call it.
docker_process_sql() {
  psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}

run_init_directory() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      */\*) ;;
      *.sh | *.sql | *.sql.gz) echo "postgres image: running $file" ;;
      *) echo "postgres image: ignoring $file" ;;
    esac
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) docker_process_sql --file "$file" ;;
      *.sql.gz) gunzip --stdout "$file" | docker_process_sql ;;
    esac
  done
}

# initialise ARGUMENT ...: the arguments are the server's, which may load libraries that the init directory needs.
initialise() {
  from_file POSTGRES_PASSWORD ""
  from_file POSTGRES_USER postgres
  from_file POSTGRES_DB "$POSTGRES_USER"
  from_file POSTGRES_INITDB_ARGS ""
  local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  [ -n "$POSTGRES_PASSWORD" ] || [ "$method" = trust ] ||
    fail "the data volume is empty and no password is given: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE."
  [ -z "${POSTGRES_INITDB_WALDIR:-}" ] || fail "POSTGRES_INITDB_WALDIR is not supported."
  # Listed before work begins: a folder that this user may not read would otherwise be taken for an empty one.
  ls /docker-entrypoint-initdb.d >/dev/null

  # Scripts of the init directory may edit the configuration, and must find it where it is now.
  PGDATA=$making
  # POSTGRES_INITDB_ARGS is parsed as a shell would, as in the official image. Synced to disk once, at the end.
  eval 'initdb --no-sync --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD")' \
    '--set listen_addresses="*"' "$POSTGRES_INITDB_ARGS"
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

  # A socket nobody else knows of: a probe must not take this server for the one to come.
  PGHOST=$(mktemp -d /var/run/postgresql/.init-XXXXXX)
  export PGHOST PGPASSWORD=$POSTGRES_PASSWORD
  unset PGHOSTADDR
  local options=("$@" -p "${PGPORT:-5432}" -c fsync=off -c listen_addresses= -c "unix_socket_directories=$PGHOST")
  pg_ctl start --silent --wait --options "$(printf '%q ' "${options[@]}")"
  if [ "$POSTGRES_DB" != postgres ]; then
    psql -v ON_ERROR_STOP=1 --quiet --no-password --no-psqlrc --username "$POSTGRES_USER" --dbname postgres \
      --set name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";'
  fi
  run_init_directory
  pg_ctl stop --silent --wait --mode fast
  rm -rf "$PGHOST"
  initdb --sync-only --pgdata="$PGDATA" >/dev/null
  mv "$making" "$made"
}

move_up() {
  find "$made" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv --target-directory "$PGDATA" {} +
  mv "$made/PG_VERSION" "$PGDATA/"
}

case ${1:-} in
  '' | -*) set -- postgres "$@" ;;
esac
[ "${1:-}" = postgres ] || exec "$@"
for argument; do
  case $argument in --help | -\? | --version | -V | --describe-config) exec "$@" ;; esac
done

mkdir -p "$PGDATA"
if [ "$(id -u)" = 0 ]; then
  find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres:postgres {} +
  exec env HOME=/var/lib/postgresql setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
chmod 0700 "$PGDATA" 2>/dev/null || true

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ ! -d "$made" ]; then
    rm -rf "$making" /var/run/postgresql/.init-*
    [ -z "$(find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name lost+found -print -quit)" ] ||
      fail "$PGDATA holds files but no database: empty it, or mount another volume."
    # Beside this shell, so that a stop is obeyed at once: what runs then dies with the container, and is made anew.
    trap 'exit 130' INT
    trap 'exit 143' TERM
    initialise "${@:2}" &
    wait $!
    trap - INT TERM
  fi
  move_up
fi
[ ! -d "$made" ] || rmdir "$made"

exec "$@"
