"""Complete sub-runs in a bucket, and requests that freeze them."""

from __future__ import annotations

import hashlib
import io
import json
import time
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from tests.support.api import Api

Store = Callable[..., None]
DEADLINE_SECONDS = 120


def store_sub_run(
    store: Store, id_run: int, sub_run: int, *, nc: str = "Al2", icohp: float = -1.0, bonds: int = 3
) -> None:
    """Store the six files that training requires, of a sub-run whose outcome is DONE."""
    lines = [
        f"  {i}   Al1   Al2   2.50000   0   0   0   {icohp:.5f}\n" for i in range(1, bonds + 1)
    ]
    files = {
        f"{nc}.scf.in": f"input {id_run} {sub_run}\n",
        f"{nc}.scf.out": f"!    total energy              =     -{id_run + 1}.{sub_run:02d}000000 Ry\n"
        "     convergence has been achieved in  12 iterations\n",
        f"{nc}.lb.out": f"setting up CO interactions... found {bonds} interactions\nfinished in 1 s\n",
        "ICOHPLIST.lobster": "COHP#  atomMU  atomNU  distance  translation  ICOHP\n"
        + "".join(lines),
        "lobsterin-quippy": "cohpGenerator from 2.0 to 4.0\n",
    }
    for name, content in files.items():
        store(f"{nc}/c/md/lammps/100/{id_run}/2000/{sub_run}/{name}", content.encode())
    soaps = f"{nc}-SOAPS/c/md/lammps/100/{id_run}/2000/{sub_run}/SOAPS.vec"
    store(soaps, f"soaps {id_run} {sub_run}".encode())


def schedule(api: Api, nc: str = "Al2", runs: int = 1, sub_runs: tuple[str, ...] = ("1",)) -> None:
    """Schedule runs, and augment each of them."""
    for _ in range(runs):
        id_run = api.post(f"/v1/generate/{nc}")["id_run"]
        if sub_runs:
            api.post(f"/v1/generate/{nc}/{id_run}/augment", {"sub_runs": list(sub_runs)})


def request(name: str = "glass", **fields: Any) -> dict[str, Any]:
    """Return the body of a request that freezes all sub-runs, or what `fields` select."""
    body = {"name": name, "title": "Glasses", **fields}
    return body if "items" in body else {"where": {}, **body}


def freeze(
    api: Api, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Repeat a request until the freeze has ended. Return the status and the body."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        response = api.call("POST", "/v1/datasets", dict(body), headers)
        if response.status_code != 202:
            return response.status_code, json.loads(response.body)
        assert time.monotonic() < deadline
        assert response.headers["Retry-After"]


def create(api: Api, body: Mapping[str, Any]) -> dict[str, Any]:
    """Freeze, and return the new version."""
    status, version = freeze(api, body)
    assert status == 201, version
    return version


def read_payload(api: Api, name: str, version: str) -> dict[str, bytes]:
    """Download all archives of a version. Return the files by their path in the manifest."""
    files = {}
    for archive in api.get(f"/v1/datasets/{name}/{version}/download")["archives"]:
        with urllib.request.urlopen(archive["download_url"], timeout=60) as response:
            content = response.read()
        assert len(content) == archive["size_bytes"]
        assert hashlib.sha256(content).hexdigest() == archive["sha256"]
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            for member in opened.namelist():
                if member != "ro-crate-metadata.json":
                    path = f"data/{archive['nc']}/{archive['id_run']}/{member}"
                    files[path] = opened.read(member)
    return files


def verify_version(api: Api, version: Mapping[str, Any]) -> bytes:
    """Compare the payload of a version with its manifest, and this with its content id."""
    name, number = version["name"], version["version"]
    manifest = api.call("GET", f"/v1/datasets/{name}/{number}/manifest").body
    assert hashlib.sha256(manifest).hexdigest() == version["content_id"]
    expected = {line[66:]: line[:64] for line in manifest.decode().splitlines()}
    payload = read_payload(api, name, number)
    assert {path: hashlib.sha256(data).hexdigest() for path, data in payload.items()} == expected
    assert list(expected) == sorted(expected, key=str.encode)
    return bytes(manifest)
