"""The files of a release, in dist/release/, with their checksums.

    python -m scripts.release --check VERSION    fail unless versions and changelog agree with it
    python -m scripts.release --collect          collect what `make release` has built

Release notes are the section of the version in CHANGELOG.md.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
import tarfile
from pathlib import Path

from chalicelib.version import VERSION
from localdev.paths import ROOT

DIST = ROOT / "dist"
_STAGES = ("prod-arm64", "prod-x86_64")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", metavar="VERSION")
    mode.add_argument("--collect", action="store_true")
    arguments = parser.parse_args()
    if arguments.check:
        findings = find_differences(arguments.check)
        print("\n".join(findings), end="\n" if findings else "")
        sys.exit(bool(findings))
    collect(DIST / "release")


def find_differences(version: str) -> list[str]:
    """Return what does not agree with the version of a release."""
    text = (ROOT / "client" / "dataops_client" / "_version.py").read_text()
    found = {
        "chalicelib/version.py": VERSION,
        "client/dataops_client/_version.py": re.findall(r'"(.+)"', text)[-1],
    }
    findings = [
        f"{path} has {value}, not {version}" for path, value in found.items() if value != version
    ]
    if not get_notes(version):
        findings.append(f"CHANGELOG.md has no section [{version}]")
    return findings


def get_notes(version: str) -> str:
    """Return the section of a version in the changelog, without its heading; empty if missing."""
    text = (ROOT / "CHANGELOG.md").read_text()
    found = re.search(
        rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## \[|\Z)", text, re.MULTILINE | re.DOTALL
    )
    return found[1].strip() if found else ""


def collect(output: Path) -> None:
    """Write the files of the release to `output`, and the notes next to it."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    for stage in _STAGES:
        with tarfile.open(output / f"dataops-api-{VERSION}-{stage}.tar.gz", "w:gz") as archive:
            for name in ("deployment.zip", "template.json"):
                archive.add(DIST / stage / name, arcname=f"{stage}/{name}")
    with tarfile.open(output / f"dataops-docs-{VERSION}.tar.gz", "w:gz") as archive:
        archive.add(ROOT / "site", arcname="site")
    for path in sorted((DIST / "python").glob("*")):
        shutil.copyfile(path, output / path.name)
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(output.iterdir())
    ]
    (output / "SHA256SUMS").write_text("".join(lines))
    (output.parent / "release-notes.md").write_text(get_notes(VERSION) + "\n")
    print(f"{output.relative_to(ROOT)}: {len(lines)} files")


if __name__ == "__main__":
    main()
