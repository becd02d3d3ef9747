"""Doing what a request asks for once, however often it comes.

The record of a key is written before anything is done, and the numbers of the runs before any of them is claimed. A number that
is replaced in the record is one that somebody else has. So whoever takes over after a crash claims the same runs, with the same
token, or none: never a second one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.domain.errors import KeyInFlight, KeyReused, Unavailable
from chalicelib.domain.idempotency import LIFETIME, IdempotencyRecord

from .ports import Clock, IdempotencyRecords

LEASE = timedelta(seconds=30)
"""Longer than the gateway lets a request live (29 s), so that nobody is taken over while still at work."""
_PATIENCE = timedelta(seconds=10)
_FIRST_PAUSE_SECONDS = 0.05
_RETRY_AFTER_SECONDS = 2


def _nowhere(id_runs: tuple[int, ...]) -> None: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """In whose name runs are claimed. `id_runs` are the numbers noted so far; `note` keeps others, before they are claimed."""

    token: str
    id_runs: tuple[int, ...] = ()
    note: Callable[[tuple[int, ...]], None] = _nowhere


def once(
    key: str | None, request: str, action: Callable[[Claim], tuple[int, ...]], *, records: IdempotencyRecords, clock: Clock
) -> tuple[int, ...]:
    """The run numbers that `action` returned when the key came first; without a key simply what it returns.

    A key that comes while its first request is at work waits a little for its answer. KeyReused: the key came with another
    `request`; KeyInFlight: still at work. An `action` that fails is forgotten: the key may be tried again, with the same request.
    """
    if key is None:
        return action(Claim(uuid.uuid4().hex))
    record = _hold(key, request, records, clock)
    if record.completed:
        return record.id_runs
    noted = [record]

    def note(id_runs: tuple[int, ...], *, completed: bool = False) -> None:
        noted.append(replace(noted[-1], id_runs=id_runs, completed=completed))
        if not records.change(noted[-1], record.holder):
            raise _in_flight(key)

    try:
        id_runs = action(Claim(record.claim_token, record.id_runs, note))
        note(id_runs, completed=True)
    except BaseException:
        with suppress(Unavailable):  # then the lease has to run out
            records.change(replace(noted[-1], completed=False, leased_until=clock.now()), record.holder)
        raise
    return id_runs


def _hold(key: str, request: str, records: IdempotencyRecords, clock: Clock) -> IdempotencyRecord:
    """The record of the key: completed, or held by this caller."""
    holder = uuid.uuid4().hex
    deadline = clock.now() + _PATIENCE
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        now = clock.now()
        found = records.get(key)
        if found is None or found.expires_at <= now:
            fresh = IdempotencyRecord(key, request, holder, now + LEASE, now + LIFETIME, claim_token=uuid.uuid4().hex)
            if records.open(fresh, now):
                return fresh
        elif found.request != request:
            raise KeyReused(f"Idempotency-Key {key!r} came before with another request ({found.request}): this is {request}")
        elif found.completed:
            return found
        elif found.leased_until <= now:
            taken_over = replace(found, holder=holder, leased_until=now + LEASE)
            if records.change(taken_over, found.holder):
                return taken_over
        elif now >= deadline:
            raise _in_flight(key)
        else:
            clock.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, 1)


def _in_flight(key: str) -> KeyInFlight:
    return KeyInFlight(f"another request with Idempotency-Key {key!r} is at work: ask again", _RETRY_AFTER_SECONDS)
