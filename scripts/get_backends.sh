#!/usr/bin/env bash
# Makes .venv-backends: what `make test-backends` and the tests of the Lambda package need besides, with the Python that Lambda runs.
# Stores (SeaweedFS, ministack), cfn-lint, AWS's Lambda runtime client, and its Runtime Interface Emulator, a program that comes in
# the wheel of aws-sam-cli. Nothing of it is in the product.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.venv-backends
stamp=$venv/.made
rie_wheel=aws_sam_cli-1.170.0-py3-none-any.whl
rie_sha256=24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf
[ "$stamp" -nt requirements/backends.txt ] && [ "$stamp" -nt "$0" ] && exit 0

python=
for candidate in "${PYTHON313:-}" python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13.*/bin/python; do
  if [ -n "$candidate" ] && [ "$("$candidate" -c 'import sys; print(sys.version_info[:2])' 2>/dev/null)" = "(3, 13)" ]; then
    python=$candidate
    break
  fi
done
[ -n "$python" ] || { echo "Python 3.13, which Lambda runs, is not here: install it, or set PYTHON313" >&2; exit 1; }

echo "installing what the backends need (once)"
"$python" -m venv --clear "$venv"
pip() { "$venv/bin/python" -m pip "$@" --quiet --disable-pip-version-check; }
pip install --require-hashes -r requirements/backends.txt
work=$(mktemp -d "$venv/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
pip download --no-deps --only-binary=:all: --dest "$work" "aws-sam-cli==1.170.0"
echo "$rie_sha256  $work/$rie_wheel" | sha256sum --check --quiet
"$venv/bin/python" -m zipfile -e "$work/$rie_wheel" "$work/wheel"
case $(uname -m) in aarch64 | arm64) processor=arm64 ;; *) processor=x86_64 ;; esac
install -m 755 "$work/wheel/samcli/local/rapid/aws-lambda-rie-$processor" "$venv/bin/aws-lambda-rie"
touch "$stamp"
