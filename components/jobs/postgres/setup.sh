# Runs in the container of a PostgresSetup, with its steps below.
set -eu

# session ARGUMENTS…: runs psql, which ends at the first error. Without --quiet, a dump would print a line for each row. Defaults
# that the server's settings give to sessions are for applications.
session() {
  PGOPTIONS="-c default_transaction_read_only=off -c statement_timeout=0 ${PGOPTIONS:-}" psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"
}

# transaction ARGUMENTS…: the same in one transaction.
transaction() {
  session --single-transaction "$@"
}

# file_in_transaction FILE: runs it in a transaction that it must not end. What it does outside of that is refused: the session is
# read-only, except for the transaction.
file_in_transaction() {
  echo "$1"
  rm -f /tmp/done
  { {
    export PGOPTIONS='-c default_transaction_read_only=on'
    transaction --file=/run/files/begin.sql --file="$1" --file=/run/files/end.sql && : >/tmp/done
  } 2>&1 >&3 | tee /tmp/said >&2 || :; } 3>&1
  [ ! -e /tmp/done ] || return 0
  if grep -qE 'the transaction that it is run in|read-only transaction|inside a transaction block|must be called before any query|cannot PREPARE a transaction|invalid transaction termination|unsafe use of new value' /tmp/said; then
    cat >&2 <<ADVICE
$1 is run in one transaction, which it must not end or leave. Where it has to (BEGIN and COMMIT, \\c, CREATE INDEX CONCURRENTLY,
VACUUM, CREATE DATABASE, a new value of an enum that it uses), name it as { file: "$1", transaction: false }: then it is run as
psql by hand would run it.
ADVICE
  fi
  exit 1
}

# file_without_transaction FILE: runs it as psql by hand would, but fails where a transaction is open at its end, whose work would
# be lost.
file_without_transaction() {
  echo "$1"
  session --file="$1" --file=/run/files/ended.sql || {
    echo "$1 failed. It is run without a transaction: what it did before it failed stays." >&2
    exit 1
  }
}

