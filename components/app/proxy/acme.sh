# Gets a certificate by lego, and renews it in time.
# Arguments: the pause between two looks in seconds; the first domain; then lego's own.
# served.pem is the certificate with its key, replaced as a whole; failed has the reason where the last try has failed.
set -u
umask 077
cd /certificates
pause=$1 own=certificates/$2
shift 2
trap 'exit 0' TERM

obtain() {
  if [ -e "$own.crt" ]; then
    /lego "$@" renew --dynamic --no-random-sleep --force-cert-domains
  else
    /lego "$@" run
  fi
}

while :; do
  if obtain "$@" >said 2>&1; then
    cat "$own.crt" "$own.key" >next
    if cmp -s next served.pem; then rm next; else mv next served.pem; fi
    rm -f failed
  else
    tail -n 5 said >failed
  fi
  cat said
  sleep "$pause" &
  wait $!
done
