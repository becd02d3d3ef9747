"""Counts the calls of each request to S3 and DynamoDB by proxies, and computes their price."""

from __future__ import annotations

from collections import Counter

from .rows import RequestCalls
from .run import Run
from .samples import write_runs
from .service import Service, Stores, timed
from .store_proxy import DELAY_MS, delayed, read_calls

_NC = "Zn1"
_READ_UNIT, _WRITE_UNIT = 0.125e-6, 0.625e-6
_GET, _PUT = 0.4e-6, 5e-6
_PRICES = {
    "GetItem": _READ_UNIT,
    "Query": _READ_UNIT,
    "UpdateItem": _WRITE_UNIT,
    "PutItem": _WRITE_UNIT,
    "DeleteItem": _WRITE_UNIT,
    "GetObject": _GET,
    "HeadObject": _GET,
    "ListObjectsV2": _PUT,
    "PutObject": _PUT,
    "UploadPart": _PUT,
    "CreateMultipartUpload": _PUT,
    "CompleteMultipartUpload": _PUT,
    "DeleteObject": 0.0,
}
"""USD per call in us-east-1, for items of one unit."""
_REQUEST = 3.5e-6 + 0.2e-6
"""API Gateway (REST) and an invocation of Lambda."""
_GIGABYTE_SECOND = 16.6667e-6
"""Price per second of a function with 1 GB."""


def write_call_samples(stores: Stores) -> None:
    write_runs(stores, _NC, 3)


def get_cost(request: RequestCalls) -> float:
    """Return the price of a request on AWS in USD, without the transfer of data."""
    calls = sum(_PRICES[operation] * count for operation, count in request.calls.items())
    return _REQUEST + request.ms / 1e3 * _GIGABYTE_SECOND + calls


def count_calls(run: Run, proxied: Stores, service: Service) -> tuple[RequestCalls, ...]:
    """Send each request once, with 20 ms added to every store response."""
    sub_run_path = f"{run.path}/{run.sub_runs[0]}"
    requests = {
        "schedule, first of a process": ("POST", f"/v1/generate/{_NC}"),
        "schedule": ("POST", f"/v1/generate/{_NC}"),
        "augment": ("POST", f"{run.path}/augment"),
        "status, first": ("GET", f"{run.path}/status"),
        "status, again": ("GET", f"{run.path}/status"),
        "available?limit=100": ("GET", "/v1/generate/available?limit=100"),
        "manifest": ("GET", f"{sub_run_path}/manifest"),
        "bonds, first": ("GET", f"{sub_run_path}/bonds"),
        "bonds, again": ("GET", f"{sub_run_path}/bonds"),
        "download, first": ("GET", f"{sub_run_path}/download"),
        "download, again": ("GET", f"{sub_run_path}/download"),
        "whole run, first": ("GET", f"{run.path}/download"),
        "whole run, again": ("GET", f"{run.path}/download"),
    }

    def count(name: str, method: str, path: str) -> RequestCalls:
        for url in proxied.urls:
            read_calls(url)
        ms = timed(service.get, path, method) * 1e3
        calls = sum((read_calls(url) for url in proxied.urls), start=Counter[str]())
        return RequestCalls(name, ms, dict(sorted(calls.items())))

    with delayed(proxied.urls, DELAY_MS):
        return tuple(count(name, *request) for name, request in requests.items())
