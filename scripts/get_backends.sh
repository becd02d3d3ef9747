#!/usr/bin/env bash
# Creates .venv-backends, with the Python version of Lambda, for `make test-backends` and the tests of the
# Lambda package: stores (SeaweedFS, ministack), cfn-lint, the Lambda runtime client, and the Runtime
# Interface Emulator, a program in the wheel of aws-sam-cli. The product contains none of it.
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
[ -n "$python" ] || { echo "Python 3.13 (the version of Lambda) not found; install it, or set PYTHON313" >&2; exit 1; }

echo "installing the backends (once)"
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
