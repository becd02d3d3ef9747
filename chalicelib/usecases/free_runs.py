"""Finding the runs that can be scheduled, without reading everything each time.

Memory belongs to one process and is only a short cut. The conditional write in `RunTable.add` decides; a memory that turns out
wrong costs another read. Whatever is remembered of the bucket is at most a minute old, so data that arrive later are seen by then.
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

from chalicelib.domain.claims import RunClaim, claimant_tag, wanted_ahead
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import NotFound
from chalicelib.domain.runs import REFERENCE_SUB_RUN, RunKey, SubRunKey

from .idempotency import LEASE
from .ports import Clock, DataBucket, RunTable

PARALLEL_LOOKS = 16
"""Listings at a time. So many runs without sub-run 0 are looked at again by every request; more are remembered."""
BUCKET_MEMORY = timedelta(minutes=1)
TAKEN_MEMORY = timedelta(minutes=10)
_SETTLED = timedelta(minutes=1)
"""Requests live for half a minute at most: older allocations are not given back."""
_SHORT_LISTING = 1000
"""Runs that one listing returns: so many are listed by every request."""
_CLAIMS_AT_FIRST = 100
_HIGHEST = 10**9
_MAX_REMEMBERED = 100_000
"""Compositions and runs, together."""
_TURNS = 64
"""Locks, which compositions share: callers may ask for any number of compositions."""
_TURN_SECONDS = 20.0


@dataclass(slots=True)
class _Memory:
    """What is known of one composition. `taken` are numbers whose allocation is final."""

    created_at: datetime
    numbers: Sequence[int] = ()
    listed_at: datetime | None = None
    present: dict[int, datetime] = field(default_factory=dict)
    lacking: dict[int, datetime] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)


class FreeRuns:
    """Finds the lowest-numbered runs that have files of sub-run 0 and are not in the run table."""

    def __init__(self, runs: RunTable, bucket: DataBucket, clock: Clock) -> None:
        self._runs = runs
        self._bucket = bucket
        self._clock = clock
        self._memories: OrderedDict[NominalComposition, _Memory] = OrderedDict()
        self._turns = [threading.Lock() for _ in range(_TURNS)]
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, nc: NominalComposition) -> Iterator[datetime]:
        """Let the callers of this process allocate runs of a composition one after the other, so that they do not compete.

        Yield the time at which this caller came: what was read since then for another caller is new enough for it, too. A caller whose
        turn does not come in time goes on without: stores that do not respond must not make callers wait in line.
        """
        since = self._clock.now()
        turn = self._turns[hash(nc) % _TURNS]
        mine = turn.acquire(timeout=_TURN_SECONDS)
        try:
            yield since
        finally:
            if mine:
                turn.release()

    def next(
        self, nc: NominalComposition, wanted: int, claim_token: str, since: datetime
    ) -> Sequence[int]:
        """Return the runs to try next, ascending; fewer than `wanted` if no more are free. NotFound: the composition has no data.

        These are the lowest free runs after those that are left to callers ahead of this one.
        """
        remembered = nc in self._memories
        found = self._next(nc, wanted, claim_token, self._memory(nc, since))
        if len(found) < wanted and remembered:
            found = self._next(nc, wanted, claim_token, self._memory(nc, since, forget=True))
        return found

    def _next(
        self, nc: NominalComposition, wanted: int, claim_token: str, memory: _Memory
    ) -> Sequence[int]:
        candidates = [
            id_run
            for id_run in memory.numbers
            if id_run not in memory.taken and id_run not in memory.lacking
        ]
        if not candidates:
            return []
        claims: list[RunClaim] = []
        free: Iterator[int] = self._free(nc, candidates, wanted, claims, memory)
        lowest = list(islice(free, wanted))
        if any(
            len(claim.claimants) > 1 for claim in self._recent(claims)
        ):  # callers compete: one query shows them all at one time
            claims = list(self._runs.claims(nc, after=candidates[0] - 1))
            taken = {claim.id_run for claim in claims}
            lowest, free = [], (id_run for id_run in candidates if id_run not in taken)
        ahead = wanted_ahead(self._recent(claims), claimant_tag(claim_token))
        usable = list(
            islice(self._usable(nc, chain(lowest, free), ahead + wanted, memory), ahead + wanted)
        )
        return usable[ahead:] if len(usable) == ahead + wanted else usable[:wanted]

    def _memory(self, nc: NominalComposition, since: datetime, *, forget: bool = False) -> _Memory:
        """Return what is known of a composition, not older than it may be."""
        now = self._clock.now()
        with self._lock:
            memory = self._memories.get(nc)
            if memory is None or now - memory.created_at >= TAKEN_MEMORY:
                memory = self._memories[nc] = _Memory(now)
            self._memories.move_to_end(nc)
            while (
                len(self._memories) > 1
                and sum(1 + len(other.numbers) for other in self._memories.values())
                > _MAX_REMEMBERED
            ):
                self._memories.popitem(last=False)
        if forget:
            memory.taken, memory.listed_at = set(), None
        self._refresh(nc, memory, since)
        return memory

    def _refresh(self, nc: NominalComposition, memory: _Memory, since: datetime) -> None:
        oldest = self._clock.now() - BUCKET_MEMORY
        if memory.listed_at is None or memory.listed_at <= (
            since if len(memory.numbers) <= _SHORT_LISTING else oldest
        ):
            memory.listed_at = self._clock.now()
            memory.numbers = self._bucket.run_numbers(nc)
            if not memory.numbers:
                with self._lock:
                    self._memories.pop(nc, None)
                raise NotFound(f"nominal composition {str(nc)!r} has no runs in the data bucket")
        memory.present = {id_run: at for id_run, at in memory.present.copy().items() if at > oldest}
        lacking = {id_run: at for id_run, at in memory.lacking.copy().items() if at > oldest}
        memory.lacking = lacking if len(lacking) > PARALLEL_LOOKS else {}

    def _free(
        self,
        nc: NominalComposition,
        candidates: Iterable[int],
        wanted: int,
        claims: list[RunClaim],
        memory: _Memory,
    ) -> Iterator[int]:
        """Yield the ascending candidates that nobody has. Read claims as far as needed, and append them to `claims`."""
        settled = self._clock.now() - _SETTLED
        limit = wanted + _CLAIMS_AT_FIRST
        taken: set[int] = set()
        read_up_to = 0
        for candidate in candidates:
            if candidate > read_up_to:
                read = list(self._runs.claims(nc, after=candidate - 1, limit=limit))
                claims += read
                taken.update(claim.id_run for claim in read)
                memory.taken.update(claim.id_run for claim in read if claim.claimed_at <= settled)
                read_up_to = read[-1].id_run if len(read) == limit else _HIGHEST
                limit *= 16
            if candidate not in taken:
                yield candidate

    def _recent(self, claims: Iterable[RunClaim]) -> Iterator[RunClaim]:
        """Yield the claims whose claimants may still be at work."""
        oldest = self._clock.now() - LEASE
        return (claim for claim in claims if claim.claimed_at > oldest)

    def _usable(
        self, nc: NominalComposition, candidates: Iterable[int], width: int, memory: _Memory
    ) -> Iterator[int]:
        """Yield the candidates that have files of sub-run 0, ascending."""
        rest = iter(candidates)
        width = min(width, PARALLEL_LOOKS)
        listings_pay: bool | None = None
        while chunk := tuple(islice(rest, width)):
            unknown = [
                id_run
                for id_run in chunk
                if id_run not in memory.present and id_run not in memory.lacking
            ]
            if unknown and listings_pay:
                listed = self._bucket.listed_runs(RunKey(nc, unknown[0]), REFERENCE_SUB_RUN)
                self._remember(listed.items(), memory)
                listings_pay = len(listed) > PARALLEL_LOOKS
                unknown = [id_run for id_run in unknown if id_run not in listed]
            if unknown:
                # The threads end in here. If a generator keeps them, the garbage collector may have to end them, which can block the
                # process for good: it joins threads in the middle of whatever runs, the start of a thread for example.
                with ThreadPoolExecutor(len(unknown), thread_name_prefix="candidates") as pool:
                    looks = list(
                        pool.map(
                            lambda id_run: self._bucket.has_files(_reference(nc, id_run)), unknown
                        )
                    )
                self._remember(zip(unknown, looks, strict=True), memory)
                # Many runs without sub-run 0 in a row are found faster by listings of all files, unless there are many files.
                if listings_pay is None and len(chunk) == PARALLEL_LOOKS and not any(looks):
                    listings_pay = True
            yield from (id_run for id_run in chunk if id_run in memory.present)
            width = PARALLEL_LOOKS

    def _remember(self, looks: Iterable[tuple[int, bool]], memory: _Memory) -> None:
        now = self._clock.now()
        for id_run, present in looks:
            (memory.present if present else memory.lacking)[id_run] = now


def _reference(nc: NominalComposition, id_run: int) -> SubRunKey:
    return SubRunKey(RunKey(nc, id_run), REFERENCE_SUB_RUN)
