"""Single files of a sub-run."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.archive import PresignedLink
from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.errors import NotFound
from chalicelib.domain.runs import SubRunKey

from .archives import Archives, sub_run_artifacts


@dataclass(frozen=True, slots=True)
class FileLink:
    """A stored file, and where to get it."""

    key: SubRunKey
    artifact: Artifact
    link: PresignedLink


def file_link(key: SubRunKey, name: str, *, archives: Archives) -> FileLink:
    """Return a link to the file `name` of a sub-run: a member or a skipped file of its manifest. NotFound, SubRunNotScheduled."""
    for artifact in sub_run_artifacts(key, archives):
        if artifact.name == name:
            return FileLink(
                key, artifact, archives.bucket.link(artifact.key, name.rpartition("/")[2])
            )
    raise NotFound(
        f"sub-run {str(key)!r} has no file {name!r}: its manifest lists those that are there"
    )
