"""The bonds of a sub-run, in pages."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass

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

from .build_slots import BuildSlots
from .manifests import list_sub_run_artifacts
from .ports import BondCache, DataBucket, RunRepository

MAX_LIMIT = 5000
MAX_FILE_BYTES = 32 * 1024**2
"""About 400,000 bonds; a cell of 100 atoms has about a thousand."""
_QUICK_FILE_BYTES = 1024**2
"""Larger files take 0.1 s of CPU per MiB, and share the slots of archive builds."""
_CONTENT_ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class BondPosition:
    """A position in the bonds of one content: the number of the next bond.

    `content_id` identifies the content.
    """

    content_id: str
    start: int


@dataclass(frozen=True, slots=True)
class BondPage:
    """A page of the `total` bonds.

    `summaries` cover all bonds; `next` is None after the last one.
    """

    key: SubRunKey
    total: int
    summaries: tuple[BondTypeSummary, ...]
    bonds: tuple[Bond, ...]
    next: BondPosition | None


def get_bond_page(
    key: SubRunKey,
    *,
    limit: int,
    position: BondPosition | None,
    runs: RunRepository,
    bucket: DataBucket,
    cache: BondCache,
    slots: BuildSlots,
) -> BondPage:
    """Return at most `limit` bonds from a position, in the order of `ICOHPLIST.lobster`.

    Each content is read completely once, to build its index. After that, the cost of a page does
    not depend on the size of the file.

    Raises:
        NotFound: As for a manifest, or the file does not exist.
        SubRunNotScheduled: As for a manifest.
        Conflict: The file is too large or invalid.
        InvalidInput: The position belongs to another content, so that its pages would not fit
            together.
        Unavailable: A store does not respond, or all slots are in use.
    """
    artifact = _find_bond_strengths(key, runs, bucket)
    fingerprint = _fingerprint(artifact)
    content_id = fingerprint[:_CONTENT_ID_LENGTH]
    if position and position.content_id != content_id:
        raise InvalidInput(
            "the cursor belongs to an earlier content of ICOHPLIST.lobster; start again without a "
            "cursor"
        )
    start = position.start if position else 0
    index = _get_index(key, artifact, fingerprint, bucket=bucket, cache=cache, slots=slots)
    end = min(start + limit, index.total)
    bonds = (
        _read_bonds(artifact, index, start, end, bucket)
        if index.bonds is None
        else index.bonds[start:end]
    )
    next_position = BondPosition(content_id, end) if end < index.total else None
    return BondPage(key, index.total, index.summaries, bonds, next_position)


def _find_bond_strengths(key: SubRunKey, runs: RunRepository, bucket: DataBucket) -> Artifact:
    for artifact in list_sub_run_artifacts(key, runs=runs, bucket=bucket):
        if artifact.role is Role.BOND_STRENGTHS:
            return artifact
    raise NotFound(f"sub-run {str(key)!r} has no ICOHPLIST.lobster in the data bucket")


def _get_index(
    key: SubRunKey,
    artifact: Artifact,
    fingerprint: str,
    *,
    bucket: DataBucket,
    cache: BondCache,
    slots: BuildSlots,
) -> BondIndex:
    cached = cache.get(key, fingerprint)
    if cached is not None:
        return cached
    if artifact.size_bytes > MAX_FILE_BYTES:
        raise Conflict(
            f"ICOHPLIST.lobster of {str(key)!r} has {artifact.size_bytes} bytes; the limit is "
            f"{MAX_FILE_BYTES}"
        )
    if artifact.size_bytes > _QUICK_FILE_BYTES:
        with slots.within_request() as has_slot:
            if not has_slot:
                raise Unavailable(
                    "too many concurrent requests to read the large ICOHPLIST.lobster of "
                    f"{str(key)!r}; retry later"
                )
            index = index_bonds(bucket.read(artifact))
    else:
        index = index_bonds(bucket.read(artifact))
    with suppress(Unavailable):  # the response is complete; the next request reads the file again
        cache.put(key, fingerprint, index)
    return index


def _read_bonds(
    artifact: Artifact, index: BondIndex, start: int, end: int, bucket: DataBucket
) -> tuple[Bond, ...]:
    """Return the bonds [start, end), read from the blocks of lines that contain them."""
    if start >= end:
        return ()
    first, last = start // BLOCK_BONDS, (end - 1) // BLOCK_BONDS
    edges = (*index.offsets, artifact.size_bytes)
    bonds = parse_block(bucket.read_range(artifact, edges[first], edges[last + 1]))
    return bonds[start - first * BLOCK_BONDS : end - first * BLOCK_BONDS]


def _fingerprint(artifact: Artifact) -> str:
    content = f"{BONDS_VERSION}\0{artifact.size_bytes}\0{artifact.etag}"
    return hashlib.sha256(content.encode()).hexdigest()
