"""Single files of a sub-run: links, and texts to look at."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.archive_record import PresignedLink
from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.errors import InvalidInput, NotFound
from chalicelib.domain.runs import SubRunKey

from .manifests import list_sub_run_artifacts
from .ports import DataBucket, RunRepository

TEXT_BYTES = 1024 * 1024
"""Maximum size of a part. Most outputs of Quantum ESPRESSO are smaller."""


@dataclass(frozen=True, slots=True)
class FileLink:
    """A stored file with a link to it."""

    key: SubRunKey
    artifact: Artifact
    link: PresignedLink


@dataclass(frozen=True, slots=True)
class FileText:
    """A part of a stored file as text, from the byte `offset` on.

    Bytes that are not UTF-8 are replaced by U+FFFD. `next_offset` is None at the end of the file.
    """

    key: SubRunKey
    artifact: Artifact
    offset: int
    text: str
    next_offset: int | None


def get_file_link(
    key: SubRunKey, name: str, *, runs: RunRepository, bucket: DataBucket
) -> FileLink:
    """Return a link to the file `name` of a sub-run, which may be a skipped file of its manifest.

    NotFound, SubRunNotScheduled.
    """
    artifact = _find_artifact(key, name, runs, bucket)
    return FileLink(key, artifact, bucket.presign(artifact.key, name.rpartition("/")[2]))


def read_file_text(
    key: SubRunKey, name: str, offset: int, *, runs: RunRepository, bucket: DataBucket
) -> FileText:
    """Return up to TEXT_BYTES of the file `name` from the byte `offset` on, as text.

    Raises:
        NotFound: The sub-run has no such file.
        SubRunNotScheduled: The sub-run is not scheduled.
        InvalidInput: The offset is not in the file.
        SourceChanged: The file was replaced while it was read.
    """
    artifact = _find_artifact(key, name, runs, bucket)
    if not 0 <= offset <= artifact.size_bytes:
        raise InvalidInput(
            f"invalid offset {offset}; file {name!r} has {artifact.size_bytes} bytes"
        )
    end = min(offset + TEXT_BYTES, artifact.size_bytes)
    content = bucket.read_range(artifact, offset, end) if end > offset else b""
    text, end = _decode_lines(content, offset, is_end=end == artifact.size_bytes)
    return FileText(key, artifact, offset, text, None if end == artifact.size_bytes else end)


def _decode_lines(content: bytes, offset: int, *, is_end: bool) -> tuple[str, int]:
    """Return complete lines, if there are several, and the offset behind them."""
    if not is_end and (last := content.rfind(b"\n") + 1):
        content = content[:last]
    return content.decode(errors="replace"), offset + len(content)


def _find_artifact(key: SubRunKey, name: str, runs: RunRepository, bucket: DataBucket) -> Artifact:
    for artifact in list_sub_run_artifacts(key, runs=runs, bucket=bucket):
        if artifact.name == name:
            return artifact
    raise NotFound(f"sub-run {str(key)!r} has no file {name!r}; its manifest lists all files")
