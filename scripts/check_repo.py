"""The checks of `make check` that are our own: generated files, pins, and what must not be in the tree."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

from localdev.paths import ROOT

_GENERATED = (
    ["data/make_sample.py", "--check"],
    ["-m", "scripts.export_openapi", "--check"],
    ["-m", "scripts.vendor_swagger_ui", "--check"],
)
_README_LINES = 150
_FORBIDDEN = {
    "the address of a package registry": re.compile(
        rb"--(?:extra-)?index-url|files\.pythonhosted|registry\.npmjs|pypi\.org/simple"
    ),
    "a path of one machine": re.compile(rb"(?<![\w.$}-])/(?:work|farm|root)/[\w.]"),
}
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?(==[^\s;#]+)?", re.MULTILINE)


def main() -> None:
    findings = [*_stale(), *_unpinned(), *_forbidden(), *_long_readme()]
    for finding in findings:
        print(finding)
    sys.exit(bool(findings))


def _stale() -> Iterator[str]:
    for command in _GENERATED:
        done = subprocess.run(
            [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            yield f"{' '.join(command)}: not up to date (--update writes it)\n{done.stdout}{done.stderr}".rstrip()


def _unpinned() -> Iterator[str]:
    """Yield the requirements of the .in files that their pins do not satisfy."""
    for source in sorted((ROOT / "requirements").glob("*.in")):
        pinned = (
            ROOT / "requirements.txt" if source.stem == "lambda" else source.with_suffix(".txt")
        )
        pins = pinned.read_text()
        wanted = [
            line
            for line in source.read_text().splitlines()
            if line and not line.startswith(("#", "-"))
        ]
        for line in wanted:
            match = _PIN.match(line)
            assert match, line
            name, version = match.group(1).lower().replace("_", "-"), match.group(2) or "=="
            if not re.search(
                rf"^{re.escape(name)}(\[[^]]*\])?{re.escape(version)}", pins, re.MULTILINE
            ):
                yield f"requirements/{source.name}: {line!r} is not pinned in {pinned.name}: run make lock"


def _forbidden() -> Iterator[str]:
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


def _long_readme() -> Iterator[str]:
    lines = len((ROOT / "README.md").read_text().splitlines())
    if lines > _README_LINES:
        yield f"README.md has {lines} lines: at most {_README_LINES}"


if __name__ == "__main__":
    main()
