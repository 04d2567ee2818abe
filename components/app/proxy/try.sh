# Asks each of a release's servers for a path, through the proxy, until all have given a good answer.
# Arguments: a program that opens connections; the port of the internal server; the upstream of the release; the host; the path; how
# many servers there are; whether any answer of theirs is good, or only a status of 200 to 399; how many seconds to try.
set -u
busybox=$1 port=$2 upstream=$3 host=$4 path=$5 servers=$6 good=$7 seconds=$8

is_good() {
  case $good:$1 in
    # Those are Nginx's own, for a server that does not answer.
    any:502 | any:504 | any:) return 1 ;;
    any:* | well:[23]??) return 0 ;;
    *) return 1 ;;
  esac
}

ask='printf "GET %s HTTP/1.1\r\nHost: %s\r\nX-Candidate: %s\r\nConnection: close\r\n\r\n" "$3" "$2" "$1"; head -c 4096 >&3'
seen=
until=$(($(date +%s) + seconds))
while :; do
  answer=$("$busybox" nc -w 5 127.0.0.1 "$port" -e "$busybox" sh -c "$ask" ask "$upstream" "$host" "$path" 3>&1 2>/dev/null)
  status=$(printf '%s' "$answer" | sed -n '1s/^HTTP\/1\.[01] \([0-9]*\).*/\1/p')
  server=$(printf '%s' "$answer" | tr -d '\r' | sed -n 's/^X-Server: \(.*\)/\1/p' | head -n 1)
  if is_good "$status"; then
    case " $seen " in *" $server "*) ;; *) seen="$seen $server" ;; esac
    [ "$(echo "$seen" | wc -w)" -lt "$servers" ] || exit 0
  fi
  [ "$(date +%s)" -lt "$until" ] || break
  sleep 0.05
done
printf '%s\n' "$answer" | tr -d '\r' | head -c 500 >&2
exit 1
