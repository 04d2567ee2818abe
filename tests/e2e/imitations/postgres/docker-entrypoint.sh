#!/usr/bin/env bash
set -Eeo pipefail

# Behaves like the official image's where one can tell: a folder with PG_VERSION in it is taken for a complete cluster; whatever
# makes one runs in the foreground of process 1, so that a stop is not heard; the server of that time listens on the usual socket.

from_file() {
  local file_name=$1_FILE
  local file=${!file_name:-}
  if [ -n "${!1:-}" ] && [ -n "$file" ]; then
    echo >&2 "error: both $1 and $file_name are set"
    exit 1
  fi
  [ -z "$file" ] || export "$1=$(<"$file")"
  unset "$file_name"
}

run_sql() {
  PGHOST= PGHOSTADDR= psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"
}

# reached EVENT: stays there for ever, where a test says so.
reached() {
  echo "imitation: $1"
  [ "${STAY_AT:-}" != "$1" ] || sleep infinity
}

make_cluster() {
  initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD")
}

initialise() {
  if [ "${STAY_AT:-}" = 'initdb has begun' ]; then
    make_cluster &
    until [ -s "$PGDATA/PG_VERSION" ]; do sleep 0.01; done
    kill -STOP $!
    reached 'initdb has begun'
  fi
  make_cluster
  reached 'a cluster is there'
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -w -o "$(printf '%q ' "${@:2}" -c listen_addresses= -p 5432)" start
  reached 'a server is there'
  if [ "$POSTGRES_DB" != postgres ]; then
    run_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db" ;'
  fi
  reached 'a database is there'
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) run_sql --dbname "$POSTGRES_DB" --file "$file" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
  unset PGPASSWORD
  reached 'all is there'
  echo 'PostgreSQL init process complete; ready for start up.'
}

[ "${1:0:1}" != - ] || set -- postgres "$@"

if [ "$1" = postgres ]; then
  from_file POSTGRES_PASSWORD
  export POSTGRES_USER=${POSTGRES_USER:-postgres}
  export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 0700 "$PGDATA" || :
  chmod 03775 /var/run/postgresql || :
  if [ -s "$PGDATA/PG_VERSION" ]; then
    echo 'PostgreSQL Database directory appears to contain a database; Skipping initialization'
  else
    if [ -z "$POSTGRES_PASSWORD" ]; then
      echo >&2 'Error: Database is uninitialized and superuser password is not specified.'
      exit 1
    fi
    ls /docker-entrypoint-initdb.d/ >/dev/null
    initialise "$@"
  fi
fi

exec "$@"
