"""Vendored copy of Swagger UI, so that /docs loads no files from other servers.

    python -m scripts.vendor_swagger_ui --update | --check

`--update` extracts the files from the wheel of `flask-swagger-ui`, which pip downloads. `--check`
compares their SHA-256 and requires no network. To change the version:

1. Set `_WHEEL` and `_WHEEL_SHA256`.
2. Run `--update`.
3. Enter the checksums that it prints.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from localdev.paths import ROOT

_WHEEL = "flask-swagger-ui==5.34.0"
_WHEEL_SHA256 = "63e4ecfee6345ca746c11c5341c6f2a1cbe271e518aac1659889cd3905b1110f"
FOLDER = ROOT / "chalicelib" / "static" / "swagger-ui"
FILES = {
    "swagger-ui-bundle.js": "3f6abf70480db7e07914df4c98a77385f22ea585eaf457a3e6415ba0eae2d167",
    "swagger-ui.css": "c3cfe8248c4b0b89673600fb829924eafbac6de4bc4b2b06f5f5243483074d0a",
    "LICENSE": "f3bafbe10a72b3d49c57ec1b7128abd1868d4c2fa0995858d909cb60898a7746",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument(
        "--update", action="store_true", help="download the wheel and write the files"
    )
    mode.add_argument("--check", action="store_true", help="fail if a checksum differs")
    if parser.parse_args().update:
        _update()
    findings = [
        f"{name}: SHA-256 {found}, expected {expected}"
        for name, expected in FILES.items()
        if (found := _sha256_of(name)) != expected
    ]
    print("\n".join(findings))
    sys.exit(bool(findings))


def _sha256_of(name: str) -> str:
    path = FOLDER / name
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "file missing"


def _update() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--dest",
            folder,
            _WHEEL,
        ]
        subprocess.run(command, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        if (found := hashlib.sha256(wheel.read_bytes()).hexdigest()) != _WHEEL_SHA256:
            sys.exit(f"{wheel.name}: SHA-256 {found}, expected {_WHEEL_SHA256}")
        FOLDER.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            for name in FILES:
                (FOLDER / name).write_bytes(archive.read(f"flask_swagger_ui/dist/{name}"))


if __name__ == "__main__":
    main()
