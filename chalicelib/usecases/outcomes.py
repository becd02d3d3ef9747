"""Facts about the calculations of sub-runs.

Each content is read once, and only as much of it as necessary.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.errors import SourceChanged, Unavailable
from chalicelib.domain.outcomes import (
    OVERLAP_BYTES,
    RULES_VERSION,
    CachedFacts,
    CalculationFacts,
    count_bond_labels,
    read_lobster_output,
    read_scf_output,
)
from chalicelib.domain.runs import Run, RunKey

from .ports import Clock, DataBucket, OutcomeCache

READ_TIMEOUT = timedelta(seconds=10)
_PARALLEL_READS = 8
_FIRST_WINDOW_BYTES = 64 * 1024
_LARGEST_WINDOW_BYTES = 1024 * 1024
MAX_FILE_BYTES = 16 * 1024**2
"""Limit per file. In complete outputs the phrases are near the end; real outputs have up to 1 MB.
"""
_MAX_RUNS = 1_000
"""Runs in memory. The facts of a run with 15 sub-runs take about 5 KB."""
_READS = threading.BoundedSemaphore(2 * _PARALLEL_READS)
"""Concurrent reads of a process. Each uses memory for one window."""


_NO_FILES = CachedFacts("", CalculationFacts(has_files=False))


class _OutOfTime(Exception):
    """The time limit of a request for reading has passed."""


class _TooLarge(Exception):
    """The facts of a file are not in the part of it that is read."""


class OutcomeReader:
    """Reads the facts of runs, and keeps those of the last _MAX_RUNS runs in memory."""

    def __init__(self, bucket: DataBucket, cache: OutcomeCache, clock: Clock) -> None:
        self._bucket = bucket
        self._cache = cache
        self._clock = clock
        self._memory: OrderedDict[RunKey, Mapping[int, CachedFacts]] = OrderedDict()
        self._lock = threading.Lock()

    def is_loaded(self, key: RunKey) -> bool:
        """Return True if the facts of the run are in memory, perhaps those of earlier files."""
        with self._lock:
            return key in self._memory

    def load(self, key: RunKey) -> None:
        """Read the cached facts of a run into memory."""
        self._remember(key, self._cache.get(key))

    def read(
        self, run: Run, artifacts: Mapping[int, Sequence[Artifact]] | None = None
    ) -> Mapping[int, CalculationFacts]:
        """Return the facts of the scheduled sub-runs, from `artifacts` if they are listed already.

        Facts in memory are used if the files are unchanged, then cached facts; otherwise the files
        are parsed.

        The result lacks a sub-run while its files change, if reading takes longer than a request
        may last (the next request continues), or if the facts are neither in the last
        MAX_FILE_BYTES nor at the beginning of a larger file. This last case is cached as well.
        """
        deadline = self._clock.now() + READ_TIMEOUT
        listed = (
            self._bucket.list_named_files(run.key, sorted(run.sub_runs), _names(run))
            if artifacts is None
            else _select_named_files(run, artifacts)
        )
        versions = {sub_run: _get_version(run, files) for sub_run, files in listed.items()}
        with self._lock:
            known = self._memory.get(run.key, {})
        absent = dict.fromkeys(run.sub_runs - listed.keys(), _NO_FILES)
        found = _select_current(known, versions) | absent
        if found != known or len(found) < len(run.sub_runs):
            cached = self._cache.get(run.key)
            found |= _select_current(cached, versions)
            unread = {sub_run: listed[sub_run] for sub_run in versions.keys() - found.keys()}
            if unread:
                found |= self._parse(run, unread, versions, deadline)
            if found != cached:
                # If this fails, the response is complete all the same; another process reads the
                # files again.
                with suppress(Unavailable):
                    self._cache.put(run.key, found)
        if found != known:
            self._remember(run.key, found)
        facts = {sub_run: each.facts for sub_run, each in found.items() if each.facts is not None}
        return dict(sorted(facts.items()))

    def _remember(self, key: RunKey, facts: Mapping[int, CachedFacts]) -> None:
        with self._lock:
            self._memory[key] = facts
            self._memory.move_to_end(key)
            if len(self._memory) > _MAX_RUNS:
                self._memory.popitem(last=False)

    def _parse(
        self,
        run: Run,
        files: Mapping[int, Mapping[str, Artifact]],
        versions: Mapping[int, str],
        deadline: datetime,
    ) -> dict[int, CachedFacts]:
        """Return the facts in the files of sub-runs."""

        def parse(sub_run: int) -> CachedFacts | None:
            if not _READS.acquire(timeout=READ_TIMEOUT.total_seconds()):
                return None
            try:
                facts = _read_facts(run, files[sub_run], self._bucket, self._clock, deadline)
                return CachedFacts(versions[sub_run], facts)
            except _TooLarge:
                return CachedFacts(versions[sub_run], None)
            except (SourceChanged, _OutOfTime):
                return None
            finally:
                _READS.release()

        with ThreadPoolExecutor(
            min(len(files), _PARALLEL_READS), thread_name_prefix="outcomes"
        ) as pool:
            results = zip(files, pool.map(parse, files), strict=True)
            return {sub_run: result for sub_run, result in results if result is not None}


def _select_current(
    facts: Mapping[int, CachedFacts], versions: Mapping[int, str]
) -> dict[int, CachedFacts]:
    """Return the facts of the files with these versions."""
    return {
        sub_run: facts[sub_run]
        for sub_run, version in versions.items()
        if sub_run in facts and facts[sub_run].version == version
    }


def _select_named_files(
    run: Run, artifacts: Mapping[int, Sequence[Artifact]]
) -> dict[int, Mapping[str, Artifact]]:
    """Return what `DataBucket.list_named_files` returns, from the files of the run."""
    names = _names(run)
    return {
        sub_run: {each.name: each for each in found if each.name in names}
        for sub_run, found in artifacts.items()
        if sub_run in run.sub_runs and any("/" not in each.name for each in found)
    }


def _names(run: Run) -> tuple[str, str, str]:
    return f"{run.key.nc}.scf.out", f"{run.key.nc}.lb.out", "ICOHPLIST.lobster"


def _get_version(run: Run, files: Mapping[str, Artifact]) -> str:
    """Return the version of the facts of a sub-run that has files, but perhaps none of these."""
    tags = [files[name].etag if name in files else "" for name in _names(run)]
    return hashlib.sha256("\0".join([str(RULES_VERSION), "True", *tags]).encode()).hexdigest()[:32]


def _read_facts(
    run: Run,
    artifacts: Mapping[str, Artifact],
    bucket: DataBucket,
    clock: Clock,
    deadline: datetime,
) -> CalculationFacts:
    scf, lobster, labels = (artifacts.get(name) for name in _names(run))

    def in_time(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if clock.now() > deadline:
                raise _OutOfTime
            yield chunk

    converged, iterations, energy = (
        read_scf_output(in_time(_windows(scf, bucket))) if scf else (None, None, None)
    )
    finished, expected = (
        read_lobster_output(in_time(_windows(lobster, bucket))) if lobster else (False, None)
    )
    if labels and labels.size_bytes > MAX_FILE_BYTES:
        raise _TooLarge
    return CalculationFacts(
        has_files=True,
        scf_converged=converged,
        scf_iterations=iterations,
        total_energy_ry=energy,
        lobster_finished=finished,
        bonds_expected=expected,
        bond_labels=count_bond_labels(in_time(bucket.read(labels))) if labels else None,
    )


def _windows(artifact: Artifact, bucket: DataBucket) -> Iterator[bytes]:
    """Yield the content from its end, in growing windows that overlap.

    Of a file larger than MAX_FILE_BYTES only the end and the beginning are read. _TooLarge if the
    caller requests more.
    """
    end, size_bytes = artifact.size_bytes, _FIRST_WINDOW_BYTES
    while end > 0:
        start = max(0, end - size_bytes)
        if artifact.size_bytes - start > MAX_FILE_BYTES:
            yield bucket.read_range(artifact, 0, _FIRST_WINDOW_BYTES)
            raise _TooLarge
        yield bucket.read_range(artifact, start, min(end + OVERLAP_BYTES, artifact.size_bytes))
        end, size_bytes = start, min(size_bytes * 4, _LARGEST_WINDOW_BYTES)
