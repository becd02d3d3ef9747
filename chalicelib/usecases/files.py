"""Links to single files of a sub-run."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.archive_record import PresignedLink
from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.errors import NotFound
from chalicelib.domain.runs import SubRunKey

from .manifests import list_sub_run_artifacts
from .ports import DataBucket, RunRepository


@dataclass(frozen=True, slots=True)
class FileLink:
    """A stored file with a link to it."""

    key: SubRunKey
    artifact: Artifact
    link: PresignedLink


def get_file_link(
    key: SubRunKey, name: str, *, runs: RunRepository, bucket: DataBucket
) -> FileLink:
    """Return a link to the file `name` of a sub-run, which may be a skipped file of its manifest.

    NotFound, SubRunNotScheduled.
    """
    for artifact in list_sub_run_artifacts(key, runs=runs, bucket=bucket):
        if artifact.name == name:
            link = bucket.presign(artifact.key, name.rpartition("/")[2])
            return FileLink(key, artifact, link)
    raise NotFound(f"sub-run {str(key)!r} has no file {name!r}; its manifest lists all files")
