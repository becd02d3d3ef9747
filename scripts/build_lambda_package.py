"""Build of a Lambda package and its CloudFormation template, in dist/<stage>-<arch>/.

    make package STAGE=dev|prod [ARCH=x86_64|arm64]
    python -m scripts.build_lambda_package --stage STAGE [--arch ARCH] [--output FOLDER]

Chalice builds both from a copy that contains the runtime files only. pip fetches the wheels for
Python 3.13 on Amazon Linux 2023 by the hashes of requirements.txt, on any local Python and system.
Chalice itself only warns about a missing wheel, and packages what was compiled on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from chalicelib.api.gateway_responses import build_gateway_responses
from chalicelib.settings import allowed_origins, auth_mode
from localdev.paths import ROOT

from .lambda_package_content import (
    ARCHITECTURES,
    RUNTIME,
    find_missing,
    find_unexpected,
    remove_unused_files,
)

_GLIBC = ("manylinux_2_28", "manylinux_2_24", "manylinux_2_17", "manylinux2014")
"""Amazon Linux 2023 has glibc 2.34."""


class PackageError(Exception):
    """The package cannot be built or is invalid."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--stage",
        required=True,
        help="stage of .chalice/config.json: dev or prod",
    )
    parser.add_argument("--arch", default="x86_64", choices=ARCHITECTURES)
    parser.add_argument("--output", type=Path, help="default: dist/<stage>-<arch>")
    parser.add_argument(
        "--allow-open",
        action="store_true",
        help="allow a stage with AUTH=none: ANYBODY can read and schedule",
    )
    arguments = parser.parse_args()
    output = arguments.output or ROOT / "dist" / f"{arguments.stage}-{arguments.arch}"
    try:
        build_package(arguments.stage, arguments.arch, output, allow_open=arguments.allow_open)
    except PackageError as error:
        sys.exit(f"{arguments.stage}: {error}")
    size = (output / "deployment.zip").stat().st_size
    print(
        f"{output}: template.json, and deployment.zip with {size / 1e6:.1f} MB "
        f"for {RUNTIME} on {arguments.arch}"
    )


def build_package(stage: str, arch: str, output: Path, *, allow_open: bool = False) -> None:
    """Write `deployment.zip` and `template.json` to `output`. PackageError if they are invalid."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    require_authentication(config, stage, allow_open=allow_open)
    with tempfile.TemporaryDirectory() as folder:
        project, result = Path(folder) / "project", Path(folder) / "result"
        _copy_project(project, config, stage, arch)
        fetch_wheels(ROOT / "requirements.txt", project / "vendor", arch)
        remove_unused_files(project / "vendor")
        _run_chalice(project, stage, result)
        findings = [
            *find_unexpected(result / "deployment.zip"),
            *find_missing(result / "deployment.zip", ROOT / "requirements.txt", arch),
        ]
        if findings:
            raise PackageError("invalid package:\n  " + "\n  ".join(findings))
        template = yaml.safe_load((result / "sam.yaml").read_text())
        _complete_template(template, config["stages"][stage]["environment_variables"])
        output.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(result / "deployment.zip", output / "deployment.zip")
        (output / "template.json").write_text(json.dumps(template, indent=2) + "\n")


def require_authentication(config: dict[str, Any], stage: str, *, allow_open: bool) -> None:
    """Raise PackageError unless the stage has functions and configures its authentication."""
    deployed = [
        name for name, settings in config["stages"].items() if "lambda_functions" in settings
    ]
    if stage not in deployed:
        raise PackageError(f"unknown stage: expected one of {', '.join(deployed)}")
    auth = config["stages"][stage].get("environment_variables", {}).get("AUTH")
    if auth in ("token", "iam"):
        return
    if auth != "none":
        raise PackageError(
            f"invalid AUTH={auth!r} in .chalice/config.json: expected 'token' or 'iam'"
        )
    if not allow_open:
        raise PackageError(
            "AUTH=none would let ANYBODY read and schedule; set AUTH, or package with --allow-open "
            "(make package OPEN=yes)"
        )
    print(
        f"WARNING: {stage} has AUTH=none: ANYBODY with its address can read and schedule",
        file=sys.stderr,
    )


def fetch_wheels(requirements: Path, target: Path, arch: str) -> None:
    """Unpack the pinned wheels for Lambda. PackageError if one is missing or its hash differs."""
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
        raise PackageError(f"cannot fetch wheels for {RUNTIME} on {arch}:\n{done.stderr}")


def _copy_project(project: Path, config: dict[str, Any], stage: str, arch: str) -> None:
    """Copy the sources, policies and resources, with the processor in the settings of the stage."""
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
    for path in project.rglob("*"):  # readable for the user of Lambda, with any local umask
        path.chmod(0o755 if path.is_dir() else 0o644)


def _run_chalice(project: Path, stage: str, result: Path) -> None:
    """Run `chalice package`, which imports the app: it only reads two settings of the stage."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name not in ("AUTH", "ALLOWED_ORIGINS")
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
        str(result),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or "Could not install" in done.stdout:
        raise PackageError(f"chalice package failed:\n{done.stdout}{done.stderr}")


def _complete_template(template: dict[str, Any], variables: Mapping[str, str]) -> None:
    """Set the runtime (Chalice uses the version of the local Python) and add gateway responses."""
    responses = build_gateway_responses(
        auth_mode(variables), allows_origins=bool(allowed_origins(variables))
    )
    for resource in _select_type(template, "AWS::Serverless::Function"):
        resource["Properties"]["Runtime"] = RUNTIME
    for resource in _select_type(template, "AWS::Serverless::Api"):
        resource["Properties"]["DefinitionBody"]["x-amazon-apigateway-gateway-responses"] = (
            responses
        )


def _select_type(template: dict[str, Any], kind: str) -> Iterable[dict[str, Any]]:
    return [resource for resource in template["Resources"].values() if resource["Type"] == kind]


if __name__ == "__main__":
    main()
