"""Settings of the Compose files and images that running them does not prove.

Exposure, privileges, pins, data safety.

`make test-compose` runs both files and proves the rest.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from localdev.paths import ROOT

SAMPLE, DURABLE = "docker-compose.yml", "deploy/docker-compose.durable.yml"
TEXTS = {name: (ROOT / name).read_text() for name in (SAMPLE, DURABLE)}
SERVICES: dict[str, dict[str, dict[str, Any]]] = {
    name: yaml.safe_load(text)["services"] for name, text in TEXTS.items()
}
DOCS = (ROOT / "docs" / "how-to" / "self-host.md").read_text()

each_service = pytest.mark.parametrize(
    ("file", "name"), [(file, name) for file, services in SERVICES.items() for name in services]
)
each_image = pytest.mark.parametrize(
    "dockerfile",
    sorted(
        {
            service["build"]["dockerfile"]
            for services in SERVICES.values()
            for service in services.values()
            if "build" in service
        }
    ),
)


@each_service
def test_ports_are_published_on_the_loopback_address_only(file: str, name: str) -> None:
    service = SERVICES[file][name]
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))
    assert service.get("network_mode") != "host"


def test_dynalite_is_not_published() -> None:
    assert "ports" not in SERVICES[DURABLE]["dynalite"]


@each_service
def test_no_container_is_privileged_or_controls_docker(file: str, name: str) -> None:
    service = SERVICES[file][name]
    assert "docker.sock" not in str(service)
    assert not service.get("privileged")


@each_image
def test_images_install_pinned_packages_only(dockerfile: str) -> None:
    text = (ROOT / dockerfile).read_text().replace("\\\n", " ")
    for line in re.findall(r"^RUN (.*pip install.*)$", text, re.MULTILINE):
        if "--require-hashes" in line:
            (pins,) = re.findall(r"-r (?:/\S+/)?(\w+\.txt)", line)
            assert "--hash=sha256:" in (ROOT / "requirements" / pins).read_text()
        else:
            assert "--no-deps --no-build-isolation ./client" in line


def test_the_npm_packages_of_dynalite_are_pinned_with_hashes() -> None:
    lock = json.loads((ROOT / "deploy" / "dynalite" / "package-lock.json").read_text())
    packages = [package for path, package in lock["packages"].items() if path]
    assert all(package.get("integrity", "").startswith("sha512-") for package in packages)
    assert "npm ci" in (ROOT / "deploy" / "dynalite.Dockerfile").read_text()


@each_image
def test_images_copy_only_what_dockerignore_admits(dockerfile: str) -> None:
    admitted = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    lines = re.findall(
        r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", (ROOT / dockerfile).read_text(), re.MULTILINE
    )
    for source in (source for line in lines for source in line.split()):
        assert source == "." or any(
            source.rstrip("/") == path or source.startswith(f"{path.rstrip('/')}/")
            for path in admitted
        ), source
    assert all((ROOT / path).exists() for path in admitted)


@pytest.mark.parametrize("file", SERVICES)
def test_the_api_has_time_to_complete_requests_when_it_is_stopped(file: str) -> None:
    api = SERVICES[file]["dataops-api"]
    assert int(api["stop_grace_period"].removesuffix("s")) > 30
    dockerfile = (ROOT / api["build"]["dockerfile"]).read_text()
    assert "exec python -m server.run" in dockerfile  # no shell in between keeps SIGTERM
    assert re.search(r"^USER (?!0|root)", dockerfile, re.MULTILINE)


def test_the_containers_cannot_change_the_sample() -> None:
    assert SERVICES[SAMPLE]["dataops-api"]["volumes"] == ["./data:/data:ro"]


def test_localstack_checks_signatures_and_sends_no_telemetry() -> None:
    environment = SERVICES[SAMPLE]["localstack"]["environment"]
    assert environment["S3_SKIP_SIGNATURE_VALIDATION"] == "0"
    assert environment["DISABLE_EVENTS"] == "1"


@pytest.mark.parametrize(("name", "volume"), [("seaweedfs", "objects"), ("dynalite", "runs")])
def test_durable_data_are_on_named_volumes(name: str, volume: str) -> None:
    assert SERVICES[DURABLE][name]["volumes"] == [f"{volume}:/data"]
    assert volume in yaml.safe_load(TEXTS[DURABLE])["volumes"]


def test_the_durable_api_requires_tokens_unless_configured_otherwise() -> None:
    assert SERVICES[DURABLE]["dataops-api"]["environment"]["AUTH"] == "${AUTH:-token}"


def test_seaweedfs_checks_links_against_the_public_address() -> None:
    """SeaweedFS checks signatures with the address that they were made for."""
    public = SERVICES[DURABLE]["dataops-api"]["environment"]["S3_PUBLIC_ENDPOINT"]
    assert SERVICES[DURABLE]["seaweedfs"]["environment"]["S3_EXTERNAL_URL"] == public


def test_the_documented_env_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    blocks = re.findall(r"^ *```bash\n(.*?)^ *```", DOCS, re.MULTILINE | re.DOTALL)
    (commands,) = (textwrap.dedent(block) for block in blocks if "install -m 600" in block)
    subprocess.run(["bash", "-euc", f"umask 022; {commands}"], cwd=tmp_path, check=True)
    env_file = tmp_path / ".env"
    assert env_file.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch(
        r"DATAOPS_ACCESS_KEY=\w+\nDATAOPS_SECRET_KEY=[0-9a-f]{48}\nDATA_DIR=/.+\n",
        env_file.read_text(),
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is missing")
def test_the_documented_unit_is_valid(tmp_path: Path) -> None:
    (unit,) = re.findall(r"^```ini\n(\[Unit\].*?)^```", DOCS, re.MULTILINE | re.DOTALL)
    path = tmp_path / "dataops.service"
    path.write_text(unit.replace("/usr/bin/docker", shutil.which("true") or ""))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_docs_list_the_variables_of_the_durable_file() -> None:
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", TEXTS[DURABLE]))
    rows = "\n".join(line for line in DOCS.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([A-Z0-9_]+)`", rows.replace("none: must be there", ""))) == used
