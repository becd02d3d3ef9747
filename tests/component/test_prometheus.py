"""`/metrics` of the self-hosted server, and the dashboard that reads it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from chalicelib.usecases.metrics import Metric
from localdev.paths import ROOT
from tests.support.server import Server, server

DASHBOARD = ROOT / "deploy" / "grafana-dashboard.json"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def measured(request: pytest.FixtureRequest) -> Iterator[tuple[Server, str]]:
    with ExitStack() as stack:
        for _ in range(5):  # another process may take the port before the server does
            port = free_port()
            variables = {"METRICS_PORT": str(port), "WEB_WORKERS": str(request.param)}
            with suppress(AssertionError):
                running = stack.enter_context(server(variables))
                break
        yield running, f"http://127.0.0.1:{port}/metrics"


def scrape(url: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    with urllib.request.urlopen(url, timeout=30) as response:
        text = response.read().decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_of_all_workers_are_counted(measured: tuple[Server, str]) -> None:
    running, url = measured
    for _ in range(20):  # each on a connection of its own, so both workers get some
        with urllib.request.urlopen(f"{running.url}/openapi.json", timeout=60) as response:
            response.read()
    samples = scrape(url)
    labels = {("route", "/openapi.json"), ("method", "GET")}
    assert samples["dataops_requests_total", frozenset({*labels, ("status", "200")})] == 20
    assert samples["dataops_request_seconds_count", frozenset(labels)] == 20


def test_every_counter_is_exported_before_its_first_event(measured: tuple[Server, str]) -> None:
    names = {name for name, _ in scrape(measured[1])}
    assert {f"dataops_{metric}_total" for metric in Metric} <= names
    assert "dataops_info" in names


def test_the_guide_lists_exactly_the_metrics() -> None:
    guide = (ROOT / "docs" / "how-to" / "monitor.md").read_text()
    rows = re.findall(r"^\| (`dataops_.*?) \|", guide, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    labelled = {"dataops_requests_total", "dataops_request_seconds", "dataops_info"}
    assert listed == {f"dataops_{metric}_total" for metric in Metric} | labelled
    cloudwatch = guide.partition("## CloudWatch")[2]
    assert [metric for metric in Metric if f"`{metric}`" not in cloudwatch] == []


def test_the_port_of_the_api_does_not_serve_metrics(measured: tuple[Server, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{measured[0].url}/metrics", timeout=30)
    assert raised.value.code == 404
    raised.value.close()


def test_every_query_of_the_dashboard_names_exported_metrics(
    measured: tuple[Server, str],
) -> None:
    queries = [
        target["expr"]
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel.get("targets", [])
    ]
    used = {name for query in queries for name in re.findall(r"dataops_\w+", query)}
    assert len(queries) >= 8
    assert {f"dataops_{metric}_total" for metric in Metric} <= used
    with urllib.request.urlopen(f"{measured[0].url}/openapi.json", timeout=60) as response:
        response.read()  # metrics with labels are exported from their first request on
    exported = {name for name, _ in scrape(measured[1])}
    assert used <= exported


def test_the_compose_file_publishes_the_port_that_prometheus_scrapes() -> None:
    files = ("docker-compose.metrics.yml", "docker-compose.durable.yml", "prometheus.yml")
    added, durable, scraped = (
        yaml.safe_load((ROOT / "deploy" / name).read_text()) for name in files
    )
    ((service, settings),) = added["services"].items()
    assert service in durable["services"]
    port = settings["environment"]["METRICS_PORT"]
    assert settings["ports"] == [f"127.0.0.1:${{METRICS_PORT:-{port}}}:{port}"]
    assert scraped["scrape_configs"][0]["static_configs"] == [{"targets": [f"localhost:{port}"]}]


@pytest.mark.parametrize("port", ["abc", "0", "70000"])
def test_an_invalid_port_ends_the_server_with_a_message(port: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server.run", "--port", "0"],
        env={**os.environ, "METRICS_PORT": port},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == f"invalid METRICS_PORT='{port}': expected a port, 1 to 65535"


def test_a_port_that_is_in_use_ends_the_server_with_a_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "server.run", "--port", "0"],
            env={**os.environ, "METRICS_PORT": str(port)},
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            check=False,
        )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port} (METRICS_PORT)" in done.stderr
