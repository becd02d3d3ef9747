"""Checks of this repository for `make check`.

Generated files, pins, forbidden content, length of the README, language and length of modules.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

from localdev.paths import ROOT

from .check_language import find_language_errors, find_long_modules

_PRODUCT = (
    "app.py",
    "bench",
    "chalicelib",
    "client/dataops_client",
    "data",
    "localdev",
    "scripts",
    "server",
)

_GENERATED = (
    ["data/make_sample.py", "--check"],
    ["-m", "scripts.export_openapi", "--check"],
    ["-m", "scripts.vendor_swagger_ui", "--check"],
)
_README_LINES = 150
_FORBIDDEN = {
    "address of a package registry": re.compile(
        rb"--(?:extra-)?index-url|files\.pythonhosted|registry\.npmjs|pypi\.org/simple"
    ),
    "path of one machine": re.compile(rb"(?<![\w.$}-])/(?:work|farm|root)/[\w.]"),
}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?(==[^\s;#]+)?", re.MULTILINE)


def main() -> None:
    findings = [
        *_find_stale_files(),
        *_find_unpinned(),
        *_find_forbidden(),
        *_check_readme(),
        *find_language_errors(ROOT, (*_PRODUCT, "client/examples", "tests")),
        *find_long_modules(ROOT, _PRODUCT),
    ]
    for finding in findings:
        print(finding)
    sys.exit(bool(findings))


def _find_stale_files() -> Iterator[str]:
    for command in _GENERATED:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            name, output = " ".join(command), done.stdout + done.stderr
            yield f"{name}: not up to date; run it with --update\n{output}".rstrip()


def _find_unpinned() -> Iterator[str]:
    """Yield a finding for each requirement of the .in files that has no matching pin."""
    for source in sorted((ROOT / "requirements").glob("*.in")):
        pinned = (
            ROOT / "requirements.txt" if source.stem == "lambda" else source.with_suffix(".txt")
        )
        pins = pinned.read_text()
        lines = source.read_text().splitlines()
        for line in lines:
            if not line or line.startswith(("#", "-")):
                continue
            match = _PIN.match(line)
            assert match, line
            name, version = match.group(1).lower().replace("_", "-"), match.group(2) or "=="
            if not re.search(
                rf"^{re.escape(name)}(\[[^]]*\])?{re.escape(version)}", pins, re.MULTILINE
            ):
                yield (
                    f"requirements/{source.name}: {line!r} is not pinned in {pinned.name}; "
                    "run make lock"
                )


def _find_forbidden() -> Iterator[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file() or path.resolve() == (ROOT / "scripts" / "check_repo.py"):
            continue
        content = path.read_bytes()
        for what, pattern in _FORBIDDEN.items():
            if found := pattern.search(content):
                line = content.count(b"\n", 0, found.start()) + 1
                yield f"{name}:{line}: {what}: {found.group().decode(errors='replace')!r}"


def _check_readme() -> Iterator[str]:
    lines = len((ROOT / "README.md").read_text().splitlines())
    if lines > _README_LINES:
        yield f"README.md has {lines} lines; the limit is {_README_LINES}"


if __name__ == "__main__":
    main()
