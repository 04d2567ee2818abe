# Waits until Nginx's processes of earlier configurations have ended: what they serve has been answered then.
# Argument: how many seconds at most.
tries=$(($1 * 10))
while [ $tries -gt 0 ] && grep -qs "shutting down" /proc/[0-9]*/cmdline; do
  tries=$((tries - 1))
  sleep 0.1
done
