"""`make package STAGE=dev|prod [ARCH=x86_64|arm64]`: a Lambda package and its CloudFormation template, in dist/<stage>-<arch>/.

    python -m scripts.build_lambda_package --stage STAGE [--arch ARCH] [--output FOLDER] [--allow-open]

Chalice makes the template and the ZIP, from a copy that holds what runs and nothing else. The wheels are not left to it: it only
warns where one is missing, and takes what was compiled on this machine. pip fetches them for Python 3.13 on Amazon Linux 2023,
by the hashes of requirements.txt, whatever Python and system this runs on.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from chalicelib.api.gateway_responses import build_gateway_responses
from localdev.paths import ROOT

RUNTIME = "python3.13"
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
MAX_ZIP_BYTES = 15_000_000
_GLIBC = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")  # Amazon Linux 2023 has glibc 2.34
_SERVICES = ("dynamodb", "lambda", "s3")
"""What `chalicelib.adapters.aws` talks to: of the 25 MB of service descriptions in botocore, these are kept."""
_NOT_RUN = re.compile(
    r"(^|/)(__pycache__|tests?|examples|bin|isa-l|emscripten)/|\.(pyi|pyc|pxd|pyx|c|h|rst|typed)$"
    r"|(^|/)(RECORD|INSTALLER|REQUESTED|WHEEL|top_level\.txt|zip-safe)$"
)
_ALLOWED = re.compile(
    r"app\.py|chalice/(app|__init__)\.py|chalicelib/[\w/.-]+\.(py|js|css|html|svg)|chalicelib/static/[\w/.-]+/LICENSE"
    r"|(boto3|botocore|dateutil|isal|jmespath|msgspec|s3transfer|urllib3)/[\w/.@-]+\.(py|so|json|pem|gz)|six\.py"
    r"|[\w.-]+\.dist-info/(METADATA|(licenses/)?(LICENSE|NOTICE)[\w.]*)"  # what scanners read, and what the licences ask for
)


class PackageError(Exception):
    """The package would not be right; the message says why."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--stage",
        required=True,
        help="a stage of .chalice/config.json that is deployed: dev or prod",
    )
    parser.add_argument("--arch", default="x86_64", choices=ARCHITECTURES)
    parser.add_argument("--output", type=Path, help="default: dist/<stage>-<arch>")
    parser.add_argument(
        "--allow-open",
        action="store_true",
        help="package a stage with AUTH=none: ANYBODY can read and schedule",
    )
    arguments = parser.parse_args()
    output = arguments.output or ROOT / "dist" / f"{arguments.stage}-{arguments.arch}"
    try:
        package(arguments.stage, arguments.arch, output, allow_open=arguments.allow_open)
    except PackageError as error:
        sys.exit(f"{arguments.stage}: {error}")
    size = (output / "deployment.zip").stat().st_size
    print(
        f"{output}: template.json, and deployment.zip with {size / 1e6:.1f} MB for {RUNTIME} on {arguments.arch}"
    )


