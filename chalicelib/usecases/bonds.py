"""The bonds of a sub-run, a page at a time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.artifacts import Artifact, Role
from chalicelib.domain.bonds import (
    BLOCK_BONDS,
    BONDS_VERSION,
    Bond,
    BondIndex,
    BondTypeSummary,
    index_bonds,
    parse_block,
)
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from chalicelib.domain.runs import SubRunKey

from .archives import Archives, sub_run_artifacts

MAX_LIMIT = 5000
MAX_FILE_BYTES = 32 * 1024**2
"""Some 400,000 bonds; a cell of 100 atoms has about a thousand."""
_QUICK_FILE_BYTES = 1024**2
"""Larger files take 0.1 s of CPU per MiB, and take turns with the builds of archives."""
_CURSOR = re.compile(r"([0-9a-f]{16})\.([1-9][0-9]{0,8})", re.ASCII)


class BondRecords(Protocol):
    """Indexes of files that were read before, by the fingerprint of the file. A lost one costs a reading, nothing else."""

    def get(self, key: SubRunKey, fingerprint: str) -> BondIndex | None: ...

    def put(self, key: SubRunKey, fingerprint: str, index: BondIndex) -> None: ...


@dataclass(frozen=True, slots=True)
class BondPage:
    """`bonds` are a part of the `total`; `summaries` are over all of them. `next_cursor` leads on; None after the last bond."""

    key: SubRunKey
    total: int
    summaries: tuple[BondTypeSummary, ...]
    bonds: tuple[Bond, ...]
    next_cursor: str | None


def bond_page(
    key: SubRunKey, *, limit: int, cursor: str | None, archives: Archives, records: BondRecords
) -> BondPage:
    """Return the bonds of `ICOHPLIST.lobster`, in its order: the first `limit`, or those after `cursor`.

    Each content is read once as a whole, and indexed; then a page costs what it contains, whatever the size of the file. NotFound,
    SubRunNotScheduled as for a manifest; NotFound without the file, Conflict if it cannot be read. InvalidInput for a cursor of another
    content: cursors are bound to it, so that pages always fit.
    """
    artifact = _bond_strengths(key, archives)
    fingerprint = _fingerprint(artifact)
    start = _start(cursor, fingerprint)
    index = _index(key, artifact, fingerprint, archives, records)
    end = min(start + limit, index.total)
    bonds = (
        _read(artifact, index, start, end, archives)
        if index.bonds is None
        else index.bonds[start:end]
    )
    return BondPage(
        key,
        index.total,
        index.summaries,
        bonds,
        _cursor(fingerprint, end) if end < index.total else None,
    )


def _bond_strengths(key: SubRunKey, archives: Archives) -> Artifact:
    for artifact in sub_run_artifacts(key, archives):
        if artifact.role is Role.BOND_STRENGTHS:
            return artifact
    raise NotFound(f"sub-run {str(key)!r} has no ICOHPLIST.lobster in the data bucket")


def _index(
    key: SubRunKey, artifact: Artifact, fingerprint: str, archives: Archives, records: BondRecords
) -> BondIndex:
    stored = records.get(key, fingerprint)
    if stored is not None:
        return stored
    if artifact.size_bytes > MAX_FILE_BYTES:
        raise Conflict(
            f"ICOHPLIST.lobster of {str(key)!r} has {artifact.size_bytes} bytes: at most {MAX_FILE_BYTES} are read"
        )
    if artifact.size_bytes > _QUICK_FILE_BYTES:
        with archives.slots.within_request() as has_slot:
            if not has_slot:
                raise Unavailable(
                    f"ICOHPLIST.lobster of {str(key)!r} is large, and the service is busy: repeat the request"
                )
            index = index_bonds(archives.bucket.read(artifact))
    else:
        index = index_bonds(archives.bucket.read(artifact))
    with suppress(Unavailable):  # the response is complete; the next request reads the file again
        records.put(key, fingerprint, index)
    return index


def _read(
    artifact: Artifact, index: BondIndex, start: int, end: int, archives: Archives
) -> tuple[Bond, ...]:
    """Return the bonds from number `start` up to, not including, `end`, read from the blocks of lines that contain them."""
    if start >= end:
        return ()
    first, last = start // BLOCK_BONDS, (end - 1) // BLOCK_BONDS
    edges = (*index.offsets, artifact.size_bytes)
    bonds = parse_block(archives.bucket.read_range(artifact, edges[first], edges[last + 1]))
    return bonds[start - first * BLOCK_BONDS : end - first * BLOCK_BONDS]


def _fingerprint(artifact: Artifact) -> str:
    return hashlib.sha256(
        f"{BONDS_VERSION}\0{artifact.size_bytes}\0{artifact.etag}".encode()
    ).hexdigest()


def _cursor(fingerprint: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"{fingerprint[:16]}.{start}".encode()).decode().rstrip("=")


def _start(cursor: str | None, fingerprint: str) -> int:
    if cursor is None:
        return 0
    try:
        text = base64.b64decode(
            cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        ).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise InvalidInput(f"cursor {cursor!r} is not one that this service gave")
    if found[1] != fingerprint[:16]:
        raise InvalidInput(
            f"cursor {cursor!r} belongs to other bonds than those that are there now: start again without a cursor"
        )
    return int(found[2])
