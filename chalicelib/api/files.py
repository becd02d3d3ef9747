"""The endpoint of single files."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.bootstrap import services
from chalicelib.domain.artifacts import Role
from chalicelib.domain.errors import (
    InvalidInput,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.runs import SubRunKey
from chalicelib.usecases import files

from .endpoint import ApiBlueprint, JsonResponse, endpoint
from .schemas import FileName, IdRun, Nc, SizeBytes, SubRun, Timestamp

blueprint = ApiBlueprint(__name__, tag="data")


class FileQuery(Struct):
    """Whether to redirect to the file."""

    redirect: bool = False


class FileLink(Struct):
    """A link to a file of a sub-run: request a new URL after `expires_at`.

    The ETag is opaque, quotes included.
    """

    nc: Nc
    id_run: IdRun
    sub_run: SubRun
    name: FileName
    size_bytes: SizeBytes
    role: Role
    etag: str
    download_url: str
    expires_at: Timestamp

    @classmethod
    def of(cls, file: files.FileLink) -> FileLink:
        run = file.key.run
        return cls(
            nc=str(run.nc),
            id_run=str(run.id_run),
            sub_run=str(file.key.sub_run),
            name=file.artifact.name,
            size_bytes=file.artifact.size_bytes,
            role=file.artifact.role,
            etag=file.artifact.etag,
            download_url=file.link.url,
            expires_at=file.link.expires_at.isoformat(timespec="seconds"),
        )


@endpoint(
    blueprint,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/files/{name}",
    operation_id="sub_run_file",
    response=FileLink,
    errors=(InvalidInput, NotFound, SubRunNotScheduled, Unavailable),
    query=FileQuery,
    other_responses={303: None},
)
def get_sub_run_file_link(
    nc: str, id_run: str, sub_run: str, name: str, query: FileQuery
) -> JsonResponse:
    """Download one file.

    Returns a link to one file of a sub-run, also to a file that archives skip. With
    `redirect=true`, the response is a **303** to the file itself.
    """
    file = files.get_file_link(
        SubRunKey.parse(nc, id_run, sub_run), name, runs=services().runs, bucket=services().bucket
    )
    if query.redirect:
        return JsonResponse(None, 303, {"Location": file.link.url})
    return JsonResponse(FileLink.of(file))


class FileTextQuery(Struct):
    """The part of the file."""

    offset: Annotated[
        int, Meta(ge=0, description="`next_offset` of the previous part, in bytes")
    ] = 0


class FileText(Struct):
    """A part of a file as text, up to 1 MiB; `next_offset` is null at the end of the file."""

    nc: Nc
    id_run: IdRun
    sub_run: SubRun
    name: FileName
    size_bytes: SizeBytes
    offset: Annotated[int, Meta(ge=0)]
    text: Annotated[
        str, Meta(description="Complete lines; bytes that are not UTF-8 are replaced by U+FFFD")
    ]
    next_offset: int | None


@endpoint(
    blueprint,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/files/{name}/text",
    operation_id="sub_run_file_text",
    response=FileText,
    errors=(InvalidInput, NotFound, SubRunNotScheduled, SourceChanged, Unavailable),
    query=FileTextQuery,
)
def get_sub_run_file_text(
    nc: str, id_run: str, sub_run: str, name: str, query: FileTextQuery
) -> FileText:
    """Read a file as text.

    Returns up to 1 MiB of a file, to look at it. Large and binary files are downloaded through
    their link.
    """
    key = SubRunKey.parse(nc, id_run, sub_run)
    part = files.read_file_text(
        key, name, query.offset, runs=services().runs, bucket=services().bucket
    )
    return FileText(
        nc=str(key.run.nc),
        id_run=str(key.run.id_run),
        sub_run=str(key.sub_run),
        name=part.artifact.name,
        size_bytes=part.artifact.size_bytes,
        offset=part.offset,
        text=part.text,
        next_offset=part.next_offset,
    )
