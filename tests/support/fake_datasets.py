"""API with one frozen dataset, and the object store of its archives, for faults of a real API."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from .fault_server import FaultServer
from .raw_server import Request, build_json_response, build_response

PAYLOAD = {
    f"data/Al2/{id_run}/{sub_run}/{name}": f"{id_run} {sub_run} {name}\n".encode() * 40
    for id_run in ("1", "2", "10")
    for sub_run in ("0", "3")
    for name in ("Al2.scf.in", "ICOHPLIST.lobster")
}
VERSION_PATH = "/v1/datasets/glasses/1.0.0"


def build_manifest(payload: Mapping[str, bytes]) -> bytes:
    """Return the manifest by the rule of BagIt, independently of the client."""
    lines = (f"{hashlib.sha256(payload[path]).hexdigest()}  {path}\n" for path in sorted(payload))
    return "".join(lines).encode()


def build_archive(files: Mapping[str, bytes]) -> bytes:
    """Return the ZIP of a run with these files, named `<sub_run>/<file>`, and its metadata."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, "ro-crate-metadata.json": b"{}"}.items():
            archive.writestr(name, content)
    return stream.getvalue()


class FakeDatasets:
    """Responds like an API with `glasses@1.0.0`. A test may change any part of it.

    `overrides` respond instead to requests `METHOD path`.
    """

    def __init__(self, payload: Mapping[str, bytes] = PAYLOAD) -> None:
        self.url = ""
        self.manifest = build_manifest(payload)
        self.selection = b'{"format": 1}\n'
        self.overrides: dict[str, Callable[[Request], bytes]] = {}
        self.links = 0
        runs: dict[tuple[str, str], dict[str, bytes]] = {}
        for path, content in payload.items():
            _, nc, id_run, name = path.split("/", 3)
            runs.setdefault((nc, id_run), {})[name] = content
        self.stores = {run: FaultServer(build_archive(files)) for run, files in runs.items()}
        self.version: dict[str, Any] = {
            "name": "glasses", "version": "1.0.0", "title": "Glasses", "description": None,
            "license": "CC-BY-4.0", "creators": ["A. Author"], "citation": "10.1/x",
            "synthetic": True, "doi": None,
            "content_id": hashlib.sha256(self.manifest).hexdigest(),
            "created_at": "2026-01-01T00:00:00+00:00", "profile": "full", "runs": len(runs),
            "sub_runs": 6, "files": len(payload), "size_bytes": sum(map(len, payload.values())),
            "archive_bytes": sum(len(store.content) for store in self.stores.values()),
            "compositions": ["Al2"], "soap_descriptor": None, "advisories": [], "withdrawn": False,
        }  # fmt: skip

    def respond(self, request: Request) -> bytes:
        path = urlsplit(request.target).path
        if respond := self.overrides.get(f"{request.method} {path}"):
            return respond(request)
        match path.split("/")[1:]:
            case ["store", nc, id_run, _]:
                return self.stores[nc, id_run].respond(request)
            case ["v1", "datasets", "glasses", "1.0.0" | "latest", *rest]:
                return self._respond_with(rest)
        return build_json_response({"detail": "no dataset", "code": "not_found"}, "404 Not Found")

    def _respond_with(self, rest: list[str]) -> bytes:
        match rest:
            case []:
                return build_json_response(self.version)
            case ["manifest"]:
                return build_response(self.manifest)
            case ["selection"]:
                return build_response(self.selection)
            case ["download"]:
                body = {"name": "glasses", "archives": self.list_archives(), "next_cursor": None}
                return build_json_response(body, Date="Thu, 01 Jan 2026 00:00:00 GMT")
            case ["croissant" | "datacite" as name]:
                return build_response(json.dumps({"document": name}).encode())
            case ["card"]:
                return build_response(b"# Glasses\n")
            case ["citation"]:
                return build_response(b"A. Author: Glasses\n")
        return build_json_response({"detail": "no route"}, "404 Not Found")

    def list_archives(self) -> list[dict[str, Any]]:
        """Return new links to all archives."""
        self.links += 1
        return [
            {
                "nc": nc, "id_run": id_run, "sub_runs": ["0", "3"],
                "download_url": f"{self.url}/store/{nc}/{id_run}/{self.links}",
                "expires_at": "2026-01-01T01:00:00+00:00", "size_bytes": len(store.content),
                "sha256": hashlib.sha256(store.content).hexdigest(),
                "filename": f"{nc}_{id_run}.zip",
            }
            for (nc, id_run), store in self.stores.items()
        ]  # fmt: skip
