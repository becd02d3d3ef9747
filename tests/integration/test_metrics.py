"""Metrics of requests and builds: in log lines for CloudWatch, and traces of callers."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.api.logs import LOG, JsonLines
from chalicelib.usecases.metrics import METRICS, Metric
from tests.support.api import Api

Z = "/v1/generate/Zr49Cu49Al2"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return the log lines of the service during the test."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    LOG.addHandler(handler)
    METRICS.take()  # those of other tests
    yield stream
    LOG.removeHandler(handler)


def last_line(log: io.StringIO) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(log.getvalue().splitlines()[-1])
    return line


def read_metrics(line: dict[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return units and values by name and dimensions, as CloudWatch reads them from a log line."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    assert abs(line["_aws"]["Timestamp"]) > 1_700_000_000_000
    for directive in line["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == "DataOps"
        for dimensions in directive["Dimensions"]:
            key = tuple(str(line[name]) for name in dimensions)
            for metric in directive["Metrics"]:
                assert isinstance(line[metric["Name"]], int | float)
                found.setdefault(key, {})[metric["Name"]] = (metric["Unit"], line[metric["Name"]])
    return found


def test_the_line_of_a_request_has_its_duration_and_builds(
    api: Api, store: Any, log: io.StringIO
) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/Zr49Cu49Al2.scf.in")
    api.post(Z)
    link = api.get(f"{Z}/21/0/download")
    metrics = read_metrics(last_line(log))
    route = ("/v1/generate/{nc}/{id_run}/{sub_run}/download", "GET")
    assert metrics[route].keys() == {"duration_ms"}
    assert metrics[route]["duration_ms"][0] == "Milliseconds"
    assert metrics[()]["builds"] == ("Count", 1)
    assert metrics[()]["build_bytes"] == ("Bytes", link["size_bytes"])
    assert metrics[()]["build_seconds"][0] == "Seconds"
    api.get(f"{Z}/21/0/download")
    assert read_metrics(last_line(log))[()] == {"archive_hits": ("Count", 1)}
    api.get("/v1/compositions")
    assert () not in read_metrics(last_line(log))


def test_a_failed_build_is_counted(api: Api, store: Any, log: io.StringIO) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/Zr49Cu49Al2.scf.in")
    api.post(Z)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chalicelib.usecases.archives.build_archive", lambda *_, **__: 1 / 0)
        assert api.problem("GET", f"{Z}/21/0/download")["code"] == "internal_error"
    assert read_metrics(last_line(log))[()] == {"build_failures": ("Count", 1)}


@pytest.mark.parametrize(
    ("header", "logged"),
    [
        (f"00-{TRACE}-{SPAN}-01", (TRACE, SPAN)),
        (f"cc-{TRACE}-{SPAN}-01-of a later version", (TRACE, SPAN)),
        (f"00-{TRACE.upper()}-{SPAN}-01", (None, None)),
        ("00-short-short-01", (None, None)),
        ("", (None, None)),
    ],
)
def test_the_trace_of_the_caller_is_logged(
    api: Api, log: io.StringIO, header: str, logged: tuple[str | None, str | None]
) -> None:
    api.call("GET", "/openapi.json", headers={"traceparent": header})
    line = last_line(log)
    assert (line.get("trace_id"), line.get("parent_id")) == logged


def test_without_a_namespace_a_line_has_no_metrics(
    api: Api, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.api.middleware.get_namespace", lambda: "")
    api.get("/openapi.json")
    assert "_aws" not in last_line(log)


def test_sinks_receive_counters_and_requests(api: Api) -> None:
    class Sink:
        def __init__(self) -> None:
            self.counters: list[tuple[Metric, float]] = []
            self.requests: list[tuple[str, str, int]] = []

        def add(self, metric: Metric, value: float) -> None:
            self.counters.append((metric, value))

        def add_request(self, route: str, method: str, status: int, seconds: float) -> None:
            assert seconds >= 0
            self.requests.append((route, method, status))

    sink = Sink()
    METRICS.subscribe(sink)
    try:
        METRICS.add(Metric.LEASE_TAKEOVERS)
        api.call("GET", f"{Z}/21/status")
    finally:
        METRICS.unsubscribe(sink)
    METRICS.add(Metric.LEASE_TAKEOVERS)
    assert sink.counters == [(Metric.LEASE_TAKEOVERS, 1)]
    assert sink.requests == [("/v1/generate/{nc}/{id_run}/status", "GET", 404)]