def package(stage: str, arch: str, output: Path, *, allow_open: bool = False) -> None:
    """Write `deployment.zip` and `template.json` into `output`. PackageError where they would not be what is to be deployed."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    require_authentication(config, stage, allow_open=allow_open)
    with tempfile.TemporaryDirectory() as folder:
        project, built = Path(folder) / "project", Path(folder) / "built"
        _copy_project(project, config, stage, arch)
        fetch_wheels(ROOT / "requirements.txt", project / "vendor", arch)
        _trim(project / "vendor")
        _run_chalice(project, stage, built)
        problems = [
            *unexpected(built / "deployment.zip"),
            *missing(built / "deployment.zip", ROOT / "requirements.txt", arch),
        ]
        if problems:
            raise PackageError("the package is not right:\n  " + "\n  ".join(problems))
        template = _template(yaml.safe_load((built / "sam.yaml").read_text()))
        output.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built / "deployment.zip", output / "deployment.zip")
        (output / "template.json").write_text(json.dumps(template, indent=2) + "\n")


def require_authentication(config: dict[str, Any], stage: str, *, allow_open: bool) -> None:
    """PackageError unless the stage is deployed (it has functions), and says how it lets callers in."""
    known = [name for name, settings in config["stages"].items() if "lambda_functions" in settings]
    if stage not in known:
        raise PackageError(f"not a stage that is deployed: expected one of {', '.join(known)}")
    auth = config["stages"][stage].get("environment_variables", {}).get("AUTH")
    if auth in ("token", "iam"):
        return
    if auth != "none":
        raise PackageError(f"AUTH={auth!r} in .chalice/config.json: expected 'token' or 'iam'")
    if not allow_open:
        raise PackageError(
            "AUTH=none would let ANYBODY read and schedule: set AUTH, or package with --allow-open (make package OPEN=yes)"
        )
    print(
        f"WARNING: {stage} is packaged with AUTH=none: ANYBODY who finds its address can read and schedule",
        file=sys.stderr,
    )


def fetch_wheels(requirements: Path, target: Path, arch: str) -> None:
    """Unpack the wheels that `requirements` pins, for Lambda. PackageError where there is no wheel, or its hash is another."""
    platforms = [
        argument
        for glibc in _GLIBC
        for argument in ("--platform", f"{glibc}_{ARCHITECTURES[arch]}")
    ]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-compile",
        "--no-deps",
    ]
    command += [
        "--require-hashes",
        "--only-binary=:all:",
        "--implementation",
        "cp",
        "--python-version",
        RUNTIME.removeprefix("python"),
    ]
    command += [*platforms, "--target", str(target), "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"wheels could not be had for {RUNTIME} on {arch}:\n{done.stderr}")


def unexpected(package_: Path) -> Iterator[str]:
    """What is in the package and should not be, or makes it too large."""
    with zipfile.ZipFile(package_) as archive:
        for name in archive.namelist():
            if not _ALLOWED.fullmatch(name):
                yield f"{name!r} is not known to run"
    size = package_.stat().st_size
    if size > MAX_ZIP_BYTES:
        yield f"it has {size} bytes: at most {MAX_ZIP_BYTES}"


def missing(package_: Path, requirements: Path, arch: str) -> Iterator[str]:
    """What should be in the package and is not: distributions that are pinned, and compiled modules for another Python or processor."""
    with zipfile.ZipFile(package_) as archive:
        names = archive.namelist()
    present = {
        name.split("-")[0].lower().replace("_", "-") for name in names if ".dist-info/" in name
    }
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", requirements.read_text(), re.MULTILINE):
        if name.lower().replace("_", "-") not in present:
            yield f"{name!r} is pinned and not there"
    suffix = f".cpython-{RUNTIME.removeprefix('python').replace('.', '')}-{ARCHITECTURES[arch]}-linux-gnu.so"
    compiled = [name for name in names if name.endswith(".so")]
    if not compiled:
        yield "no compiled module is there: isal and msgspec have some"
    yield from (f"{name!r} is not for {suffix}" for name in compiled if not name.endswith(suffix))


def _copy_project(project: Path, config: dict[str, Any], stage: str, arch: str) -> None:
    """What Chalice is to see: the sources, the policies and the resources; with the processor in the stage's settings."""
    shutil.copytree(
        ROOT / ".chalice",
        project / ".chalice",
        ignore=shutil.ignore_patterns("deployments", "deployed"),
    )
    config["stages"][stage]["lambda_architecture"] = arch
    (project / ".chalice" / "config.json").write_text(json.dumps(config))
    shutil.copyfile(ROOT / "app.py", project / "app.py")
    shutil.copytree(
        ROOT / "chalicelib",
        project / "chalicelib",
        ignore=shutil.ignore_patterns("__pycache__", ".*"),
    )
    for path in project.rglob("*"):  # Lambda runs as another user, whatever this one's umask is
        path.chmod(0o755 if path.is_dir() else 0o644)


def _trim(site_packages: Path) -> None:
    """Remove what does not run on Lambda: most of botocore's services, boto3's resources, and what is not Python."""
    for service in (site_packages / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in _SERVICES:
            shutil.rmtree(service)
    shutil.rmtree(site_packages / "boto3" / "data")
    for path in sorted(site_packages.rglob("*"), reverse=True):
        relative = path.relative_to(site_packages).as_posix()
        if path.is_file() and _NOT_RUN.search(relative):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _run_chalice(project: Path, stage: str, built: Path) -> None:
    """`chalice package`; the app is imported in it, which reads nothing but AUTH and connects to nothing."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name != "AUTH"
    }
    environment |= {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [
        sys.executable,
        "-c",
        "from chalice.cli import main; main()",
        "--project-dir",
        str(project),
        "package",
        "--stage",
        stage,
    ]
    command += [
        "--merge-template",
        str(project / ".chalice" / "resources" / "template.yaml"),
        str(built),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or "Could not install" in done.stdout:
        raise PackageError(f"chalice package failed:\n{done.stdout}{done.stderr}")


def _template(template: dict[str, Any]) -> dict[str, Any]:
    """Chalice's template for our runtime (it names that of the Python it runs on), with the gateway responses."""
    for resource in _of_type(template, "AWS::Serverless::Function"):
        resource["Properties"]["Runtime"] = RUNTIME
    for resource in _of_type(template, "AWS::Serverless::Api"):
        resource["Properties"]["DefinitionBody"]["x-amazon-apigateway-gateway-responses"] = (
            build_gateway_responses()
        )
    return template


def _of_type(template: dict[str, Any], kind: str) -> Iterable[dict[str, Any]]:
    return [resource for resource in template["Resources"].values() if resource["Type"] == kind]


if __name__ == "__main__":
    main()
