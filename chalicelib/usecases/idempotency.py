"""Executes each idempotent request at most once.

The record of a key is written before the request changes anything. It contains a request token;
each caller that executes the request (its holder) claims runs with a token that ends with the
request token. After a crash, the next holder finds the claimed runs in the run table, takes them
over by conditional writes, and claims the missing ones: never an additional run. A holder that was
suspended and replaced deletes only runs that still have its own token; no response contains these.

Almost every key is new. Its record is therefore written while the request already reads what it
needs; `Claim.confirm` waits for the record before the first change.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from chalicelib.domain.errors import IdempotencyKeyInUse, IdempotencyKeyReused, Unavailable
from chalicelib.domain.idempotency import LIFETIME, IdempotencyRecord

from .parallel_calls import start
from .ports import Clock, IdempotencyStore

LEASE = timedelta(seconds=30)
"""Longer than the time limit of API Gateway (29 s), so that no holder is replaced while it executes
the request."""
_WAIT = timedelta(seconds=10)
_FIRST_PAUSE_SECONDS = 0.05
_RETRY_AFTER_SECONDS = 2


class _KeyUsed(Exception):
    """A record of the idempotency key exists."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Identity under which a request claims runs, until `expires_at`.

    `token` ends with `request_token`, like the tokens of all holders of the request. `resumed` is
    True if earlier holders may exist. `created` is the result of the creation of the record, if it
    is in progress.
    """

    key: str
    token: str
    request_token: str
    resumed: bool
    expires_at: datetime
    created: Future[bool] | None = None

    @classmethod
    def without_key(cls) -> Claim:
        """Return the claim of a request without an idempotency key. It does not expire."""
        token = uuid.uuid4().hex
        return cls("", token, token, False, datetime.max.replace(tzinfo=UTC))

    @classmethod
    def of(
        cls, record: IdempotencyRecord, *, resumed: bool, created: Future[bool] | None = None
    ) -> Claim:
        """Return the claim of the holder of a record."""
        return cls(
            record.key,
            f"{record.holder}.{record.claim_token}",
            record.claim_token,
            resumed,
            record.leased_until,
            created,
        )

    def confirm(self) -> None:
        """Wait until the record of the key is stored. Call this before the first change.

        The exception that it raises if the key was used before is for `run_idempotently`.
        """
        if self.created and not self.created.result():
            raise _KeyUsed

    def has_expired(self, now: datetime) -> bool:
        """Return True if another holder may execute the request."""
        return now >= self.expires_at

    def in_use_error(self) -> IdempotencyKeyInUse:
        """Return the error for a caller that another holder has replaced."""
        return _in_use_error(self.key)


def run_idempotently(
    key: str | None,
    request: str,
    action: Callable[[Claim], tuple[int, ...]],
    *,
    undo: Callable[[Claim, tuple[int, ...]], None] = lambda _claim, _id_runs: None,
    records: IdempotencyStore,
    clock: Clock,
) -> tuple[int, ...]:
    """Execute `action` and return its run numbers.

    If the key was used before, return the result of the first request.

    While the first request is in progress, a repeated request waits for its result for up to 10 s.
    A failed `action` may be repeated with the same key and request.

    Raises:
        IdempotencyKeyReused: The key was used with another `request`.
        IdempotencyKeyInUse: The first request is still in progress, or another caller replaced this
            one; `undo` was called then.
    """
    if key is None:
        return action(Claim.without_key())

    def execute(record: IdempotencyRecord, claim: Claim) -> tuple[int, ...]:
        try:
            id_runs = action(claim)
            if not records.compare_and_set(
                replace(record, id_runs=id_runs, completed=True), record.holder
            ):
                undo(claim, id_runs)
                raise claim.in_use_error()
        except BaseException:
            claim.confirm()
            with suppress(Unavailable):  # if this fails, the lease expires
                records.compare_and_set(replace(record, leased_until=clock.now()), record.holder)
            raise
        return id_runs

    now = clock.now()
    fresh = _create_record(key, request, uuid.uuid4().hex, now)
    created = start(lambda: records.create(fresh, now))
    with suppress(_KeyUsed):
        return execute(fresh, Claim.of(fresh, resumed=False, created=created))
    record, resumed = _acquire(key, request, records, clock)
    return (
        record.id_runs if record.completed else execute(record, Claim.of(record, resumed=resumed))
    )


def _acquire(
    key: str, request: str, records: IdempotencyStore, clock: Clock
) -> tuple[IdempotencyRecord, bool]:
    """Return the record, completed or held by this caller, and whether it existed before."""
    holder = uuid.uuid4().hex
    deadline = clock.now() + _WAIT
    pause_seconds = _FIRST_PAUSE_SECONDS
    while True:
        now = clock.now()
        found = records.get(key)
        if found is None or found.expires_at <= now:
            fresh = _create_record(key, request, holder, now)
            if records.create(fresh, now):
                return fresh, False
        elif found.request != request:
            raise IdempotencyKeyReused(
                f"Idempotency-Key {key!r} was used with another request ({found.request}); this "
                f"request is: {request}"
            )
        elif found.completed:
            return found, True
        elif found.leased_until <= now:
            taken_over = replace(found, holder=holder, leased_until=now + LEASE)
            if records.compare_and_set(taken_over, found.holder):
                return taken_over, True
        elif now >= deadline:
            raise _in_use_error(key)
        else:
            clock.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, 1)


def _create_record(key: str, request: str, holder: str, now: datetime) -> IdempotencyRecord:
    return IdempotencyRecord(
        key, request, holder, now + LEASE, now + LIFETIME, claim_token=uuid.uuid4().hex
    )


def _in_use_error(key: str) -> IdempotencyKeyInUse:
    return IdempotencyKeyInUse(
        f"another request with Idempotency-Key {key!r} is in progress; retry later",
        _RETRY_AFTER_SECONDS,
    )
