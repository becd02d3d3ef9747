"""Doing what a request asks for once, however often it comes.

The record of a key is written before anything is done. It has a token of the request, and each caller who works on the request, its
holder, claims runs with a token that ends with it. So whoever takes over after a crash finds in the run table what was claimed,
makes it its own by conditional writes, and claims what is missing: never a second run. A holder who was taken over while it stood
still deletes only runs that still have its own token; those are in nobody's response.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from chalicelib.domain.errors import KeyInFlight, KeyReused, Unavailable
from chalicelib.domain.idempotency import LIFETIME, IdempotencyRecord

from .ports import Clock, IdempotencyRecords

LEASE = timedelta(seconds=30)
"""Longer than the gateway lets a request live (29 s), so that nobody is taken over while still at work."""
_PATIENCE = timedelta(seconds=10)
_FIRST_PAUSE_SECONDS = 0.05
_RETRY_AFTER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Claim:
    """The identity under which a request claims runs: with `token`, until `expires_at`.

    `token` ends with `request_token`, as the tokens of all holders of the request do. `resumed` is True if there may have been
    earlier holders.
    """

    key: str
    token: str
    request_token: str
    resumed: bool
    expires_at: datetime

    @classmethod
    def without_key(cls) -> Claim:
        token = uuid.uuid4().hex
        return cls("", token, token, False, datetime.max.replace(tzinfo=UTC))

    @classmethod
    def of(cls, record: IdempotencyRecord, *, resumed: bool) -> Claim:
        return cls(
            record.key,
            f"{record.holder}.{record.claim_token}",
            record.claim_token,
            resumed,
            record.leased_until,
        )

    def ended(self, now: datetime) -> bool:
        """Return True if another holder may be at work."""
        return now >= self.expires_at

    def in_flight(self) -> KeyInFlight:
        return _in_flight(self.key)


def _nothing(_claim: Claim, _id_runs: tuple[int, ...]) -> None: ...


def once(
    key: str | None,
    request: str,
    action: Callable[[Claim], tuple[int, ...]],
    *,
    undo: Callable[[Claim, tuple[int, ...]], None] = _nothing,
    records: IdempotencyRecords,
    clock: Clock,
) -> tuple[int, ...]:
    """Return the run numbers that `action` returned when the key came first; without a key, what it returns now.

    A key that comes while its first request is at work waits a little for its response. KeyReused: the key came with another
    `request`; KeyInFlight: still at work, or another caller took over, after `undo` of what `action` returned. An `action` that
    fails is forgotten: the key may be tried again, with the same request.
    """
    if key is None:
        return action(Claim.without_key())
    record, resumed = _hold(key, request, records, clock)
    if record.completed:
        return record.id_runs
    claim = Claim.of(record, resumed=resumed)
    try:
        id_runs = action(claim)
        if not records.change(replace(record, id_runs=id_runs, completed=True), record.holder):
            undo(claim, id_runs)
            raise claim.in_flight()
    except BaseException:
        with suppress(Unavailable):  # then the lease has to run out
            records.change(replace(record, leased_until=clock.now()), record.holder)
        raise
    return id_runs


def _hold(
    key: str, request: str, records: IdempotencyRecords, clock: Clock
) -> tuple[IdempotencyRecord, bool]:
    """Return the record of the key, completed or held by this caller, and whether there was one before."""
    holder = uuid.uuid4().hex
    deadline = clock.now() + _PATIENCE
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        now = clock.now()
        found = records.get(key)
        if found is None or found.expires_at <= now:
            fresh = IdempotencyRecord(
                key, request, holder, now + LEASE, now + LIFETIME, claim_token=uuid.uuid4().hex
            )
            if records.open(fresh, now):
                return fresh, False
        elif found.request != request:
            raise KeyReused(
                f"Idempotency-Key {key!r} came before with another request ({found.request}): this is {request}"
            )
        elif found.completed:
            return found, True
        elif found.leased_until <= now:
            taken_over = replace(found, holder=holder, leased_until=now + LEASE)
            if records.change(taken_over, found.holder):
                return taken_over, True
        elif now >= deadline:
            raise _in_flight(key)
        else:
            clock.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, 1)


def _in_flight(key: str) -> KeyInFlight:
    return KeyInFlight(
        f"another request with Idempotency-Key {key!r} is at work: ask again", _RETRY_AFTER_SECONDS
    )
