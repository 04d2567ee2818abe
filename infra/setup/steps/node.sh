# Node.js is the one on PATH if that is new enough, else one from an npm package that contains it.
# shellcheck shell=bash

step_node() {
  local have
  if [ "$(command -v node)" = "$NODE_HOME/bin/node" ]; then return; fi
  have=$(node --version 2>/dev/null || :)
  if [ -n "$have" ] && at_least "${have#v}" "$NODE_OLDEST"; then return; fi
  [ -n "$NODE_PACKAGE" ] || give_up "Node.js $NODE_OLDEST or newer is needed, found ${have:-none}. Install it (24 LTS)."
  command -v npm >/dev/null ||
    give_up "Node.js $NODE_OLDEST or newer is needed, found ${have:-none}, and there is no npm to get it with. Install Node.js 24 LTS."
  hold node
  if [ ! -x "$NODE_HOME/bin/node" ]; then get_node "${have:-none}"; fi
  release
  PATH=$NODE_HOME/bin:$PATH
  hash -r
}

get_node() {
  say "Node.js $NODE_VERSION from the npm package $NODE_PACKAGE (found $1)"
  unfinished=$(scratch)
  quietly npm install --no-save --no-package-lock --ignore-scripts --prefix "$unfinished" "$NODE_PACKAGE@$NODE_VERSION" ||
    give_up "npm could not install $NODE_PACKAGE $NODE_VERSION, see above. Is its registry reachable? Or install Node.js 24 yourself."
  mv -T "$unfinished/node_modules/$NODE_PACKAGE" "$NODE_HOME" 2>/dev/null || mv "$unfinished/node_modules/$NODE_PACKAGE" "$NODE_HOME"
  rm -rf "$unfinished"
  unfinished=
}
