"""Metrics: what use cases and requests report, like log messages, to the sinks of the process.

`METRICS` belongs to the process, as a logger does. It connects to nothing: entry points subscribe
sinks (Prometheus), and the log line of each request takes the counters (CloudWatch).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, Self


class Metric(StrEnum):
    """Counters, with their descriptions. All are sums since the process started."""

    description: str

    def __new__(cls, value: str, description: str) -> Self:
        metric = str.__new__(cls, value)
        metric._value_ = value
        metric.description = description
        return metric

    ARCHIVE_HITS = "archive_hits", "Links to archives that already existed"
    BUILDS = "builds", "Archives that were built"
    BUILD_FAILURES = "build_failures", "Builds that ended with an error"
    BUILD_BYTES = "build_bytes", "Bytes of the archives that were built"
    BUILD_SECONDS = "build_seconds", "Time that the builds took, in seconds"
    BUILDS_QUEUED = "builds_queued", "Builds, and steps of freezes, that were submitted"
    BUILDS_DEQUEUED = "builds_dequeued", "Builds, and steps of freezes, that the background started"
    LEASE_TAKEOVERS = "lease_takeovers", "Builds continued after another builder stopped"


class MetricSink(Protocol):
    """Receives metrics, from several threads."""

    def add(self, metric: Metric, value: float) -> None:
        """Increase a counter."""

    def add_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request. `route` is a pattern such as `/v1/generate/{nc}`."""


class Metrics:
    """Counters, forwarded to all sinks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: Counter[Metric] = Counter()
        self._sinks: list[MetricSink] = []

    def subscribe(self, sink: MetricSink) -> None:
        """Send all further metrics to `sink` as well."""
        self._sinks.append(sink)

    def unsubscribe(self, sink: MetricSink) -> None:
        """Send no further metrics to `sink`."""
        self._sinks.remove(sink)

    def add(self, metric: Metric, value: float = 1) -> None:
        """Increase a counter."""
        with self._lock:
            self._pending[metric] += value  # type: ignore[assignment] # Counter sums floats, too
        for sink in self._sinks:
            sink.add(metric, value)

    def add_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request and its duration."""
        for sink in self._sinks:
            sink.add_request(route, method, status, seconds)

    def take(self) -> Mapping[str, float]:
        """Return the counters that were increased since the last call, and reset them."""
        with self._lock:
            taken = {str(metric): value for metric, value in self._pending.items()}
            self._pending.clear()
        return taken


METRICS = Metrics()
