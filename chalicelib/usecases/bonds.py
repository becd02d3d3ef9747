"""The bonds of a sub-run, a page at a time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.archive import BuildOrder, Selection
from chalicelib.domain.artifacts import Artifact, Role
from chalicelib.domain.bonds import BONDS_VERSION, Bond, BondTypeSummary, parse_bonds, summaries
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from chalicelib.domain.runs import SubRunKey

from .archiving import Archives, manifest_of

MAX_LIMIT = 5000
_MAX_FILE_BYTES = 32 * 1024**2
"""Some 400,000 bonds; a cell of 100 atoms has about a thousand."""
_CURSOR = re.compile(r"([0-9a-f]{16})\.([1-9][0-9]{0,8})", re.ASCII)


class BondRecords(Protocol):
    """Bonds that were read before, by the fingerprint of their file. Losing one costs a reading, nothing else."""

    def get(self, key: SubRunKey, fingerprint: str) -> tuple[Bond, ...] | None: ...

    def put(self, key: SubRunKey, fingerprint: str, bonds: tuple[Bond, ...]) -> None: ...


@dataclass(frozen=True, slots=True)
class BondPage:
    """`bonds` are a part of the `total`; `summaries` are over all of them. `next_cursor` leads on; None after the last bond."""

    key: SubRunKey
    total: int
    summaries: tuple[BondTypeSummary, ...]
    bonds: tuple[Bond, ...]
    next_cursor: str | None


def bond_page(key: SubRunKey, *, limit: int, cursor: str | None, archives: Archives, records: BondRecords) -> BondPage:
    """The bonds of `ICOHPLIST.lobster`, in its order: the first `limit`, or those after `cursor`.

    Each content is parsed once and kept. NotFound, SubRunNotScheduled as for a manifest; NotFound without the file, Conflict where it
    cannot be read. InvalidInput for a cursor that this content did not give: it is bound to the content, so that pages always fit.
    """
    artifact = _bond_strengths(key, archives)
    fingerprint = _fingerprint(artifact)
    start = _start(cursor, fingerprint)
    bonds = _bonds(key, artifact, fingerprint, archives, records)
    stop = start + limit
    return BondPage(key, len(bonds), summaries(bonds), bonds[start:stop], _cursor(fingerprint, stop) if stop < len(bonds) else None)


def _bond_strengths(key: SubRunKey, archives: Archives) -> Artifact:
    for member in manifest_of(BuildOrder(key, Selection()), archives).members:
        if member.artifact.role is Role.BOND_STRENGTHS:
            return member.artifact
    raise NotFound(f"sub-run {str(key)!r} has no ICOHPLIST.lobster in the data bucket")


def _bonds(key: SubRunKey, artifact: Artifact, fingerprint: str, archives: Archives, records: BondRecords) -> tuple[Bond, ...]:
    kept = records.get(key, fingerprint)
    if kept is not None:
        return kept
    if artifact.size_bytes > _MAX_FILE_BYTES:
        raise Conflict(f"ICOHPLIST.lobster of {str(key)!r} has {artifact.size_bytes} bytes: at most {_MAX_FILE_BYTES} are read")
    bonds = parse_bonds(b"".join(archives.bucket.read(artifact)).decode("utf-8", errors="replace"))
    with suppress(Unavailable):  # the answer is there; the next request reads the file again
        records.put(key, fingerprint, bonds)
    return bonds


def _fingerprint(artifact: Artifact) -> str:
    return hashlib.sha256(f"{BONDS_VERSION}\0{artifact.size_bytes}\0{artifact.etag}".encode()).hexdigest()


def _cursor(fingerprint: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"{fingerprint[:16]}.{start}".encode()).decode().rstrip("=")


def _start(cursor: str | None, fingerprint: str) -> int:
    if cursor is None:
        return 0
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise InvalidInput(f"cursor {cursor!r} is not one that this service gave")
    if found[1] != fingerprint[:16]:
        raise InvalidInput(f"cursor {cursor!r} belongs to other bonds than those that are there now: start again without a cursor")
    return int(found[2])
