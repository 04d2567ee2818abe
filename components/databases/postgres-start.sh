#!/usr/bin/env bash
# start.sh postgres ARGUMENT …: starts the server by the image's entry point, which makes a cluster where there is none.
#
# The official entry point takes a folder with PG_VERSION in it for a complete cluster, and initdb writes that file first: a
# first start that is cut short would never be made good. So it makes the cluster in a folder of its own below $PGDATA, which
# may be a mount point; that is renamed when it is complete, and then its files are moved up, PG_VERSION last. Each step can be
# cut short: what is incomplete is made anew, what is complete is moved on. Where PG_VERSION is in place, nothing is touched but
# the role's password, where it is another one than the cluster was told last.
set -euo pipefail
shopt -s dotglob nullglob

data=$PGDATA
making=$data/.initialising
made=$data/.initialised
tools=$data/.initialising-tools
# Tells which password the cluster has.
mark=.password-mark

# Sets `command` to its arguments without defaults of sessions: with default_transaction_read_only or a short statement_timeout, for
# one, the sessions that make the cluster would fail.
without_session_defaults() {
  local name context argument
  local -A of_sessions
  while IFS=$'\t' read -r name context _; do
    case $context in user | superuser | backend | superuser-backend) of_sessions[${name,,}]=1 ;; esac
  done < <(postgres --describe-config)
  command=()
  for argument; do
    name=${argument%%=*}
    if [ "${command[*]: -1}" = -c ] && [ -n "${of_sessions[${name,,}]:-}" ]; then
      unset 'command[-1]'
    else
      command+=("$argument")
    fi
  done
}

initialise() {
  rm -rf "$making" "$tools"
  local file
  for file in "$data"/*; do
    [ "${file##*/}" = lost+found ] && continue
    echo "$data has files in it (${file##*/}), but no cluster: empty it, or mount another volume." >&2
    exit 1
  done

  # The last thing that the entry point does is to run the server that it was told to. It finds this one, which says that
  # all is there; pg_ctl and initdb take the real one, from beside themselves.
  mkdir "$tools"
  cat >"$tools/postgres" <<'END'
#!/usr/bin/env bash
for argument; do
  [ "$argument" != listen_addresses= ] || exec mv "$PGDATA" "${PGDATA%ing}ed"
done
PATH=${PATH#*:} exec postgres "$@"
END
  chmod +x "$tools/postgres"
  without_session_defaults "$@"
  # Nobody is to take the server of that time for the one to come: it listens on no network.
  PGDATA=$making PATH=$tools:$PATH docker-entrypoint.sh "${command[@]}" -c listen_addresses= &
  wait $!
  [ -d "$made" ] || {
    echo "The image's entry point has ended without a cluster in $making." >&2
    exit 1
  }
  cp /run/secrets/password-mark "$made/$mark"
}

move_up() {
  local file
  for file in "$made"/*; do
    [ "${file##*/}" = PG_VERSION ] || mv "$file" "$data/"
  done
  mv "$made/PG_VERSION" "$data/"
}

# By the server itself, before anybody can connect. Whatever the cluster is set to (ALTER SYSTEM): a password is not for its log,
# it is written where all else is read only, and in the form that pg_hba.conf takes.
take_password() {
  local password quote="'"
  password=$(cat /run/secrets/password)
  echo "The password of $POSTGRES_USER is another one than the cluster has: it takes this one first."
  postgres --single -D "$data" -c exit_on_error=on -c log_min_messages=fatal -c log_min_error_statement=panic \
    -c default_transaction_read_only=off -c password_encryption=scram-sha-256 -c standard_conforming_strings=on \
    -c shared_preload_libraries= "$POSTGRES_DB" \
    >/dev/null <<<"alter role \"$POSTGRES_USER\" password '${password//$quote/$quote$quote}'" &
  wait $!
  cp -f /run/secrets/password-mark "$data/$mark"
}

# What works on the cluster runs beside this shell, so that a stop is obeyed at once.
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$data"
if [ ! -s "$data/PG_VERSION" ]; then
  [ -d "$made" ] || initialise "$@"
  rm -rf "$tools"
  move_up
fi
[ ! -d "$made" ] || rmdir "$made"
cmp -s /run/secrets/password-mark "$data/$mark" || take_password

exec docker-entrypoint.sh "$@"
