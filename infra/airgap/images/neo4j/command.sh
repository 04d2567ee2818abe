#!/bin/sh
# neo4j, neo4j-admin and cypher-shell: each is a class of the same jars.
set -eu

case ${0##*/} in
  neo4j) class=org.neo4j.server.startup.Neo4jCommand ;;
  neo4j-admin)
    class=org.neo4j.server.startup.Neo4jAdminCommand
    # That would start another Java with the same arguments: on each first start.
    [ "${1:-} ${2:-}" != "dbms set-initial-password" ] || class=org.neo4j.cli.AdminTool
    ;;
  cypher-shell) class=org.neo4j.shell.Main ;;
  *)
    echo "$0: call it as neo4j, neo4j-admin or cypher-shell." >&2
    exit 1
    ;;
esac

export NEO4J_CONF="${NEO4J_CONF:-$NEO4J_HOME/conf}"
# They live for a second or two: what pays off later is left out.
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -classpath "$NEO4J_HOME/lib/*" "-Dbasedir=$NEO4J_HOME" "$class" "$@"
