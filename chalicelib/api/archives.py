"""Doors to manifests and archives."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, field

from chalicelib.bootstrap import services
from chalicelib.domain.archive import Building, BuildOrder, Profile, Selection
from chalicelib.domain.errors import (
    InvalidInput,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.runs import RunKey, SubRunKey, parse_sub_runs
from chalicelib.usecases.archives import make_archive, manifest_of

from .endpoint import Answer, Door, endpoint
from .schemas import ArchiveLink, BuildProgress, Manifest

door = Door(__name__, tag="archives")

_FAILS = (InvalidInput, NotFound, SubRunNotScheduled, Unavailable)
_DOWNLOAD_FAILS = (*_FAILS, SourceChanged)
_OTHER_ANSWERS = {202: BuildProgress, 303: None}


Glob = Annotated[
    str, Meta(pattern=r"^[ -.0-~]{1,100}$", description="A glob without '/'", examples=["*.vec"])
]
SubRunList = Annotated[
    str,
    Meta(
        pattern=r"^(?:[0-9]|1[0-4])(?:,(?:[0-9]|1[0-4]))*$",
        description="Numbers of sub-runs",
        examples=["0,3,7"],
        max_length=100,
    ),
]


class SelectionQuery(Struct):
    """Which files: a profile, and globs over their names."""

    profile: Annotated[
        Profile, Meta(description="`essential`: the six files that training needs")
    ] = Profile.FULL
    include: Annotated[
        list[Glob],
        Meta(max_length=20, description="Globs over file names; a file needs to match one"),
    ] = field(default_factory=list)


class DownloadQuery(SelectionQuery):
    """Which files, whether to answer 303 to the archive itself, and how long to wait for one that is being built."""

    redirect: bool = False
    wait: Annotated[
        int, Meta(ge=0, le=20, description="Seconds to wait while the archive is being built")
    ] = 0
    verify: Annotated[
        bool,
        Meta(
            description="Read a stored archive again, and rebuild it if its SHA-256 is wrong: for callers who received other bytes"
        ),
    ] = False


class RunManifestQuery(SelectionQuery):
    """Which files, and of which sub-runs: `0,3,7`; all that are scheduled and have files where it is left out."""

    sub_runs: SubRunList | None = None


class RunDownloadQuery(DownloadQuery):
    """As for a sub-run, and of which sub-runs: `0,3,7`; all that are scheduled and have files where it is left out."""

    sub_runs: SubRunList | None = None


class DownloadHeaders(Struct):
    """`Accept: application/zip` asks for a redirect as well."""

    accept: str = ""


@endpoint(
    door,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/download",
    operation_id="download_sub_run",
    returns=ArchiveLink,
    fails=_DOWNLOAD_FAILS,
    answers=_OTHER_ANSWERS,
    query=DownloadQuery,
    headers=DownloadHeaders,
)
def download_sub_run(
    nc: str, id_run: str, sub_run: str, query: DownloadQuery, headers: DownloadHeaders
) -> Answer:
    """Link to the archive of one sub-run; builds the archive if it is not there yet."""
    order = BuildOrder(
        SubRunKey.parse(nc, id_run, sub_run), Selection.parse(query.profile, query.include)
    )
    return _download(order, query, headers)


@endpoint(
    door,
    "GET",
    "/v1/generate/{nc}/{id_run}/download",
    operation_id="download_run",
    returns=ArchiveLink,
    fails=_DOWNLOAD_FAILS,
    answers=_OTHER_ANSWERS,
    query=RunDownloadQuery,
    headers=DownloadHeaders,
)
def download_run(nc: str, id_run: str, query: RunDownloadQuery, headers: DownloadHeaders) -> Answer:
    """Link to one archive of a whole run, a folder per sub-run; builds the archive if it is not there yet."""
    order = BuildOrder(
        RunKey.parse(nc, id_run),
        Selection.parse(query.profile, query.include),
        parse_sub_runs(query.sub_runs),
    )
    return _download(order, query, headers)


@endpoint(
    door,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/manifest",
    operation_id="sub_run_manifest",
    returns=Manifest,
    fails=_FAILS,
    query=SelectionQuery,
)
def sub_run_manifest(nc: str, id_run: str, sub_run: str, query: SelectionQuery) -> Manifest:
    """The files that an archive of the sub-run would hold; nothing is built."""
    order = BuildOrder(
        SubRunKey.parse(nc, id_run, sub_run), Selection.parse(query.profile, query.include)
    )
    return Manifest.of(manifest_of(order, services().archives))


@endpoint(
    door,
    "GET",
    "/v1/generate/{nc}/{id_run}/manifest",
    operation_id="run_manifest",
    returns=Manifest,
    fails=_FAILS,
    query=RunManifestQuery,
)
def run_manifest(nc: str, id_run: str, query: RunManifestQuery) -> Manifest:
    """The files that an archive of the whole run would hold; nothing is built."""
    order = BuildOrder(
        RunKey.parse(nc, id_run),
        Selection.parse(query.profile, query.include),
        parse_sub_runs(query.sub_runs),
    )
    return Manifest.of(manifest_of(order, services().archives))


def _download(order: BuildOrder, query: DownloadQuery, headers: DownloadHeaders) -> Answer:
    made = make_archive(order, services().archives, wait_seconds=query.wait, verify=query.verify)
    if isinstance(made, Building):
        return Answer(BuildProgress.of(made), 202, {"Retry-After": str(made.retry_after_seconds)})
    link = ArchiveLink.of(made)
    if query.redirect or "application/zip" in headers.accept.lower():
        return Answer(None, 303, {"Location": link.download_url})
    return Answer(link)
