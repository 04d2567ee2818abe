# Starts Nginx over the configuration in the proxy's volume: the one in force, or its copy if that was damaged.
set -eu
cd /proxy
is_right() { [ -e "$1" ] && nginx -t -q -c "/proxy/$1/nginx.conf"; }

if [ "$(readlink current)" = generations/first ] || ! is_right current; then
  if is_right generations/copy; then ln -sfn generations/copy current; else ln -sfn generations/first current; fi
fi
# Without one, the first one runs until a gate has written another. But the gates of a container run only once.
mkdir -p generations/first
rm -f generations/first/lost
health=200
if [ "$(readlink current)" = generations/first ] && [ "$(cat container 2>/dev/null)" = "$(cat /etc/hostname)" ]; then
  health=503
  echo "its configuration was lost, or a file that it names, as its log says: \`docker rm --force $(cat container)\` and the next \`up\` make both anew" |
    tee generations/first/lost >&2
fi
cat >generations/first/nginx.conf <<CONFIGURATION
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events {}
http {
    access_log off;
    client_body_temp_path /tmp/nginx-body;
    proxy_temp_path /tmp/nginx-proxy;
    fastcgi_temp_path /tmp/nginx-fastcgi;
    uwsgi_temp_path /tmp/nginx-uwsgi;
    scgi_temp_path /tmp/nginx-scgi;
    server {
        listen 8080;
        location / {
            return 503;
        }
        location = /health {
            return $health;
        }
    }
}
CONFIGURATION
# A renewed certificate is served without anybody's doing.
version() { stat -c '%Y %i' /certificates/served.pem 2>/dev/null || :; }
if [ -d /certificates ]; then
  seen=$(version)
  while sleep 2; do
    now=$(version)
    [ "$now" = "$seen" ] && continue
    seen=$now
    nginx -s reload -c /proxy/current/nginx.conf || :
  done &
fi
exec nginx -c /proxy/current/nginx.conf -g 'daemon off;'
