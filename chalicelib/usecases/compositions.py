"""Compositions with stored data."""

from __future__ import annotations

from chalicelib.domain.composition import NominalComposition

from .ports import DataBucket


def list_compositions(*, bucket: DataBucket) -> tuple[NominalComposition, ...]:
    """Return the compositions with files in the data bucket, by name."""
    return tuple(sorted(bucket.list_compositions()))
