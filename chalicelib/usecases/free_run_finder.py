"""Finds runs that can be scheduled, without reading the whole bucket and table each time.

The cache belongs to one process and only saves reads: the conditional write in `RunRepository.add`
decides, and an outdated cache costs another read. Cached listings of the bucket are at most a
minute old, so new data are found after a minute.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, islice

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import NotFound
from chalicelib.domain.run_claims import RunClaim, count_wanted_ahead, get_claimant_tag
from chalicelib.domain.runs import REFERENCE_SUB_RUN, RunKey, SubRunKey

from .idempotency import LEASE
from .ports import Clock, DataBucket, RunRepository

PARALLEL_CHECKS = 16
"""Concurrent listings. Up to this number, runs without sub-run 0 are checked again by every
request; more are cached."""
BUCKET_CACHE_LIFETIME = timedelta(minutes=1)
TABLE_CACHE_LIFETIME = timedelta(minutes=10)
_FINAL_AFTER = timedelta(minutes=1)
"""Requests last for half a minute at most: older allocations are not released any more."""
_SHORT_LISTING = 1000
"""The number of runs in one listing. Compositions with at most this number are listed by every
request."""
_CLAIMS_AT_FIRST = 100
_HIGHEST = 10**9
_MAX_CACHED = 100_000
"""Limit of the cached compositions and runs together."""
_LOCKS = 64
"""Compositions share locks, because callers may request any number of compositions."""
_LOCK_TIMEOUT_SECONDS = 20.0


@dataclass(slots=True)
class _Cache:
    """The cached state of a composition. The allocation of the runs in `taken` is final."""

    created_at: datetime
    numbers: Sequence[int] = ()
    listed_at: datetime | None = None
    present: dict[int, datetime] = field(default_factory=dict)
    absent: dict[int, datetime] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)


class FreeRunFinder:
    """Finds the lowest-numbered runs that have files of sub-run 0 and are not in the run table."""

    def __init__(self, runs: RunRepository, bucket: DataBucket, clock: Clock) -> None:
        self._runs = runs
        self._bucket = bucket
        self._clock = clock
        self._caches: OrderedDict[NominalComposition, _Cache] = OrderedDict()
        self._composition_locks = [threading.Lock() for _ in range(_LOCKS)]
        self._lock = threading.Lock()

    @contextmanager
    def serialized(self, nc: NominalComposition) -> Iterator[datetime]:
        """Serialize the callers of this process that allocate runs of a composition.

        The value is the arrival time of this caller: listings that another caller made since then
        are current enough. After 20 s a caller proceeds without the lock, because a store that does
        not respond must not block all callers.
        """
        since = self._clock.now()
        lock = self._composition_locks[hash(nc) % _LOCKS]
        acquired = lock.acquire(timeout=_LOCK_TIMEOUT_SECONDS)
        try:
            yield since
        finally:
            if acquired:
                lock.release()

    def find_next(
        self, nc: NominalComposition, wanted: int, claim_token: str, since: datetime
    ) -> Sequence[int]:
        """Return the runs to try next, in ascending order; fewer than `wanted` if no more are free.

        These are the lowest free runs after those that the callers ahead of this one require.
        NotFound if the composition has no data.
        """
        was_cached = nc in self._caches
        found = self._find_next(nc, wanted, claim_token, self._get_cache(nc, since))
        if len(found) < wanted and was_cached:
            cache = self._get_cache(nc, since, discard=True)
            found = self._find_next(nc, wanted, claim_token, cache)
        return found

    def _find_next(
        self, nc: NominalComposition, wanted: int, claim_token: str, cache: _Cache
    ) -> Sequence[int]:
        candidates = [
            id_run
            for id_run in cache.numbers
            if id_run not in cache.taken and id_run not in cache.absent
        ]
        if not candidates:
            return []
        claims: list[RunClaim] = []
        free: Iterator[int] = self._list_free(nc, candidates, wanted, claims, cache)
        lowest = list(islice(free, wanted))
        # If callers compete, one query returns a consistent view of all of them.
        if any(len(claim.claimants) > 1 for claim in self._list_recent(claims)):
            claims = list(self._runs.list_claims(nc, after=candidates[0] - 1))
            taken = {claim.id_run for claim in claims}
            lowest, free = [], (id_run for id_run in candidates if id_run not in taken)
        ahead = count_wanted_ahead(self._list_recent(claims), get_claimant_tag(claim_token))
        usable = list(
            islice(
                self._list_usable(nc, chain(lowest, free), ahead + wanted, cache), ahead + wanted
            )
        )
        return usable[ahead:] if len(usable) == ahead + wanted else usable[:wanted]

    def _get_cache(
        self, nc: NominalComposition, since: datetime, *, discard: bool = False
    ) -> _Cache:
        """Return the cached state of a composition after refreshing what is outdated."""
        now = self._clock.now()
        with self._lock:
            cache = self._caches.get(nc)
            if cache is None or now - cache.created_at >= TABLE_CACHE_LIFETIME:
                cache = self._caches[nc] = _Cache(now)
            self._caches.move_to_end(nc)
            while (
                len(self._caches) > 1
                and sum(1 + len(other.numbers) for other in self._caches.values()) > _MAX_CACHED
            ):
                self._caches.popitem(last=False)
        if discard:
            cache.taken, cache.listed_at = set(), None
        self._refresh(nc, cache, since)
        return cache

    def _refresh(self, nc: NominalComposition, cache: _Cache, since: datetime) -> None:
        oldest = self._clock.now() - BUCKET_CACHE_LIFETIME
        if cache.listed_at is None or cache.listed_at <= (
            since if len(cache.numbers) <= _SHORT_LISTING else oldest
        ):
            cache.listed_at = self._clock.now()
            cache.numbers = self._bucket.list_run_numbers(nc)
            if not cache.numbers:
                with self._lock:
                    self._caches.pop(nc, None)
                raise NotFound(f"nominal composition {str(nc)!r} has no runs in the data bucket")
        cache.present = {id_run: at for id_run, at in cache.present.copy().items() if at > oldest}
        absent = {id_run: at for id_run, at in cache.absent.copy().items() if at > oldest}
        cache.absent = absent if len(absent) > PARALLEL_CHECKS else {}

    def _list_free(
        self,
        nc: NominalComposition,
        candidates: Iterable[int],
        wanted: int,
        claims: list[RunClaim],
        cache: _Cache,
    ) -> Iterator[int]:
        """Yield the candidates that are not allocated, in ascending order.

        Append the claims that are read to `claims`.
        """
        final_before = self._clock.now() - _FINAL_AFTER
        limit = wanted + _CLAIMS_AT_FIRST
        taken: set[int] = set()
        read_up_to = 0
        for candidate in candidates:
            if candidate > read_up_to:
                read = list(self._runs.list_claims(nc, after=candidate - 1, limit=limit))
                claims += read
                taken.update(claim.id_run for claim in read)
                cache.taken.update(
                    claim.id_run for claim in read if claim.claimed_at <= final_before
                )
                read_up_to = read[-1].id_run if len(read) == limit else _HIGHEST
                limit *= 16
            if candidate not in taken:
                yield candidate

    def _list_recent(self, claims: Iterable[RunClaim]) -> Iterator[RunClaim]:
        """Yield the claims whose claimants may still be active."""
        oldest = self._clock.now() - LEASE
        return (claim for claim in claims if claim.claimed_at > oldest)

    def _list_usable(
        self, nc: NominalComposition, candidates: Iterable[int], width: int, cache: _Cache
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
                self._store(listed.items(), cache)
                use_listings = len(listed) > PARALLEL_CHECKS
                unknown = [id_run for id_run in unknown if id_run not in listed]
            if unknown:
                # The pool must end before the generator yields. If the garbage collector ends it,
                # it joins the threads at an arbitrary point, for example during the start of
                # another thread, which can block the process for good.
                with ThreadPoolExecutor(len(unknown), thread_name_prefix="candidates") as pool:
                    checks = list(
                        pool.map(
                            lambda id_run: self._bucket.has_files(_reference_key(nc, id_run)),
                            unknown,
                        )
                    )
                self._store(zip(unknown, checks, strict=True), cache)
                # Many runs without sub-run 0 in a row are found faster by listings of all files,
                # unless there are many files.
                if use_listings is None and len(chunk) == PARALLEL_CHECKS and not any(checks):
                    use_listings = True
            yield from (id_run for id_run in chunk if id_run in cache.present)
            width = PARALLEL_CHECKS

    def _store(self, checks: Iterable[tuple[int, bool]], cache: _Cache) -> None:
        now = self._clock.now()
        for id_run, present in checks:
            (cache.present if present else cache.absent)[id_run] = now


def _reference_key(nc: NominalComposition, id_run: int) -> SubRunKey:
    return SubRunKey(RunKey(nc, id_run), REFERENCE_SUB_RUN)
