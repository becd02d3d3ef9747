"""The compositions that there is data of."""

from __future__ import annotations

from chalicelib.domain.composition import NominalComposition

from .ports import DataBucket


def stored_compositions(*, bucket: DataBucket) -> tuple[NominalComposition, ...]:
    """The compositions with files in the data bucket, in the order of their names, whether or not runs of them are scheduled."""
    return tuple(sorted(bucket.compositions()))
