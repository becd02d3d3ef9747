"""Single files of a sub-run."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.archive import BuildOrder, PresignedLink, Selection
from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.errors import NotFound
from chalicelib.domain.runs import SubRunKey

from .archiving import Archives, manifest_of


@dataclass(frozen=True, slots=True)
class FileLink:
    """A stored file, and where to get it."""

    key: SubRunKey
    artifact: Artifact
    link: PresignedLink


def file_link(key: SubRunKey, name: str, *, archives: Archives) -> FileLink:
    """A link to the file `name` of a sub-run, as the manifest lists it. NotFound, SubRunNotScheduled as for a manifest."""
    for member in manifest_of(BuildOrder(key, Selection()), archives).members:
        if member.name == name:
            return FileLink(key, member.artifact, archives.bucket.link(member.artifact.key, name))
    raise NotFound(f"sub-run {str(key)!r} has no file {name!r}: its manifest lists those that are there")
