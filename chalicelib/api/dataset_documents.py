"""Endpoints of the documents of a version of a dataset. They never change."""

from __future__ import annotations

from typing import Annotated, Any

from chalice.app import Response
from msgspec import Meta, Struct, field

from chalicelib.bootstrap import services
from chalicelib.domain.citations import CitationStyle, format_citation
from chalicelib.domain.errors import DatasetDeleted, InvalidInput, NotFound, Unavailable
from chalicelib.usecases.datasets import get_version

from .conditional import matches_etag
from .endpoint import ApiBlueprint, JsonResponse, endpoint

blueprint = ApiBlueprint(__name__, tag="datasets")

MAX_INLINE_BYTES = 4 * 1024**2
"""Larger documents are redirects: a response of a Lambda function has at most 6 MB."""
_DATACITE = "application/vnd.datacite.datacite+json"
_IMMUTABLE = "private, max-age=31536000, immutable"
_ERRORS = (InvalidInput, NotFound, DatasetDeleted, Unavailable)
_OTHER_RESPONSES = {303: None, 304: None}
_HEADERS = {"ETag": "Identifies the content", "Cache-Control": "The document never changes"}


class DocumentHeaders(Struct):
    """The ETag of an earlier response."""

    if_none_match: str | None = field(default=None, name="If-None-Match")


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}/{version}/manifest",
    operation_id="dataset_manifest",
    response=None,
    media_type="text/plain",
    errors=_ERRORS,
    headers=DocumentHeaders,
    other_responses=_OTHER_RESPONSES,
    response_headers=_HEADERS,
)
def get_dataset_manifest(
    dataset: str, version: str, headers: DocumentHeaders
) -> Response | JsonResponse:
    """List the files of a version.

    Returns the payload manifest of BagIt: `<sha256>  data/<nc>/<id_run>/<sub_run>/<file>` per line.
    `sha256sum -c` checks the files with it, and its own SHA-256 is the content id. A large manifest
    is a **303** to a presigned URL.
    """
    return _respond(dataset, version, "manifest-sha256.txt", "text/plain; charset=utf-8", headers)


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}/{version}/selection",
    operation_id="dataset_selection",
    response=dict[str, Any],
    errors=_ERRORS,
    headers=DocumentHeaders,
    other_responses=_OTHER_RESPONSES,
    response_headers=_HEADERS,
)
def get_dataset_selection(
    dataset: str, version: str, headers: DocumentHeaders
) -> Response | JsonResponse:
    """Get the selection of a version.

    Returns the request that created the version, and the facts and mean bond strengths of each
    sub-run at that time.
    """
    return _respond(dataset, version, "selection.json", "application/json", headers)


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}/{version}/croissant",
    operation_id="dataset_croissant",
    response=None,
    media_type="application/ld+json",
    errors=_ERRORS,
    headers=DocumentHeaders,
    other_responses=_OTHER_RESPONSES,
    response_headers=_HEADERS,
)
def get_dataset_croissant(
    dataset: str, version: str, headers: DocumentHeaders
) -> Response | JsonResponse:
    """Get the Croissant metadata.

    Returns Croissant 1.1, the vocabulary in which machine learning tools describe datasets.
    """
    return _respond(dataset, version, "croissant.json", "application/ld+json", headers)


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}/{version}/datacite",
    operation_id="dataset_datacite",
    response=None,
    media_type=_DATACITE,
    errors=_ERRORS,
    headers=DocumentHeaders,
    other_responses=_OTHER_RESPONSES,
    response_headers=_HEADERS,
)
def get_dataset_datacite(
    dataset: str, version: str, headers: DocumentHeaders
) -> Response | JsonResponse:
    """Get the DataCite metadata.

    Returns the metadata with which a repository registers a DOI.
    """
    return _respond(dataset, version, "datacite.json", _DATACITE, headers)


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}/{version}/card",
    operation_id="dataset_card",
    response=None,
    media_type="text/markdown",
    errors=_ERRORS,
    headers=DocumentHeaders,
    other_responses=_OTHER_RESPONSES,
    response_headers=_HEADERS,
)
def get_dataset_card(
    dataset: str, version: str, headers: DocumentHeaders
) -> Response | JsonResponse:
    """Get the dataset card.

    Returns a description of the version in Markdown: what it contains, how to verify it and how to
    cite it.
    """
    return _respond(dataset, version, "README.md", "text/markdown; charset=utf-8", headers)


class CitationQuery(Struct):
    """The format of the citation."""

    style: Annotated[
        CitationStyle, Meta(description="`apa` is text, `csl` is CSL-JSON for reference managers")
    ] = CitationStyle.BIBTEX


@endpoint(
    blueprint,
    "GET",
    "/v1/datasets/{dataset}/{version}/citation",
    operation_id="dataset_citation",
    response=None,
    media_type="text/plain",
    errors=_ERRORS,
    query=CitationQuery,
)
def get_dataset_citation(dataset: str, version: str, query: CitationQuery) -> Response:
    """Cite a version.

    Returns the citation of a version, with its DOI if one is recorded, and its content id.
    """
    found = get_version(dataset, version, versions=services().freezes.versions)
    return Response(
        body=format_citation(found, query.style),
        headers={"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache"},
    )


def _respond(
    dataset: str, number: str, name: str, media_type: str, headers: DocumentHeaders
) -> Response | JsonResponse:
    freezes = services().freezes
    version = get_version(dataset, number, versions=freezes.versions)
    etag = f'"{version.content_id}"'
    if name != "manifest-sha256.txt":  # other documents may differ for the same content
        etag = f'"{version.content_id}.{version.number}"'
    response_headers = {
        "ETag": etag,
        "Cache-Control": "no-cache" if number == "latest" else _IMMUTABLE,
    }
    if headers.if_none_match is not None and matches_etag(headers.if_none_match, etag):
        return JsonResponse(None, 304, response_headers)
    key = version.documents + name
    if freezes.store.get_document_size(key) > MAX_INLINE_BYTES:
        link = freezes.store.presign(key, f"{version.name}-{version.number}-{name}")
        return JsonResponse(None, 303, {"Location": link.url})
    return Response(
        body=freezes.store.read_document(key).decode(),
        headers={"Content-Type": media_type, **response_headers},
    )
