# Makes the next generation of the configuration in the proxy's volume, and has Nginx take it on: all of it or nothing.
# Arguments: the generation's name; a program that asks by HTTP; then steps of three words each:
#   put FILE TEXT       writes a file
#   default FILE TEXT   writes it where there is none
#   take FILE NAME      moves a file that was put into the volume, such as one with a key, which must be in no command
#   only FOLDER NAMES   removes all other files of a folder
set -eu
cd /proxy
exec 9>lock
flock 9
name=$1 busybox=$2
shift 2
before=$(readlink current)
next=generations/$name
if [ -e "$before/lost" ]; then
  cat "$before/lost" >&2
  exit 1
fi

cp -R "$before" "$next"
mkdir -p "$next/routes" "$next/files" "$next/tls"
printf 'return 200 "%s";\n' "$name" >"$next/generation.conf"
while [ $# -ge 3 ]; do
  case $1 in
    put) printf '%s' "$3" >"$next/$2" ;;
    default) [ -e "$next/$2" ] || printf '%s' "$3" >"$next/$2" ;;
    take) mv "$3" "$next/$2" ;;
    only)
      for file in "$next/$2"/*; do
        case " $3 " in *" ${file##*/} "*) ;; *) rm -f "$file" ;; esac
      done
      ;;
  esac
  shift 3
done

if ! nginx -t -q -c "/proxy/$next/nginx.conf"; then
  rm -rf "$next"
  exit 1
fi
point() {
  ln -sfn "$1" next
  mv -T next current
}
# So that a power cut leaves no empty files where the link leads.
"$busybox" find "$next" -type f -exec "$busybox" sync {} +
point "$next"
nginx -s reload -c /proxy/current/nginx.conf
tries=0
until [ "$("$busybox" wget -q -T 2 -O - http://127.0.0.1:8081/generation 2>/dev/null)" = "$name" ]; do
  tries=$((tries + 1))
  if [ $tries -gt 200 ]; then
    point "$before"
    rm -rf "$next"
    echo "Nginx did not take it on within 10 s: its log says why" >&2
    exit 1
  fi
  sleep 0.05
done
# By these, start.sh finds a configuration if this one is damaged, and whether the gates of its container have run.
for other in generations/*; do
  case $other in "$next" | generations/first) ;; *) rm -rf "$other" ;; esac
done
cp -R "$next" generations/copy
cat /etc/hostname >container
