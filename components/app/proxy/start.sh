# Starts Nginx over the configuration in the proxy's volume.
set -eu
cd /proxy
mkdir -p generations/first
cat >generations/first/nginx.conf <<'CONFIGURATION'
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
            return 200;
        }
    }
}
CONFIGURATION
# One that was right before may be wrong by now. Then this one runs until a gate has written another one.
if ! [ -e current ] || ! nginx -t -q -c /proxy/current/nginx.conf; then
  ln -sfn generations/first current
fi
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
