"""Endpoints of frozen datasets: creation, lists, versions and archives."""

from __future__ import annotations

from chalicelib.bootstrap import services
from chalicelib.domain.datasets import parse_content_id
from chalicelib.domain.errors import (
    DatasetDeleted,
    IdempotencyKeyReused,
    IncompleteSelection,
    InvalidInput,
    NotFound,
    SourceChanged,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.freezes import Freeze
from chalicelib.usecases import datasets
from chalicelib.usecases.freeze_requests import request_freeze

from .dataset_requests import DatasetBody, PageQuery
from .dataset_schemas import (
    ContentVersions,
    DatasetArchive,
    DatasetArchives,
    DatasetList,
    DatasetProgress,
    DatasetSummary,
    DatasetVersion,
    DatasetVersions,
    DeletedVersion,
    list_live,
)
from .endpoint import ApiBlueprint, JsonResponse, endpoint
from .idempotency import IdempotencyHeaders, scope_key
from .paging import (
    decode_name_cursor,
    decode_position_cursor,
    encode_name_cursor,
    encode_position_cursor,
    format_next_link,
)

blueprint = ApiBlueprint(__name__, tag="datasets")

_RETRY_AFTER_SECONDS = 1
_READ_ERRORS = (InvalidInput, NotFound, DatasetDeleted, Unavailable)
_LINK = {"Link": 'The next page, `rel="next"`, relative to this request; missing on the last page'}


@endpoint(
    blueprint,
    "POST",
    "/v1/datasets",
    operation_id="create_dataset",
    response=DatasetVersion,
    errors=(
        InvalidInput,
        IdempotencyKeyReused,
        NotFound,
        SubRunNotScheduled,
        IncompleteSelection,
        SourceChanged,
        Unavailable,
    ),
    headers=IdempotencyHeaders,
    body=DatasetBody,
    other_responses={201: DatasetVersion, 202: DatasetProgress},
)
def create_dataset(headers: IdempotencyHeaders, body: DatasetBody) -> JsonResponse:
    """Freeze a dataset.

    Creates an immutable version of the selected sub-runs: their files are copied, and never change.
    Returns **202** while the files are stored: repeat the request, with the same `Idempotency-Key`
    if it had one. Then **201** with the version, or **200** if a version with the same content and
    description exists already.
    """
    key = scope_key(blueprint, headers.idempotency_key)
    result = request_freeze(body.to_request(), key, services().freezes)
    if isinstance(result, Freeze):
        progress = DatasetProgress(
            body.name, "FREEZING", result.runs_done, result.runs_total, _RETRY_AFTER_SECONDS
        )
        return JsonResponse(progress, 202, {"Retry-After": str(_RETRY_AFTER_SECONDS)})
    version = DatasetVersion.of(result.version)
    location = {"Location": f"/v1/datasets/{version.name}/{version.version}"}
    return JsonResponse(version, 201 if result.created else 200, location)


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets",
    operation_id="list_datasets",
    response=DatasetList,
    errors=(InvalidInput, Unavailable),
    query=PageQuery,
    response_headers=_LINK,
)
def list_datasets(query: PageQuery) -> JsonResponse:
    """List datasets.

    Returns the datasets by name, each with its number of versions and its latest version.
    """
    after = decode_name_cursor(query.cursor) if query.cursor else None
    page, last = datasets.list_datasets_page(
        after=after, limit=query.limit, versions=services().freezes.versions
    )
    summaries = [
        DatasetSummary(found[0].name, len(found), DatasetVersion.of(found[-1])) for found in page
    ]
    cursor = encode_name_cursor(last) if last else None
    return _respond_with_page(DatasetList(summaries, cursor), query.limit, cursor)


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/by-content/{content_id}",
    operation_id="datasets_by_content",
    response=ContentVersions,
    errors=(InvalidInput, NotFound, Unavailable),
)
def get_datasets_by_content(content_id: str) -> ContentVersions:
    """Find datasets by content id.

    Returns the versions whose files have this content id, also those that were deleted.
    """
    found = datasets.find_by_content(
        parse_content_id(content_id), versions=services().freezes.versions
    )
    return ContentVersions(content_id, list_live(found), DeletedVersion.list_of(found))


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}",
    operation_id="dataset_versions",
    response=DatasetVersions,
    errors=(InvalidInput, NotFound, Unavailable),
)
def get_dataset_versions(dataset: str) -> DatasetVersions:
    """List versions.

    Returns the versions of a dataset with their advisories, oldest first, and the tombstones of
    those that were deleted.
    """
    found = datasets.list_versions(dataset, versions=services().freezes.versions)
    return DatasetVersions(dataset, list_live(found), DeletedVersion.list_of(found))


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}/{version}",
    operation_id="dataset_version",
    response=DatasetVersion,
    errors=_READ_ERRORS,
)
def get_dataset_version(dataset: str, version: str) -> DatasetVersion:
    """Get a version.

    Returns the description of a version, its content id, its sizes and its advisories. `latest` is
    the version with the highest number.
    """
    return DatasetVersion.of(
        datasets.get_version(dataset, version, versions=services().freezes.versions)
    )


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}/{version}/download",
    operation_id="download_dataset",
    response=DatasetArchives,
    errors=_READ_ERRORS,
    query=PageQuery,
    response_headers=_LINK,
)
def download_dataset(dataset: str, version: str, query: PageQuery) -> JsonResponse:
    """Download a version.

    Returns links to all archives of a version, one per run. The payload manifest lists the files
    that they contain. Follow each `download_url` before `expires_at`, without an Authorization
    header.
    """
    found = datasets.get_version(dataset, version, versions=services().freezes.versions)
    archives, end = datasets.list_archives_page(
        found,
        start=decode_position_cursor(query.cursor) if query.cursor else 0,
        limit=query.limit,
        store=services().freezes.store,
    )
    cursor = encode_position_cursor(end) if end else None
    body = DatasetArchives(
        name=found.name,
        version=str(found.number),
        content_id=found.content_id,
        advisories=DatasetVersion.of(found).advisories,
        archives=[
            DatasetArchive(
                nc=str(archive.run.nc),
                id_run=str(archive.run.id_run),
                sub_runs=list(archive.sub_runs),
                download_url=link.url,
                expires_at=link.expires_at.isoformat(timespec="seconds"),
                size_bytes=archive.size_bytes,
                sha256=archive.sha256,
                filename=archive.filename,
            )
            for archive, link in archives
        ],
        next_cursor=cursor,
    )
    return _respond_with_page(body, query.limit, cursor)


def _respond_with_page(body: object, limit: int, cursor: str | None) -> JsonResponse:
    headers = {"Link": format_next_link(limit=limit, cursor=cursor)} if cursor else {}
    return JsonResponse(body, headers=headers)
