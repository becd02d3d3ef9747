"""The calls to S3 and DynamoDB of each request, counted by the proxies."""

from __future__ import annotations

from .run import Run
from .samples import write_runs
from .service import Service, Stores
from .store_proxy import read_calls

_NC = "Zn1"


def write_call_samples(stores: Stores) -> None:
    write_runs(stores, _NC, 3)


def count_calls(run: Run, proxied: Stores, service: Service) -> dict[str, dict[str, int]]:
    """Return the number of calls by operation, for each request."""
    sub_run = run.sub_runs[0]
    sub_run_path = f"{run.path}/{sub_run}"
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
        "download, warm": ("GET", f"{sub_run_path}/download"),
        "whole run, first": ("GET", f"{run.path}/download"),
        "whole run, warm": ("GET", f"{run.path}/download"),
    }
    run.delete_archives()
    counted: dict[str, dict[str, int]] = {}
    urls = (proxied.dynamodb_url, proxied.s3_url)
    for name, (method, path) in requests.items():
        for url in urls:
            read_calls(url)
        service.get(path, method)
        counted[name] = {
            operation: count for url in urls for operation, count in sorted(read_calls(url).items())
        }
    return counted
