"""Manifests of sub-runs and runs: the content of an archive before it is built."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.builds import ArchiveSpec
from chalicelib.domain.errors import NotFound, SubRunNotScheduled
from chalicelib.domain.manifest import Manifest
from chalicelib.domain.runs import SUB_RUNS, Run, RunKey, SubRunKey

from .dataset_info import DatasetInfoReader
from .parallel_calls import run_parallel
from .ports import DataBucket, RunRepository
from .run_queries import get_run


def get_manifest(
    spec: ArchiveSpec, *, runs: RunRepository, bucket: DataBucket, dataset: DatasetInfoReader
) -> Manifest:
    """Return the manifest of an archive. Nothing is built.

    Raises:
        NotFound: The run is not scheduled, or no file can be packed.
        SubRunNotScheduled: A requested sub-run is not scheduled.
    """
    get_dataset = dataset.prefetch()
    if isinstance(spec.key, SubRunKey):
        artifacts = list_sub_run_artifacts(spec.key, runs=runs, bucket=bucket)
        manifest = Manifest.of_sub_run(spec.key, artifacts, spec.selection, get_dataset())
    else:
        by_sub_run = _list_run_artifacts(spec.key, spec.sub_runs, runs, bucket)
        parts = [
            Manifest.of_sub_run(
                SubRunKey(spec.key, sub_run), artifacts, spec.selection, get_dataset()
            )
            for sub_run, artifacts in sorted(by_sub_run.items())
        ]
        manifest = Manifest.of_run(spec.key, parts)
    if not manifest.members:
        reason = (
            f"; an archive cannot contain {manifest.skipped[0].name!r}: "
            f"{manifest.skipped[0].reason}"
            if manifest.skipped
            else ""
        )
        raise NotFound(f"no file of {str(spec.key)!r} matches {spec.selection}{reason}")
    return manifest


def list_sub_run_artifacts(
    key: SubRunKey, *, runs: RunRepository, bucket: DataBucket
) -> Sequence[Artifact]:
    """Return the stored files of a scheduled sub-run.

    NotFound if there are none, SubRunNotScheduled.
    """
    _, artifacts = run_parallel(
        lambda: _get_scheduled(key.run, {key.sub_run}, runs), lambda: bucket.list_artifacts(key)
    )
    if not artifacts:
        raise NotFound(f"sub-run {str(key)!r} has no files in the data bucket")
    return artifacts


def _list_run_artifacts(
    key: RunKey, sub_runs: tuple[int, ...] | None, runs: RunRepository, bucket: DataBucket
) -> dict[int, Sequence[Artifact]]:
    run, artifacts = run_parallel(
        lambda: (
            get_run(key, runs=runs, containing=SUB_RUNS)
            if sub_runs is None
            else _get_scheduled(key, sub_runs, runs)
        ),
        lambda: bucket.list_run_artifacts(key),
    )
    requested = run.sub_runs if sub_runs is None else set(sub_runs)
    if sub_runs is not None and (absent := requested - artifacts.keys()):
        raise NotFound(
            f"sub-runs {_format_sub_runs(absent)} of run {str(key)!r} have no files in the data "
            "bucket"
        )
    present = requested & artifacts.keys()
    if not present:
        raise NotFound(
            f"sub-runs {_format_sub_runs(requested)} of run {str(key)!r} have no files in the "
            "data bucket"
        )
    return {sub_run: artifacts[sub_run] for sub_run in present}


def _get_scheduled(key: RunKey, sub_runs: Collection[int], runs: RunRepository) -> Run:
    """Return a run. SubRunNotScheduled if one of the sub-runs is missing."""
    run = get_run(key, runs=runs, containing=sub_runs)
    if unscheduled := set(sub_runs) - run.sub_runs:
        raise SubRunNotScheduled(
            f"sub-runs {_format_sub_runs(unscheduled)} of run {str(key)!r} are not scheduled; "
            "augment the run first"
        )
    return run


def _format_sub_runs(sub_runs: set[int] | frozenset[int]) -> str:
    return ", ".join(f"'{sub_run}'" for sub_run in sorted(sub_runs))
