"""Doors to manifests and archives."""

from __future__ import annotations

from msgspec import Struct, field

from chalicelib.domain.archive import Selection
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound, Unavailable
from chalicelib.domain.runs import SubRunKey
from chalicelib.usecases.archiving import make_archive, sub_run_manifest
from chalicelib.wiring import services

from .endpoint import Answer, Door, endpoint
from .wire import ArchiveLink, Manifest

door = Door(__name__)


class SelectionQuery(Struct):
    """Which files: a profile, and globs over their names."""

    profile: str = "full"
    include: list[str] = field(default_factory=list)


class DownloadQuery(SelectionQuery):
    """Which files, and whether to answer 303 to the archive itself."""

    redirect: bool = False


class DownloadHeaders(Struct):
    """`Accept: application/zip` asks for a redirect as well."""

    accept: str = ""


@endpoint(
    door,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/download",
    returns=ArchiveLink,
    fails=(InvalidInput, NotFound, Conflict, Unavailable),
    query=DownloadQuery,
    headers=DownloadHeaders,
)
def download_sub_run(nc: str, id_run: str, sub_run: str, query: DownloadQuery, headers: DownloadHeaders) -> ArchiveLink | Answer:
    """Link to the archive of one sub-run; builds the archive if it is not there yet."""
    key, selection = SubRunKey.parse(nc, id_run, sub_run), Selection.parse(query.profile, query.include)
    link = ArchiveLink.of(make_archive(key, selection, runs=services().runs, bucket=services().bucket))
    return _redirect(link) if query.redirect or "application/zip" in headers.accept.lower() else link


@endpoint(
    door,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/manifest",
    returns=Manifest,
    fails=(InvalidInput, NotFound, Conflict, Unavailable),
    query=SelectionQuery,
)
def manifest(nc: str, id_run: str, sub_run: str, query: SelectionQuery) -> Manifest:
    """The files that an archive of the sub-run would hold; nothing is built."""
    key, selection = SubRunKey.parse(nc, id_run, sub_run), Selection.parse(query.profile, query.include)
    return Manifest.of(sub_run_manifest(key, selection, runs=services().runs, bucket=services().bucket))


def _redirect(link: ArchiveLink) -> Answer:
    return Answer(None, 303, {"Location": link.download_url})
