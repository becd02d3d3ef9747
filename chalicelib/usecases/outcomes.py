"""The outcomes of sub-runs, read in their files: each content once, and no more of it than is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.errors import SourceChanged, Unavailable
from chalicelib.domain.outcomes import (
    OVERLAP_BYTES,
    RULES_VERSION,
    Facts,
    ReadFacts,
    count_bond_labels,
    read_lobster_output,
    read_scf_output,
)
from chalicelib.domain.runs import REFERENCE_SUB_RUN, Run, SubRunKey

from .ports import Clock, DataBucket, OutcomeRecords

_PATIENCE = timedelta(seconds=10)
_PARALLEL_READS = 8
_FIRST_WINDOW_BYTES = 64 * 1024
_LARGEST_WINDOW_BYTES = 4 * 1024 * 1024


class _TooLong(Exception):
    """Reading has taken all the time that a request can give it."""


def sub_run_facts(run: Run, *, bucket: DataBucket, records: OutcomeRecords, clock: Clock) -> Mapping[int, Facts]:
    """What the files of the scheduled sub-runs show, by sub-run; the kept facts where the files are those they were read in.

    A sub-run is left out while its files change, and where reading them takes longer than a request may last.
    """
    deadline = clock.now() + _PATIENCE
    listed = _listed(run, bucket)
    kept = records.get(run.key) if any(listed.values()) else {}

    def read(sub_run: int) -> ReadFacts | None:
        artifacts = {artifact.name: artifact for artifact in listed[sub_run]}
        version = _version(run, artifacts)
        if sub_run in kept and kept[sub_run].version == version:
            return kept[sub_run]
        with suppress(SourceChanged, _TooLong):
            return ReadFacts(version, _facts(run, artifacts, bucket, clock, deadline))
        return None

    with ThreadPoolExecutor(min(len(listed), _PARALLEL_READS), thread_name_prefix="outcomes") as pool:
        results = dict(zip(listed, pool.map(read, listed), strict=True))
    found = {sub_run: result for sub_run, result in results.items() if result is not None}
    to_keep = {sub_run: result for sub_run, result in found.items() if result.facts.has_files}
    if to_keep != kept:
        with suppress(Unavailable):  # the answer is there; the next request reads the files again
            records.put(run.key, to_keep)
    return {sub_run: result.facts for sub_run, result in found.items()}


def _listed(run: Run, bucket: DataBucket) -> dict[int, Sequence[Artifact]]:
    if run.sub_runs == {REFERENCE_SUB_RUN}:
        return {REFERENCE_SUB_RUN: bucket.artifacts(SubRunKey(run.key, REFERENCE_SUB_RUN))}
    listed = bucket.run_artifacts(run.key)
    return {sub_run: listed.get(sub_run, ()) for sub_run in sorted(run.sub_runs)}


def _names(run: Run) -> tuple[str, str, str]:
    return f"{run.key.nc}.scf.out", f"{run.key.nc}.lb.out", "ICOHPLIST.lobster"


def _version(run: Run, artifacts: Mapping[str, Artifact]) -> str:
    tags = [artifacts[name].etag if name in artifacts else "" for name in _names(run)]
    return hashlib.sha256("\0".join([str(RULES_VERSION), str(bool(artifacts)), *tags]).encode()).hexdigest()[:32]


def _facts(run: Run, artifacts: Mapping[str, Artifact], bucket: DataBucket, clock: Clock, deadline: datetime) -> Facts:
    scf, lobster, labels = (artifacts.get(name) for name in _names(run))

    def in_time(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if clock.now() > deadline:
                raise _TooLong
            yield chunk

    converged, iterations, energy = read_scf_output(in_time(_windows(scf, bucket))) if scf else (None, None, None)
    finished, expected = read_lobster_output(in_time(_windows(lobster, bucket))) if lobster else (False, None)
    return Facts(
        has_files=bool(artifacts),
        scf_converged=converged,
        scf_iterations=iterations,
        total_energy_ry=energy,
        lobster_finished=finished,
        bonds_expected=expected,
        bond_labels=count_bond_labels(in_time(bucket.read(labels))) if labels else None,
    )


def _windows(artifact: Artifact, bucket: DataBucket) -> Iterator[bytes]:
    """The content from its end, in windows that grow and overlap: what is looked for stands near the end of a good output."""
    stop, size_bytes = artifact.size_bytes, _FIRST_WINDOW_BYTES
    while stop > 0:
        start = max(0, stop - size_bytes)
        yield bucket.read_range(artifact, start, min(stop + OVERLAP_BYTES, artifact.size_bytes))
        stop, size_bytes = start, min(size_bytes * 4, _LARGEST_WINDOW_BYTES)
