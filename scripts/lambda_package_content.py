"""Content of a Lambda package: what it must contain, what it may contain, and what is removed.

The checks cover `deployment.zip`, which chalice writes from app.py, chalicelib and the pinned
wheels.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

RUNTIME = "python3.13"
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's names of the processors, and those in the names of wheels."""
_ELF_MACHINES = {"x86_64": b"\x3e\0", "arm64": b"\xb7\0"}
"""The field e_machine, at offset 18 of a compiled module."""
MAX_ZIP_BYTES = 15_000_000
_SERVICES = ("dynamodb", "lambda", "s3")
"""The services that `chalicelib.adapters.aws` calls, of the 25 MB of service models in botocore."""
_REMOVED = re.compile(
    r"(^|/)(__pycache__|tests?|examples|bin|isa-l|emscripten)/"
    r"|\.(pyi|pyc|pxd|pyx|c|h|rst|typed)$"
    r"|(^|/)(RECORD|INSTALLER|REQUESTED|WHEEL|top_level\.txt|zip-safe|sboms/[^/]+)$"
)
_ALLOWED = re.compile(
    r"app\.py|chalice/(app|__init__)\.py"
    r"|chalicelib/[\w/.-]+\.(py|js|css|html|svg)|chalicelib/openapi/examples\.json|chalicelib/static/[\w/.-]+/LICENSE"
    r"|(boto3|botocore|dateutil|isal|jmespath|msgspec|obstore|s3transfer|urllib3)"
    r"/[\w/.@-]+\.(py|so|json|pem|gz)|(six|typing_extensions)\.py"
    # Vulnerability scanners read the metadata, and the licences require their text.
    r"|[\w.-]+\.dist-info/(METADATA|(licenses/)?(LICENSE|NOTICE)[\w.]*)"
)


def remove_unused_files(site_packages: Path) -> None:
    """Remove other services of botocore, the resources of boto3, and files that are not Python."""
    for service in (site_packages / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in _SERVICES:
            shutil.rmtree(service)
    shutil.rmtree(site_packages / "boto3" / "data")
    for path in sorted(site_packages.rglob("*"), reverse=True):
        relative = path.relative_to(site_packages).as_posix()
        if path.is_file() and _REMOVED.search(relative):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def find_unexpected(package: Path) -> Iterator[str]:
    """Yield a finding for each file that is not allowed, and if the package is too large."""
    with zipfile.ZipFile(package) as archive:
        for name in archive.namelist():
            if not _ALLOWED.fullmatch(name):
                yield f"{name!r} is not allowed in the package"
    size = package.stat().st_size
    if size > MAX_ZIP_BYTES:
        yield f"the package has {size} bytes; the limit is {MAX_ZIP_BYTES}"


def find_missing(package: Path, requirements: Path, arch: str) -> Iterator[str]:
    """Yield a finding for each missing distribution, and for modules compiled for another CPU."""
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
    present = {
        name.split("-")[0].lower().replace("_", "-") for name in names if ".dist-info/" in name
    }
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", requirements.read_text(), re.MULTILINE):
        if name.lower().replace("_", "-") not in present:
            yield f"{name!r} is pinned, but missing"
    version = RUNTIME.removeprefix("python").replace(".", "")
    suffix = f".cpython-{version}-{ARCHITECTURES[arch]}-linux-gnu.so"
    compiled = [name for name in names if name.endswith(".so")]
    if not compiled:
        yield "compiled modules are missing: isal, msgspec and obstore have some"
    for name in compiled:
        if name.endswith(".abi3.so"):  # for any version of Python
            with zipfile.ZipFile(package) as archive, archive.open(name) as module:
                if module.read(20)[18:] != _ELF_MACHINES[arch]:
                    yield f"{name!r} is not for {arch}"
        elif not name.endswith(suffix):
            yield f"{name!r} is not for {suffix}"
