"""Facts about the calculations of sub-runs.

Each content is read once, and only as much of it as necessary.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Mapping
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
from chalicelib.domain.runs import REFERENCE_SUB_RUN, Run, SubRunKey

from .ports import Clock, DataBucket, OutcomeCache

READ_TIMEOUT = timedelta(seconds=10)
_PARALLEL_READS = 8
_FIRST_WINDOW_BYTES = 64 * 1024
_LARGEST_WINDOW_BYTES = 1024 * 1024
MAX_FILE_BYTES = 16 * 1024**2
"""Limit per file. In complete outputs the phrases are near the end; real outputs have up to 1 MB.
"""
_READS = threading.BoundedSemaphore(2 * _PARALLEL_READS)
"""Concurrent reads of a process. Each uses memory for one window."""


class _OutOfTime(Exception):
    """The time limit of a request for reading has passed."""


class _TooLarge(Exception):
    """The facts of a file are not in the part of it that is read."""


def get_sub_run_facts(
    run: Run, *, bucket: DataBucket, cache: OutcomeCache, clock: Clock
) -> Mapping[int, CalculationFacts]:
    """Return the facts of the scheduled sub-runs.

    Cached facts are used if the files are unchanged; otherwise the files are parsed.

    The result lacks a sub-run while its files change, if reading takes longer than a request may
    last (the next request continues), or if the facts are neither in the last MAX_FILE_BYTES nor at
    the beginning of a larger file. This last case is cached as well.
    """
    deadline = clock.now() + READ_TIMEOUT
    listed = _list_files(run, bucket)
    cached = cache.get(run.key) if any(listed.values()) else {}
    versions = {sub_run: _version(run, artifacts) for sub_run, artifacts in listed.items()}
    found = {
        sub_run: cached[sub_run]
        for sub_run, version in versions.items()
        if sub_run in cached and cached[sub_run].version == version
    }

    def read(sub_run: int) -> CachedFacts | None:
        if not _READS.acquire(timeout=READ_TIMEOUT.total_seconds()):
            return None
        try:
            return CachedFacts(
                versions[sub_run], _read_facts(run, listed[sub_run], bucket, clock, deadline)
            )
        except _TooLarge:
            return CachedFacts(versions[sub_run], None)
        except (SourceChanged, _OutOfTime):
            return None
        finally:
            _READS.release()

    if unread := sorted(listed.keys() - found.keys()):
        with ThreadPoolExecutor(
            min(len(unread), _PARALLEL_READS), thread_name_prefix="outcomes"
        ) as pool:
            results = zip(unread, pool.map(read, unread), strict=True)
            found |= {sub_run: result for sub_run, result in results if result is not None}
    to_cache = {
        sub_run: result
        for sub_run, result in found.items()
        if result.facts is None or result.facts.has_files
    }
    if to_cache != cached:
        # If this fails, the response is complete all the same; the next request reads the files
        # again.
        with suppress(Unavailable):
            cache.put(run.key, to_cache)
    return {
        sub_run: result.facts
        for sub_run, result in sorted(found.items())
        if result.facts is not None
    }


def _list_files(run: Run, bucket: DataBucket) -> dict[int, dict[str, Artifact]]:
    """Return the files of each scheduled sub-run by name, without those in subfolders."""
    if run.sub_runs == {REFERENCE_SUB_RUN}:
        listed = {REFERENCE_SUB_RUN: bucket.list_artifacts(SubRunKey(run.key, REFERENCE_SUB_RUN))}
    else:
        listed = dict(bucket.list_run_artifacts(run.key))
    return {
        sub_run: {
            artifact.name: artifact
            for artifact in listed.get(sub_run, ())
            if "/" not in artifact.name
        }
        for sub_run in sorted(run.sub_runs)
    }


def _names(run: Run) -> tuple[str, str, str]:
    return f"{run.key.nc}.scf.out", f"{run.key.nc}.lb.out", "ICOHPLIST.lobster"


def _version(run: Run, artifacts: Mapping[str, Artifact]) -> str:
    tags = [artifacts[name].etag if name in artifacts else "" for name in _names(run)]
    return hashlib.sha256(
        "\0".join([str(RULES_VERSION), str(bool(artifacts)), *tags]).encode()
    ).hexdigest()[:32]


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
        has_files=bool(artifacts),
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
