"""Endpoints of the documents of a version of a dataset. They never change."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from chalice.app import Response
from msgspec import Meta, Struct, field

from chalicelib.bootstrap import services
from chalicelib.domain.citations import CitationStyle, format_citation
from chalicelib.domain.dataset_records import MANIFEST_NAME, SELECTION_NAME
from chalicelib.domain.errors import DatasetDeleted, InvalidInput, NotFound, Unavailable
from chalicelib.usecases.datasets import get_version

from .conditional import matches_etag
from .endpoint import ApiBlueprint, JsonResponse, endpoint

blueprint = ApiBlueprint(__name__, tag="datasets")

MAX_INLINE_BYTES = 4 * 1024**2
"""Larger documents are redirects: a response of a Lambda function has at most 6 MB."""
_IMMUTABLE = "private, max-age=31536000, immutable"
_ERRORS = (InvalidInput, NotFound, DatasetDeleted, Unavailable)
_HEADERS = {"ETag": "Identifies the content", "Cache-Control": "The document never changes"}


class DocumentHeaders(Struct):
    """The ETag of an earlier response."""

    if_none_match: str | None = field(default=None, name="If-None-Match")


class _Document(NamedTuple):
    """A stored document: the end of its path, its file, its media type, and the text of OpenAPI."""

    path: str
    filename: str
    media_type: str
    text: str


_DOCUMENTS = (
    _Document(
        "manifest",
        MANIFEST_NAME,
        "text/plain",
        """List the files of a version.

        Returns the payload manifest of BagIt: `<sha256>  data/<nc>/<id_run>/<sub_run>/<file>` per
        line. `sha256sum -c` checks the files with it, and its own SHA-256 is the content id. A
        large manifest is a **303** to a presigned URL.
        """,
    ),
    _Document(
        "selection",
        SELECTION_NAME,
        "application/json",
        """Get the selection of a version.

        Returns the request that created the version, and the facts and mean bond strengths of each
        sub-run at that time.
        """,
    ),
    _Document(
        "croissant",
        "croissant.json",
        "application/ld+json",
        """Get the Croissant metadata.

        Returns Croissant 1.1, the vocabulary in which machine learning tools describe datasets.
        """,
    ),
    _Document(
        "datacite",
        "datacite.json",
        "application/vnd.datacite.datacite+json",
        """Get the DataCite metadata.

        Returns the metadata with which a repository registers a DOI.
        """,
    ),
    _Document(
        "card",
        "README.md",
        "text/markdown",
        """Get the dataset card.

        Returns a description of the version in Markdown: what it contains, how to verify it and how
        to cite it.
        """,
    ),
)


def _register(document: _Document) -> None:
    def get(dataset: str, version: str, headers: DocumentHeaders) -> Response | JsonResponse:
        return _respond(dataset, version, document, headers)

    get.__doc__ = document.text
    endpoint(
        blueprint,
        "GET",
        f"/v1/datasets/{{dataset}}/{{version}}/{document.path}",
        operation_id=f"dataset_{document.path}",
        response=dict[str, Any] if document.media_type == "application/json" else None,
        media_type=document.media_type,
        errors=_ERRORS,
        headers=DocumentHeaders,
        other_responses={303: None, 304: None},
        response_headers=_HEADERS,
    )(get)


for _each in _DOCUMENTS:
    _register(_each)


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
    dataset: str, number: str, document: _Document, headers: DocumentHeaders
) -> Response | JsonResponse:
    freezes = services().freezes
    version = get_version(dataset, number, versions=freezes.versions)
    # The same content has one manifest, but other documents of its versions may differ.
    is_manifest = document.filename == MANIFEST_NAME
    etag = f'"{version.content_id}{"" if is_manifest else f".{version.number}"}"'
    response_headers = {
        "ETag": etag,
        "Cache-Control": "no-cache" if number == "latest" else _IMMUTABLE,
    }
    if headers.if_none_match is not None and matches_etag(headers.if_none_match, etag):
        return JsonResponse(None, 304, response_headers)
    key = version.documents + document.filename
    content = freezes.store.read_small_document(key, MAX_INLINE_BYTES)
    if content is None:
        filename = f"{version.name}-{version.number}-{document.filename}"
        return JsonResponse(None, 303, {"Location": freezes.store.presign(key, filename).url})
    is_text = document.media_type.startswith("text/")
    media_type = document.media_type + ("; charset=utf-8" if is_text else "")
    return Response(
        body=content.decode(),
        headers={"Content-Type": media_type, **response_headers},
    )
