"""Requests to create versions of datasets: they start a freeze, or report its progress."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.datasets import DatasetVersion, VersionNumber
from chalicelib.domain.errors import (
    DataOpsError,
    IdempotencyKeyReused,
    IncompleteSelection,
    InvalidInput,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.freezes import Freeze, FreezeRequest
from chalicelib.domain.idempotency import LIFETIME

from .freeze_dependencies import FreezeDependencies
from .freezing import submit_freeze

_ERRORS: dict[str, type[DataOpsError]] = {
    error.code: error
    for error in (IncompleteSelection, InvalidInput, NotFound, SourceChanged, SubRunNotScheduled)
}
"""Errors that end a freeze, by code."""


@dataclass(frozen=True, slots=True)
class FreezeResult:
    """The version of a freeze that has ended, `created` unless it existed before."""

    version: DatasetVersion
    created: bool


def request_freeze(
    request: FreezeRequest, idempotency_key: str | None, freezes: FreezeDependencies
) -> FreezeResult | Freeze:
    """Start a freeze, or return its progress or its result.

    Repeated requests belong to the same freeze: those with the same idempotency key, or equal ones
    without a key until one of them has received the result. An error is reported once; the next
    request starts again.

    Raises:
        IdempotencyKeyReused: The key was used with another request in the last 24 hours.
        NotFound: Nothing matches, or a run is not scheduled.
        SubRunNotScheduled: A requested sub-run is not scheduled.
        IncompleteSelection: A sub-run lacks files that the profile contains.
        SourceChanged: A file changed during the freeze.
        Unavailable: A store does not respond, or the builder failed; the message has the reason.
    """
    freeze_id, now = request.get_id(idempotency_key), freezes.clock.now()
    freeze = freezes.freezes.get(freeze_id)
    if freeze and now - freeze.created_at >= LIFETIME:
        freezes.freezes.remove(freeze_id)
        freeze = None
    if freeze is None:
        freeze = Freeze(freeze_id, request, now)
        freezes.freezes.add(freeze)
    elif freeze.request != request:
        raise IdempotencyKeyReused(
            f"Idempotency-Key {idempotency_key!r} was used with another request, for dataset "
            f"{freeze.request.name!r}, at {freeze.created_at:%Y-%m-%d %H:%M} UTC; use a new key"
        )
    if freeze.error_code is not None:
        freezes.freezes.remove(freeze_id)
        raise _ERRORS.get(freeze.error_code, Unavailable)(freeze.error or "the freeze failed")
    if freeze.version is None:
        submit_freeze(freeze, freezes)
        return freeze
    if idempotency_key is None:
        freezes.freezes.remove(freeze_id)
    number = VersionNumber.parse(freeze.version)
    version = next(each for each in freezes.list_versions(request.name) if each.number == number)
    return FreezeResult(version, freeze.created)
