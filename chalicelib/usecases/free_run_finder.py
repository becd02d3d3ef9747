"""Finds runs that can be scheduled, without reading the whole bucket and table each time.

Cached listings of the bucket are at most a minute old, so new data are found after a minute.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import NotFound
from chalicelib.domain.run_claims import (
    FINAL_AFTER,
    RunClaim,
    count_wanted_ahead,
    get_claimant_tag,
)
from chalicelib.domain.runs import REFERENCE_SUB_RUN, RunKey, SubRunKey

from .free_run_cache import PARALLEL_CHECKS, CompositionCache, ReadClaims
from .idempotency import LEASE
from .parallel_calls import run_parallel, start
from .ports import Clock, DataBucket, RunRepository

BUCKET_CACHE_LIFETIME = timedelta(minutes=1)
TABLE_CACHE_LIFETIME = timedelta(minutes=10)
_SHORT_LISTING = 1000
"""The number of runs in one listing. Compositions with at most this number are listed by every
request."""
_CLAIMS_AT_FIRST = 100
_MAX_CACHED = 100_000
"""Limit of the cached compositions and runs together."""
_LOCKS = 64
"""Compositions share locks, because callers may request any number of compositions."""
_LOCK_TIMEOUT_SECONDS = 20.0


class FreeRunFinder:
    """Finds the lowest-numbered runs that have files of sub-run 0 and are not in the run table."""

    def __init__(self, runs: RunRepository, bucket: DataBucket, clock: Clock) -> None:
        self._runs = runs
        self._bucket = bucket
        self._clock = clock
        self._caches: OrderedDict[NominalComposition, CompositionCache] = OrderedDict()
        self._composition_locks = [threading.Lock() for _ in range(_LOCKS)]
        self._lock = threading.Lock()

    @contextmanager
    def serialized(
        self, nc: NominalComposition, before_waiting: Callable[[], None] = lambda: None
    ) -> Iterator[datetime]:
        """Serialize the callers of this process that allocate runs of a composition.

        The value is the arrival time of this caller: listings that another caller made since then
        are current enough. If another caller is active, `before_waiting` is called. After 20 s a
        caller proceeds without the lock, because a store that does not respond must not block all
        callers.
        """
        since = self._clock.now()
        lock = self._composition_locks[hash(nc) % _LOCKS]
        acquired = lock.acquire(blocking=False)
        if not acquired:
            before_waiting()
            acquired = lock.acquire(timeout=_LOCK_TIMEOUT_SECONDS)
        try:
            yield since
        finally:
            if acquired:
                lock.release()

    def mark_completed(self, nc: NominalComposition, id_runs: Iterable[int]) -> None:
        """Note that the request which allocated these runs is completed: they are not released."""
        with self._lock:
            if cache := self._caches.get(nc):
                cache.completed.update(id_runs)

    def find_next(
        self, nc: NominalComposition, wanted: int, claim_token: str, since: datetime
    ) -> Sequence[int]:
        """Return the runs to try next, in ascending order; fewer than `wanted` if no more are free.

        These are the lowest free runs after those that the callers ahead of this one require.
        NotFound if the composition has no data.
        """
        was_cached = nc in self._caches
        found = self._find_next(nc, wanted, claim_token, since)
        if len(found) < wanted and was_cached:
            found = self._find_next(nc, wanted, claim_token, since, discard=True)
        return found

    def _find_next(
        self,
        nc: NominalComposition,
        wanted: int,
        claim_token: str,
        since: datetime,
        *,
        discard: bool = False,
    ) -> Sequence[int]:
        cache = self._get_cache(nc)
        if discard:
            cache.taken, cache.listed_at = set(), None
        claims = ReadClaims(limit=wanted + _CLAIMS_AT_FIRST)
        self._refresh(nc, cache, claims, since)
        candidates = cache.list_candidates()
        if not candidates:
            return []
        free: Iterator[int] = self._list_free(nc, candidates, claims, cache)
        lowest = list(islice(free, wanted))
        found = claims.found
        # If callers compete, one query returns a consistent view of all of them.
        if any(len(claim.claimants) > 1 for claim in self._list_recent(found)):
            found = list(self._runs.list_claims(nc, after=candidates[0] - 1))
            taken = {claim.id_run for claim in found}
            lowest, free = [], (id_run for id_run in candidates if id_run not in taken)
        ahead = count_wanted_ahead(self._list_recent(found), get_claimant_tag(claim_token))
        usable = list(
            islice(
                self._list_usable(nc, chain(lowest, free), ahead + wanted, cache), ahead + wanted
            )
        )
        return usable[ahead:] if len(usable) == ahead + wanted else usable[:wanted]

    def _get_cache(self, nc: NominalComposition) -> CompositionCache:
        """Return the cached state of a composition, which may be new."""
        now = self._clock.now()
        with self._lock:
            cache = self._caches.get(nc)
            if cache is None or now - cache.created_at >= TABLE_CACHE_LIFETIME:
                cache = self._caches[nc] = CompositionCache(now)
            self._caches.move_to_end(nc)
            while (
                len(self._caches) > 1
                and sum(1 + len(other.numbers) for other in self._caches.values()) > _MAX_CACHED
            ):
                self._caches.popitem(last=False)
        return cache

    def _refresh(
        self, nc: NominalComposition, cache: CompositionCache, claims: ReadClaims, since: datetime
    ) -> None:
        """Refresh the parts of the cache that are outdated.

        While the bucket is listed, read the claims from the first candidate of the last listing on.
        """
        oldest = self._clock.now() - BUCKET_CACHE_LIFETIME
        cache.discard_checks(oldest)
        if cache.listed_at is not None and cache.listed_at > (
            since if len(cache.numbers) <= _SHORT_LISTING else oldest
        ):
            return
        cache.listed_at = self._clock.now()
        candidates = cache.list_candidates()
        first = candidates[0] if candidates else max(cache.numbers, default=0) + 1
        _, cache.numbers = run_parallel(
            lambda: self._read_claims(nc, first, claims, cache),
            lambda: self._bucket.list_run_numbers(nc),
        )
        if not cache.numbers:
            with self._lock:
                self._caches.pop(nc, None)
            raise NotFound(
                f"nominal composition {str(nc)!r} has no runs in the data bucket; list the "
                "compositions to see which have data"
            )

    def _list_free(
        self,
        nc: NominalComposition,
        candidates: Iterable[int],
        claims: ReadClaims,
        cache: CompositionCache,
    ) -> Iterator[int]:
        """Yield the candidates that are not allocated, in ascending order."""
        taken = {claim.id_run for claim in claims.found}
        for candidate in candidates:
            if candidate not in claims:
                read = self._read_claims(nc, candidate, claims, cache)
                taken.update(claim.id_run for claim in read)
            if candidate not in taken:
                yield candidate

    def _read_claims(
        self, nc: NominalComposition, first: int, claims: ReadClaims, cache: CompositionCache
    ) -> Sequence[RunClaim]:
        """Read the claims of the runs from `first` on into `claims`, and return them."""
        read = list(self._runs.list_claims(nc, after=first - 1, limit=claims.limit))
        claims.add(first, read)
        cache.store_final_claims(read, self._clock.now() - FINAL_AFTER)
        return read

    def _list_recent(self, claims: Iterable[RunClaim]) -> Iterator[RunClaim]:
        """Yield the claims whose claimants may still be active."""
        oldest = self._clock.now() - LEASE
        return (claim for claim in claims if claim.claimed_at > oldest)

    def _list_usable(
        self, nc: NominalComposition, candidates: Iterable[int], width: int, cache: CompositionCache
    ) -> Iterator[int]:
        """Yield the candidates that have files of sub-run 0, in ascending order."""
        rest = iter(candidates)
        width = min(width, PARALLEL_CHECKS)
        use_listings: bool | None = None
        while chunk := tuple(islice(rest, width)):
            unknown = [
                id_run
                for id_run in chunk
                if id_run not in cache.present and id_run not in cache.absent
            ]
            if unknown and use_listings:
                listed = self._bucket.list_runs_with_files(
                    RunKey(nc, unknown[0]), REFERENCE_SUB_RUN
                )
                cache.store_checks(listed.items(), self._clock.now())
                use_listings = len(listed) > PARALLEL_CHECKS
                unknown = [id_run for id_run in unknown if id_run not in listed]
            if unknown:
                pending = [
                    start(partial(self._bucket.has_files, _reference_key(nc, id_run)))
                    for id_run in unknown
                ]
                checks = [check.result() for check in pending]
                cache.store_checks(zip(unknown, checks, strict=True), self._clock.now())
                # Many runs without sub-run 0 in a row are found faster by listings of all files,
                # unless there are many files.
                if use_listings is None and len(chunk) == PARALLEL_CHECKS and not any(checks):
                    use_listings = True
            yield from (id_run for id_run in chunk if id_run in cache.present)
            width = PARALLEL_CHECKS


def _reference_key(nc: NominalComposition, id_run: int) -> SubRunKey:
    return SubRunKey(RunKey(nc, id_run), REFERENCE_SUB_RUN)
