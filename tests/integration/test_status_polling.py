"""Conditional requests for a status, and requests that wait for its change, as callers see them."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from localdev.child_process import start_child_process
from localdev.paths import ROOT
from tests.support.api import Api, serving

RUN = "/v1/generate/Zr49Cu49Al2"
PATHS = (f"{RUN}/1/status", "/v1/generate/available?nc=Zr49Cu49Al2&id_run=1")
Store = Callable[..., None]


@pytest.fixture(autouse=True)
def run_1(environment: dict[str, str], store: Store) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/1/2000/0/Zr49Cu49Al2.scf.out", b"iteration #  1\n")
    with serving(environment) as api:
        api.post(RUN)


def get_etag(api: Api) -> str:
    return str(api.call("GET", PATHS[0]).headers["ETag"])


@pytest.mark.parametrize("path", PATHS)
def test_a_status_is_304_until_it_changes(api: Api, store: Store, path: str) -> None:
    first = api.call("GET", path)
    assert (first.status_code, first.headers["Retry-After"]) == (200, "2")
    same = api.call("GET", path, headers={"If-None-Match": get_etag(api)})
    assert (same.status_code, same.body) == (304, b"")
    for name in ("ETag", "Retry-After", "Cache-Control", "Vary"):
        assert same.headers[name] == first.headers[name]
    store("Zr49Cu49Al2/c/md/lammps/100/1/2000/0/other", b"no fact")
    assert get_etag(api) == first.headers["ETag"]
    store("Zr49Cu49Al2/c/md/lammps/100/1/2000/0/Zr49Cu49Al2.scf.out", b"iteration #  2\n")
    changed = api.call("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


def test_retry_after_is_missing_when_all_jobs_are_done(environment: dict[str, str]) -> None:
    with serving(environment | {"JOB_RUN_TIME_SECONDS": "0"}) as api:
        response = api.call("GET", PATHS[0])
        assert "Retry-After" not in response.headers
        assert json.loads(response.body)["run_status"] == "DONE"


@pytest.mark.parametrize("path", PATHS)
def test_a_waiting_request_returns_the_change(api: Api, path: str) -> None:
    headers = {"If-None-Match": get_etag(api), "Prefer": "wait=20"}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(api.call, "GET", path, headers=headers)
        api.post(f"{RUN}/1/augment")
        response = waiting.result()
    assert (response.status_code, response.headers["Preference-Applied"]) == (200, "wait=20")
    assert json.loads(response.body)["sub_runs_status"] == "RUNNING"


@pytest.mark.parametrize("setting", [{"WEB_THREADS": "3"}, {"MAX_HELD_REQUESTS": "0"}])
def test_waiting_can_be_turned_off(environment: dict[str, str], setting: dict[str, str]) -> None:
    with serving(environment | setting) as api:
        headers = {"If-None-Match": get_etag(api), "Prefer": "wait=20"}
        response = api.call("GET", PATHS[0], headers=headers)
        assert response.status_code == 304
        assert "Preference-Applied" not in response.headers


def test_a_listing_has_no_etag(api: Api) -> None:
    response = api.call("GET", "/v1/generate/available", headers={"If-None-Match": "*"})
    assert response.status_code == 200
    assert "ETag" not in response.headers


def test_a_connection_stays_open_after_304(environment: dict[str, str]) -> None:
    with start_child_process(
        "localdev.api_server", "--port", "0", environment={**os.environ, **environment}
    ) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        etag = '""'
        for status in (200, 304, 304):
            connection.request("GET", PATHS[0], headers={"If-None-Match": etag})
            response = connection.getresponse()
            assert response.status == status
            assert bool(response.read()) == (status == 200)
            assert ("Content-Length" in response.headers) == (status == 200)
            etag = response.headers["ETag"]
        connection.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing")
def test_the_loop_in_the_docs_ends_when_the_jobs_are_done(
    environment: dict[str, str], store: Store, tmp_path: Path
) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/Zr49Cu49Al2.scf.out", b"iteration #  1\n")
    blocks = re.findall(
        r"```bash\n(.*?)```", (ROOT / "docs/reference/api.md").read_text(), re.DOTALL
    )
    [loop] = [block for block in blocks if "--etag-compare" in block]
    variables = {**os.environ, **environment, "JOB_RUN_TIME_SECONDS": "2"}
    with start_child_process("localdev.api_server", "--port", "0", environment=variables) as url:
        with serving(environment) as api:
            assert api.post(RUN)["id_run"] == "21"
        command = ["bash", "-c", loop]
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, "URL": url}, capture_output=True, check=True
        )
    assert json.loads(done.stdout)["run_status"] == "DONE"
