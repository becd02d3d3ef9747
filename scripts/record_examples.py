"""Example responses of the OpenAPI document, recorded from the sample data.

    python -m scripts.record_examples --update | --check

A local deployment with `data/` serves one request per operation. Long lists are shortened, and
values that differ between deployments (times, signed URLs) are replaced.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any
from unittest import mock

from localdev.deployment import start_local_deployment
from localdev.paths import ROOT

FILE = ROOT / "chalicelib" / "openapi" / "examples.json"
_RUN = "/v1/generate/Zr49Cu49Al2/21"
_DATASET = {
    "name": "cuzr",
    "title": "Zr-Cu-Al glasses, converged cells",
    "where": {"nc": "Zr49Cu49Al2", "outcome": "DONE"},
}
_ADVISORY = {"kind": "deprecated", "reason": "The SCF cutoff was too low"}
_CONTENT_ID = "d030d13e02abed7e0c2188ad3159c3315a8cd9d3d3812ac9be7b309545681621"
_REQUESTS: tuple[tuple[str, str, str, Any], ...] = (
    ("whoami", "GET", "/v1/whoami", None),
    ("health", "GET", "/health", None),
    ("compositions", "GET", "/v1/compositions", None),
    ("dataset_info", "GET", "/v1/dataset-info", None),
    ("schedule_run", "POST", "/v1/generate/Zr49Cu49Al2", {"count": 1}),
    ("augment", "POST", f"{_RUN}/augment", {"sub_runs": ["13"]}),
    ("status", "GET", f"{_RUN}/status", None),
    ("available", "GET", "/v1/generate/available", None),
    ("summary", "GET", "/v1/summary", None),
    ("find_sub_runs", "GET", "/v1/sub-runs?deformation=reference,isotropic", None),
    ("download_sub_run 202", "GET", f"{_RUN}/0/download", None),
    ("download_sub_run", "GET", f"{_RUN}/0/download?wait=20", None),
    ("download_run 202", "GET", f"{_RUN}/download?sub_runs=0,13", None),
    ("download_run", "GET", f"{_RUN}/download?sub_runs=0,13&wait=20", None),
    ("sub_run_manifest", "GET", f"{_RUN}/0/manifest", None),
    ("run_manifest", "GET", f"{_RUN}/manifest?sub_runs=0,13", None),
    ("sub_run_bonds", "GET", f"{_RUN}/0/bonds?limit=2", None),
    ("sub_run_file", "GET", f"{_RUN}/0/files/Zr49Cu49Al2.scf.in", None),
    ("sub_run_file_text", "GET", f"{_RUN}/0/files/LOB_run/text", None),
    ("create_dataset 202", "POST", "/v1/datasets", _DATASET),
    ("create_dataset 201", "POST", "/v1/datasets", _DATASET),
    ("create_dataset", "POST", "/v1/datasets", _DATASET),
    ("list_datasets", "GET", "/v1/datasets", None),
    ("dataset_versions", "GET", "/v1/datasets/cuzr", None),
    ("dataset_version", "GET", "/v1/datasets/cuzr/latest", None),
    ("download_dataset", "GET", "/v1/datasets/cuzr/1.0.0/download", None),
    ("diff_datasets", "GET", "/v1/datasets/cuzr/1.0.0/diff/latest", None),
    ("datasets_by_content", "GET", f"/v1/datasets/by-content/{_CONTENT_ID}", None),
    ("dataset_selection", "GET", "/v1/datasets/cuzr/1.0.0/selection", None),
    ("add_advisory 201", "POST", "/v1/datasets/cuzr/1.0.0/advisories", _ADVISORY),
    ("add_advisory", "POST", "/v1/datasets/cuzr/1.0.0/advisories", _ADVISORY),
    ("delete_dataset", "DELETE", "/v1/datasets/cuzr/1.0.0?reason=Created+by+mistake", None),
    ("", "POST", "/v1/datasets", {**_DATASET, "title": "Zr-Cu-Al glasses"}),
    ("set_dataset_doi", "PATCH", "/v1/datasets/cuzr/latest", {"doi": "10.5281/zenodo.1234567"}),
)
_LIST_ITEMS = 3
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
_URL = re.compile(r"http://[^/]+(/[^?]+)\?.*")
_SIGNED = (
    r"https://s3.example.org\1?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261123T070809Z"
    "&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=5f0c"
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--update", action="store_true", help="write the file")
    mode.add_argument("--check", action="store_true", help="fail if a response differs")
    text = json.dumps(dict(record()), indent=1, ensure_ascii=False) + "\n"
    if parser.parse_args().update:
        FILE.write_text(text)
    elif FILE.read_text() != text:
        sys.exit(
            f"{FILE.relative_to(ROOT)} differs from the responses of the API; run "
            "python -m scripts.record_examples --update and review the difference"
        )


def record() -> Iterator[tuple[str, Any]]:
    """Yield the operation ids, and their responses to a request on the sample data."""
    log = ROOT / ".local" / "examples.log"
    log.parent.mkdir(exist_ok=True)
    with (
        # All archives are built in the background.
        mock.patch.dict(os.environ, {"BUILD_INLINE_MAX_BYTES": "0"}),
        start_local_deployment(ROOT / "data", job_run_time_seconds=300, log=log) as running,
    ):
        for operation_id, method, path, body in _REQUESTS:
            request = urllib.request.Request(
                running.api_url + path,
                json.dumps(body).encode() if body else None,
                {"Content-Type": "application/json"},
                method=method,
            )
            try:
                if "wait=" in path:  # so that the recorded archive is always a finished one
                    urllib.request.urlopen(request, timeout=60).close()
                while True:
                    with urllib.request.urlopen(request, timeout=60) as response:
                        content = _normalize(json.load(response))
                    if response.status != 202 or operation_id.endswith("202"):
                        break
                if operation_id:
                    yield operation_id, content
            except urllib.error.HTTPError as error:
                sys.exit(f"{method} {path}: {error.read().decode()}")


def _normalize(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _normalize(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_normalize(each) for each in value[:_LIST_ITEMS]]
    if isinstance(value, str):
        return _TIME.sub("2026-11-23T07:08:09.123456+00:00", _URL.sub(_SIGNED, value))
    return value


if __name__ == "__main__":
    main()
