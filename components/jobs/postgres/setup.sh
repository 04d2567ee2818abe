# Runs in the container of a PostgresSetup, with its steps below.
set -eu

# once ARGUMENTS…: one session, that ends at the first error. The tags of commands would be a line for each row of a dump.
once() {
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 "$@"
}

# together ARGUMENTS…: in one transaction.
together() {
  once --single-transaction "$@"
}

# whole FILE: in a transaction that the file must not end. What it does outside of it is refused: sessions write nothing unless
# told to, as the transaction is.
whole() {
  echo "$1"
  rm -f /tmp/done
  { {
    export PGOPTIONS='-c default_transaction_read_only=on'
    together --file=/run/files/begin.sql --file="$1" --file=/run/files/end.sql && : >/tmp/done
  } 2>&1 >&3 | tee /tmp/said >&2 || :; } 3>&1
  [ ! -e /tmp/done ] || return 0
  if grep -qE 'the transaction that it is run in|read-only transaction|inside a transaction block|must be called before any query|cannot PREPARE a transaction|invalid transaction termination|unsafe use of new value' /tmp/said; then
    cat >&2 <<ADVICE
$1 is run in one transaction, which it must not end or leave. Where it has to (BEGIN and COMMIT, \\c, CREATE INDEX CONCURRENTLY,
VACUUM, CREATE DATABASE, a new value of an enum that it uses), name it as { file: "$1", transaction: false }: then it is run as
psql alone would.
ADVICE
  fi
  exit 1
}

# alone FILE: as psql alone would, but for a transaction that is open at its end, whose work would be lost.
alone() {
  echo "$1"
  once --file="$1" --file=/run/files/ended.sql || {
    echo "$1 failed. It is run without a transaction: what it did before is there." >&2
    exit 1
  }
}

