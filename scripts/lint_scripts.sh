#!/bin/sh
# Reads the views' scripts with eslint, as eslint.config.js says. It is pinned in package-lock.json and lies in .node/,
# which git ignores. Where there is no npm, or no registry to get eslint from, says so and ends well: a person
# without either can still change the Python.
set -u
cd "$(dirname "$0")/.." || exit 1

here=.node
stamp=$here/.ready
log=$here/log
wanted() { cat package.json package-lock.json | cksum; }
skip() { printf 'eslint: the scripts of the views are not read: %s\n' "$*" >&2; exit 0; }

ready() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted)" ]; }

install() {
    command -v npm >/dev/null 2>&1 || skip 'there is no npm here (Debian: apt-get install npm).'
    mkdir -p "$here" && cp package.json package-lock.json "$here/" || exit 1
    npm ci --prefix "$here" --no-audit --no-fund --fetch-retries 1 --fetch-timeout 20000 >"$log" 2>&1 ||
        skip "npm could not install eslint: $(grep -m 1 'npm' "$log") (all of it in $log)"
    wanted >"$stamp"
}

ready || install
exec node "$here/node_modules/eslint/bin/eslint.js" --max-warnings 0 spin_nb/views tests/views
