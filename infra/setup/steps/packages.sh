# Installs npm packages by `npm ci`, again when the lock file changes.
# shellcheck shell=bash

step_packages() {
  local folder lock
  for folder in "$ROOT" "$ROOT/examples/api"; do
    # In somebody's project, npm has installed Stackyard itself.
    [ -f "$folder/package-lock.json" ] || continue
    lock=$(sha256 64 <"$folder/package-lock.json")
    if [ "$(cat "$folder/node_modules/.stackyard-lock" 2>/dev/null || :)" = "$lock" ]; then continue; fi
    say "npm packages of ${folder#"$ROOT"/}"
    # The packages' install scripts only compile or fetch what nothing here needs.
    (cd "$folder" && quietly npm ci --ignore-scripts --no-audit --no-fund) ||
      give_up "npm ci failed in $folder, see above. Is the npm registry reachable? Then run the same again."
    printf '%s' "$lock" >"$folder/node_modules/.stackyard-lock"
  done
}
