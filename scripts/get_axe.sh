#!/usr/bin/env bash
# Downloads axe-core (MPL-2.0, not in this repository) from npm to .local/axe. The tests of the web page
# check accessibility with it.
set -euo pipefail
cd "$(dirname "$0")/.."
target=.local/axe
[ -f "$target/axe.min.js" ] && exit 0
command -v npm >/dev/null || { echo "npm is required to download axe-core" >&2; exit 1; }
mkdir -p "$target"
work=$(mktemp -d .local/fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent axe-core@4.14.1 >/dev/null && tar xzf axe-core-*.tgz)
mv "$work"/package/axe.min.js "$target/axe.min.js"
echo "axe-core is in $target"
