"""Manifests of datasets, whose SHA-256 is the content id.

A manifest is the payload manifest of a BagIt bag (RFC 8493), and a file of `sha256sum`: lines
`<sha256>  data/<nc>/<id_run>/<sub_run>/<file>`, sorted by the bytes of the path.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dataops_client.errors import ChecksumMismatch, InvalidArchive
from dataops_client.member_names import is_portable

MANIFEST_NAME = "manifest-sha256.txt"
_LINE = re.compile(r"([0-9a-f]{64})  (data/([A-Za-z0-9]+)/([0-9]+)/([0-9]+)/(.+))")

Run = tuple[str, str]
"""Composition and number of a run."""


@dataclass(frozen=True)
class Manifest:
    """Files of a dataset: `hashes` are the SHA-256 by path, `content` the bytes of the manifest."""

    content: bytes
    hashes: Mapping[str, str]

    @cached_property
    def content_id(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def runs(self) -> Mapping[Run, Mapping[str, str]]:
        """SHA-256 of the files of each run, by path in its archive: `<sub_run>/<file>`."""
        found: dict[Run, dict[str, str]] = {}
        for path, sha256 in self.hashes.items():
            _, nc, id_run, name = path.split("/", 3)
            found.setdefault((nc, id_run), {})[name] = sha256
        return found


def build_manifest(hashes: Iterable[tuple[str, str]]) -> bytes:
    """Return the manifest of files, given as pairs of path and SHA-256."""
    ordered = sorted(hashes, key=lambda each: each[0].encode())
    return "".join(f"{sha256}  {path}\n" for path, sha256 in ordered).encode()


def parse_manifest(content: bytes, content_id: str | None = None) -> Manifest:
    """Return the files of a manifest.

    Args:
        content: Bytes of the manifest.
        content_id: Expected content id.

    Raises:
        ChecksumMismatch: The manifest has another content id.
        InvalidArchive: A line is invalid, or its path cannot be written safely on every platform.
    """
    found = hashlib.sha256(content).hexdigest()
    if content_id is not None and found != content_id:
        raise ChecksumMismatch(f"{MANIFEST_NAME} has the content id {found}; expected {content_id}")
    hashes: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").split("\n")[:-1]:
        match = _LINE.fullmatch(line)
        if not match or not all(is_portable(part) and part[0] != "/" for part in _split(match[6])):
            raise InvalidArchive(f"invalid line {line[:300]!r} in {MANIFEST_NAME}")
        hashes[match[2]] = match[1]
    return Manifest(content, hashes)


def read_manifest(folder: Path, content_id: str | None = None) -> Manifest | None:
    """Return the manifest of a folder, or None if the folder has none."""
    try:
        content = (folder / MANIFEST_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return parse_manifest(content, content_id)


def _split(name: str) -> list[str]:
    parts = name.split("/")
    return ["/" if part in (".", "..") else part for part in parts]
