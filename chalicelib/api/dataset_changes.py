"""Endpoints that change the metadata of a version of a dataset, but not its content."""

from __future__ import annotations

from msgspec import UNSET

from chalicelib.bootstrap import services
from chalicelib.domain.datasets import Advisory, Deletion
from chalicelib.domain.errors import Conflict, DatasetDeleted, InvalidInput, NotFound, Unavailable
from chalicelib.usecases import datasets

from .dataset_requests import AdvisoryBody, DeletionQuery, DoiBody
from .dataset_schemas import DatasetVersion, DeletedVersion
from .endpoint import ApiBlueprint, JsonResponse, endpoint

blueprint = ApiBlueprint(__name__, tag="datasets")

_ERRORS = (InvalidInput, NotFound, DatasetDeleted, Unavailable)


@endpoint(
    blueprint,
    "POST",
    "/v1/datasets/{dataset}/{version}/advisories",
    operation_id="add_advisory",
    response=DatasetVersion,
    errors=_ERRORS,
    body=AdvisoryBody,
    other_responses={201: DatasetVersion},
)
def add_dataset_advisory(dataset: str, version: str, body: AdvisoryBody) -> JsonResponse:
    """Add an advisory.

    Warns about a version, or about some of its sub-runs: every later response about the version
    contains the advisory, and the data stay available. Requires the scope `admin`. An equal
    advisory is not added again (**200** instead of **201**).
    """
    freezes = services().freezes
    advisory = Advisory(
        kind=body.kind,
        reason=body.reason,
        sub_runs=() if body.sub_runs is UNSET else tuple(sorted(set(body.sub_runs))),
        superseded_by=body.superseded_by,
        created_at=freezes.clock.now(),
    )
    found, added = datasets.add_advisory(
        datasets.get_version(dataset, version, versions=freezes.versions),
        advisory,
        versions=freezes.versions,
        store=freezes.store,
    )
    return JsonResponse(DatasetVersion.of(found), 201 if added else 200)


@endpoint(
    blueprint,
    "PATCH",
    "/v1/datasets/{dataset}/{version}",
    operation_id="set_dataset_doi",
    response=DatasetVersion,
    errors=(*_ERRORS, Conflict),
    body=DoiBody,
)
def set_dataset_doi(dataset: str, version: str, body: DoiBody) -> DatasetVersion:
    """Record a DOI.

    Records the DOI under which the version was published elsewhere, for example on Zenodo. It
    cannot be replaced, and the version can no longer be deleted. Requires the scope `admin`.
    """
    versions = services().freezes.versions
    found = datasets.get_version(dataset, version, versions=versions)
    return DatasetVersion.of(datasets.set_doi(found, body.doi, versions=versions))


@endpoint(
    blueprint,
    "DELETE",
    "/v1/datasets/{dataset}/{version}",
    operation_id="delete_dataset",
    response=DeletedVersion,
    errors=(*_ERRORS, Conflict),
    query=DeletionQuery,
)
def delete_dataset(dataset: str, version: str, query: DeletionQuery) -> DeletedVersion:
    """Delete a version.

    Replaces the version by a tombstone with its title, its content id and the reason: requests for
    it return **410**. The stored bytes stay until an operator removes them. Requires the scope
    `admin`.
    """
    freezes = services().freezes
    found = datasets.get_version(dataset, version, versions=freezes.versions)
    datasets.delete_version(
        found, Deletion(query.reason, freezes.clock.now()), versions=freezes.versions
    )
    remaining = datasets.list_versions(dataset, versions=freezes.versions)
    deleted = [each for each in remaining if each.sequence == found.sequence]
    return DeletedVersion.list_of(deleted)[0]
