"""Endpoints of archives and manifests."""

from __future__ import annotations

from chalicelib.bootstrap import services
from chalicelib.domain.builds import ArchiveSpec, BuildInProgress
from chalicelib.domain.errors import (
    InvalidInput,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.runs import RunKey, SubRunKey, parse_sub_runs
from chalicelib.domain.selection import Selection
from chalicelib.usecases.archives import get_or_build_archive

from .archive_schemas import (
    ArchiveLink,
    BuildProgress,
    DownloadHeaders,
    DownloadQuery,
    Manifest,
    RunDownloadQuery,
    RunManifestQuery,
    SelectionQuery,
)
from .endpoint import ApiBlueprint, JsonResponse, endpoint

blueprint = ApiBlueprint(__name__, tag="archives")

_ERRORS = (InvalidInput, NotFound, SubRunNotScheduled, Unavailable)
_DOWNLOAD_ERRORS = (*_ERRORS, SourceChanged)
_OTHER_RESPONSES = {202: BuildProgress, 303: None}


@endpoint(
    blueprint,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/download",
    operation_id="download_sub_run",
    response=ArchiveLink,
    errors=_DOWNLOAD_ERRORS,
    other_responses=_OTHER_RESPONSES,
    query=DownloadQuery,
    headers=DownloadHeaders,
)
def download_sub_run(
    nc: str, id_run: str, sub_run: str, query: DownloadQuery, headers: DownloadHeaders
) -> JsonResponse:
    """Download a sub-run.

    Returns a link to a ZIP with all files of the sub-run: Quantum ESPRESSO input and output,
    LOBSTER bond strengths, SOAP descriptors and metadata (RO-Crate). Small archives are built
    within the request, larger ones in the background: repeat the request after a **202**.

    Follow `download_url` before `expires_at`, without an Authorization header, and verify
    `size_bytes` and `sha256`. With `redirect=true` or `Accept: application/zip`, the response is a
    **303** to the ZIP itself.
    """
    return _download(_sub_run_spec(nc, id_run, sub_run, query), query, headers)


@endpoint(
    blueprint,
    "GET",
    "/v1/generate/{nc}/{id_run}/download",
    operation_id="download_run",
    response=ArchiveLink,
    errors=_DOWNLOAD_ERRORS,
    other_responses=_OTHER_RESPONSES,
    query=RunDownloadQuery,
    headers=DownloadHeaders,
)
def download_run(
    nc: str, id_run: str, query: RunDownloadQuery, headers: DownloadHeaders
) -> JsonResponse:
    """Download a run.

    Returns a link to one ZIP with a folder per scheduled sub-run; `sub_runs=0,3,7` selects some.
    Otherwise as for a sub-run.
    """
    return _download(_run_spec(nc, id_run, query), query, headers)


@endpoint(
    blueprint,
    "GET",
    "/v1/generate/{nc}/{id_run}/{sub_run}/manifest",
    operation_id="sub_run_manifest",
    response=Manifest,
    errors=_ERRORS,
    query=SelectionQuery,
)
def get_sub_run_manifest(nc: str, id_run: str, sub_run: str, query: SelectionQuery) -> Manifest:
    """List the files of a sub-run.

    Returns names, sizes and roles of the files that the archive contains, and what is missing.
    Nothing is built.
    """
    spec = _sub_run_spec(nc, id_run, sub_run, query)
    return Manifest.of(services().archives.get_manifest(spec))


@endpoint(
    blueprint,
    "GET",
    "/v1/generate/{nc}/{id_run}/manifest",
    operation_id="run_manifest",
    response=Manifest,
    errors=_ERRORS,
    query=RunManifestQuery,
)
def get_run_manifest(nc: str, id_run: str, query: RunManifestQuery) -> Manifest:
    """List the files of a run.

    Returns what the archive of the run contains, as for a sub-run. Nothing is built.
    """
    return Manifest.of(services().archives.get_manifest(_run_spec(nc, id_run, query)))


def _sub_run_spec(nc: str, id_run: str, sub_run: str, query: SelectionQuery) -> ArchiveSpec:
    selection = Selection.parse(query.profile, query.include)
    return ArchiveSpec(SubRunKey.parse(nc, id_run, sub_run), selection)


def _run_spec(nc: str, id_run: str, query: RunManifestQuery | RunDownloadQuery) -> ArchiveSpec:
    selection = Selection.parse(query.profile, query.include)
    return ArchiveSpec(RunKey.parse(nc, id_run), selection, parse_sub_runs(query.sub_runs))


def _download(spec: ArchiveSpec, query: DownloadQuery, headers: DownloadHeaders) -> JsonResponse:
    result = get_or_build_archive(
        spec, services().archives, wait_seconds=query.wait, verify=query.verify
    )
    if isinstance(result, BuildInProgress):
        retry_after = {"Retry-After": str(result.retry_after_seconds)}
        return JsonResponse(BuildProgress.of(result), 202, retry_after)
    if query.redirect or "application/zip" in headers.accept.lower():
        return JsonResponse(None, 303, {"Location": result.link.url})
    return JsonResponse(ArchiveLink.of(result))
