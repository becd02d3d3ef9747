"""Metrics of the self-hosted server in Prometheus format, on a port of their own.

METRICS_PORT enables them. The port is separate, so that a proxy which publishes the API does not
publish them. Worker processes write to files of shared memory; the main process, which serves the
port, adds them up.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.usecases.metrics import METRICS, Metric
from chalicelib.version import VERSION

_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@contextmanager
def serve_metrics(host: str) -> Iterator[None]:
    """Serve `/metrics` on METRICS_PORT while the context is open; do nothing if it is unset.

    Open it before workers are started: they inherit the folder of the files.
    """
    text = os.environ.get("METRICS_PORT", "").strip()
    if not text:
        yield
        return
    if not text.isdecimal() or not 0 < int(text) < 65536:
        sys.exit(f"invalid METRICS_PORT={text!r}: expected a port, 1 to 65535")
    with tempfile.TemporaryDirectory(prefix="dataops-metrics-") as folder:
        os.environ[_DIRECTORY] = folder  # prometheus_client reads it when it is imported
        from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        try:
            server, thread = start_http_server(int(text), host, registry)
        except OSError as error:
            sys.exit(f"cannot listen on {host}:{text} (METRICS_PORT): {error.strerror}")
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def record_metrics() -> None:
    """Record the metrics of this worker process, if `serve_metrics` is open in the main process."""
    if os.environ.get(_DIRECTORY):
        METRICS.subscribe(_PrometheusSink())


class _PrometheusSink:
    """Implements `usecases.metrics.MetricSink`."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram  # noqa: PLC0415

        self._counters = {
            metric: Counter(f"dataops_{metric}", metric.description) for metric in Metric
        }
        self._requests = Counter(
            "dataops_requests", "Requests by route and status", ["route", "method", "status"]
        )
        self._seconds = Histogram(
            "dataops_request_seconds",
            "Duration of requests in seconds",
            ["route", "method"],
            buckets=_BUCKETS,
        )
        version = Gauge(
            "dataops_info", "Version of the API", ["version"], multiprocess_mode="livemostrecent"
        )
        version.labels(VERSION).set(1)

    def add(self, metric: Metric, value: float) -> None:
        self._counters[metric].inc(value)

    def add_request(self, route: str, method: str, status: int, seconds: float) -> None:
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)
