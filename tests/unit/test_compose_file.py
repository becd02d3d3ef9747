"""What the Compose file must hold, so that it runs without an account, checks signatures, and opens nothing to the network."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from localdev.paths import ROOT
from server.provision import data_files

_TEXT = (ROOT / "docker-compose.yml").read_text()
_SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(_TEXT)["services"]
_RUNS_ONCE = {"data-client"}

each_service = pytest.mark.parametrize("name", _SERVICES)
each_built_service = pytest.mark.parametrize(
    "name", [name for name in _SERVICES if "build" in _SERVICES[name]]
)


def dockerfile_of(name: str) -> str:
    path: str = _SERVICES[name]["build"]["dockerfile"]
    return (ROOT / path).read_text()


def copied_into(name: str) -> list[str]:
    """The sources of the COPY lines of a service's Dockerfile."""
    lines = re.findall(r"^COPY (?:--\S+ )*(.+) \S+$", dockerfile_of(name), re.MULTILINE)
    return [source for line in lines for source in line.split()]


def test_the_services_are_the_stores_the_api_and_its_client() -> None:
    assert set(_SERVICES) == {"localstack", "dataops-api", "data-client"}


def test_localstack_is_the_last_version_that_needs_no_account() -> None:
    assert _SERVICES["localstack"]["image"] == "localstack/localstack:4.14.0"
    assert "AUTH_TOKEN" not in _TEXT
    assert "API_KEY" not in _TEXT


def test_localstack_checks_presigned_urls_and_reports_nothing_home() -> None:
    environment = _SERVICES["localstack"]["environment"]
    assert environment["S3_SKIP_SIGNATURE_VALIDATION"] == "0"
    assert environment["DISABLE_EVENTS"] == "1"
    assert set(environment["SERVICES"].split(",")) == {"s3", "dynamodb"}


def test_urls_are_signed_for_the_address_that_is_published() -> None:
    environment = _SERVICES["dataops-api"]["environment"]
    assert environment["S3_PUBLIC_ENDPOINT"] == "http://localhost:4566"
    assert environment["AWS_ENDPOINT_URL"] == "http://localstack:4566"
    assert "127.0.0.1:4566:4566" in _SERVICES["localstack"]["ports"]


def test_the_client_reaches_the_published_address_through_localstacks_network() -> None:
    client = _SERVICES["data-client"]
    assert client["network_mode"] == "service:localstack"
    assert client["environment"]["DATAOPS_URL"] == "http://dataops-api:8000"
    assert not {"ports", "networks"} & set(client), (
        "a service in another's network has none of its own"
    )


@each_service
def test_ports_are_published_on_the_loopback_address_only(name: str) -> None:
    assert all(str(port).startswith("127.0.0.1:") for port in _SERVICES[name].get("ports", []))
    assert _SERVICES[name].get("network_mode") != "host"


@each_service
def test_an_init_process_passes_signals_on(name: str) -> None:
    assert _SERVICES[name]["init"] is True


@each_service
def test_what_stays_up_tells_when_it_is_healthy(name: str) -> None:
    assert ("healthcheck" in _SERVICES[name]) is (name not in _RUNS_ONCE)


@each_service
def test_nothing_starts_before_what_it_needs_is_healthy(name: str) -> None:
    before = {
        "localstack": set[str](),
        "dataops-api": {"localstack"},
        "data-client": {"dataops-api"},
    }[name]
    needed = _SERVICES[name].get("depends_on", {})
    assert needed == {other: {"condition": "service_healthy"} for other in before}


@each_service
def test_no_container_controls_docker(name: str) -> None:
    assert "docker.sock" not in str(_SERVICES[name])
    assert not _SERVICES[name].get("privileged")


def test_the_data_cannot_be_written_to() -> None:
    assert _SERVICES["dataops-api"]["volumes"] == ["./data:/data:ro"]


def test_the_extracted_files_come_out() -> None:
    assert _SERVICES["data-client"]["volumes"] == ["./client_output:/app/output"]
    assert '"--output", "/app/output"' in dockerfile_of("data-client")


def test_the_client_fetches_every_composition_of_the_sample() -> None:
    found = {
        path.relative_to(ROOT / "data").parts[0].removesuffix("-SOAPS")
        for path in data_files(ROOT / "data")
    }
    command = re.search(r"^CMD \[(.+)\]$", dockerfile_of("data-client"), re.MULTILINE)
    assert command
    assert set(re.findall(r'"([^"]+)"', command.group(1))) == found


@each_built_service
def test_images_install_nothing_that_is_not_pinned(name: str) -> None:
    for line in re.findall(r"^RUN (.*pip install.*)$", dockerfile_of(name), re.MULTILINE):
        if "--require-hashes" in line:
            pins = (ROOT / "requirements" / line.split()[-1]).read_text()
            assert "--hash=sha256:" in pins
        else:
            assert "--no-deps --no-build-isolation ./client" in line


@each_built_service
def test_commands_are_not_wrapped_in_a_shell_that_would_keep_signals(name: str) -> None:
    commands = re.findall(r"^(?:CMD|ENTRYPOINT) (.*)$", dockerfile_of(name), re.MULTILINE)
    assert commands
    assert all(command.startswith("[") for command in commands)
    assert all("exec python" in command for command in commands if '"sh"' in command)


@each_built_service
def test_what_an_image_copies_is_in_its_context(name: str) -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    admitted = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    for source in copied_into(name):
        assert source == "." or source in admitted
    assert all((ROOT / path).exists() for path in admitted)


@pytest.mark.parametrize("file", ["docker-compose.yml", "deploy/docker-compose.durable.yml"])
def test_the_server_has_time_to_complete_requests_when_it_is_stopped(file: str) -> None:
    api = yaml.safe_load((ROOT / file).read_text())["services"]["dataops-api"]
    assert int(api["stop_grace_period"].removesuffix("s")) > 30
    assert "exec python -m server.run" in (ROOT / api["build"]["dockerfile"]).read_text(), (
        "what tests/component tests"
    )


def test_the_api_does_not_run_as_root() -> None:
    assert re.search(r"^USER (?!0|root)", dockerfile_of("dataops-api"), re.MULTILINE)


def test_compose_of_any_age_reads_the_file() -> None:
    """Docker-compose 1.27 and newer take a file without a version, and Compose 2 warns of one."""
    assert not re.search(r"^version:", _TEXT, re.MULTILINE)
