"""Metrics in log lines, in the Embedded Metric Format of CloudWatch.

CloudWatch extracts them from the log of a Lambda function, without calls or a library. Format:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

_UNITS = {"duration_ms": "Milliseconds", "build_bytes": "Bytes", "build_seconds": "Seconds"}
_REQUEST_DIMENSIONS = ["route", "method"]


def get_namespace() -> str:
    """Return the setting METRICS_NAMESPACE; empty if log lines contain no metrics."""
    return os.environ.get("METRICS_NAMESPACE", "").strip()


def embed_metrics(
    namespace: str, counters: Mapping[str, float], *, request: bool = False
) -> dict[str, Any]:
    """Return the fields that make CloudWatch read metrics from a log line.

    `counters` have no dimensions. With `request`, the line has the fields `duration_ms`, `route`
    and `method`: the number of samples of `duration_ms` is that of the requests.
    """
    directives = []
    if request:
        directives.append(_directive(namespace, [_REQUEST_DIMENSIONS], ["duration_ms"]))
    if counters:
        directives.append(_directive(namespace, [[]], counters))
    if not directives:
        return {}
    timestamp = int(time.time() * 1000)
    return {**counters, "_aws": {"Timestamp": timestamp, "CloudWatchMetrics": directives}}


def _directive(
    namespace: str, dimensions: list[list[str]], names: Mapping[str, float] | list[str]
) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in names]
    return {"Namespace": namespace, "Dimensions": dimensions, "Metrics": metrics}
