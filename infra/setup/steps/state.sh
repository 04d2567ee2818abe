# Makes this clone's state: a file backend outside the work tree, its passphrase, and the pulumi that uses them.
# shellcheck shell=bash

step_state() {
  [ -n "${STACKYARD_STATE:-}" ] || return 0 # the user's own backend
  if [ ! -d "$STATE/backend" ] || [ ! -d "$STATE/config" ] || [ ! -d "$STATE/bin" ]; then
    (umask 077 && mkdir -p "$STATE/backend" "$STATE/config" "$STATE/bin")
    chmod 700 "$STATE"
  fi
  # Tells `prune` where this project is: the images that it is built from are in use.
  [ -f "$STATE/clone" ] || printf '%s\n' "$PROJECT" >"$STATE/clone"
  if [ ! -s "$STATE/passphrase" ]; then
    [ -z "$(find "$STATE/backend" -name '*.json' -print -quit 2>/dev/null)" ] ||
      give_up "the passphrase $STATE/passphrase is gone, and the state beside it cannot be read without it. Bring it back from a backup; \`rm -r $STATE/backend\` gives up the state and all passwords in it."
    say "state of this project: $STATE (its passphrase is there too: keep a copy)"
    (umask 077 && head -c 24 /dev/urandom | base64 >"$STATE/.passphrase.$$" && mv "$STATE/.passphrase.$$" "$STATE/passphrase")
  fi
  if ! cmp -s "$here/pulumi.sh" "$STATE/bin/pulumi"; then
    : >"$STATE/bin/.stackyard-wrapper"
    cp "$here/pulumi.sh" "$STATE/bin/.pulumi.$$" && chmod 700 "$STATE/bin/.pulumi.$$" && mv "$STATE/bin/.pulumi.$$" "$STATE/bin/pulumi"
  fi
}
