"""The OpenAPI document, and Swagger UI served from the package."""

from __future__ import annotations

import functools
import os
from importlib import resources
from itertools import chain
from typing import Any

import msgspec
from chalice.app import Response

from chalicelib.domain.artifacts import Role
from chalicelib.domain.citations import CitationStyle
from chalicelib.domain.datasets import AdvisoryKind, Change
from chalicelib.domain.outcomes import Outcome
from chalicelib.domain.runs import JobStatus
from chalicelib.domain.selection import Profile
from chalicelib.domain.tokens import Scope
from chalicelib.openapi import OpenApiContext, Operation, build_openapi_document

from . import (
    archive_schemas,
    archives,
    bonds,
    compositions,
    dataset_changes,
    dataset_diff,
    dataset_documents,
    dataset_info,
    dataset_requests,
    dataset_schemas,
    datasets,
    files,
    health,
    run_schemas,
    runs,
    schemas,
    sub_runs,
    summary,
    whoami,
)
from .endpoint import ApiBlueprint, JsonResponse, endpoint
from .errors import Forbidden, Unauthorized
from .middleware import PUBLIC_ROUTES
from .problems import Problem, get_status
from .static import StaticSite, get_stage_prefix

blueprint = ApiBlueprint(__name__, tag="service")

DOCUMENTED = (
    runs,
    archives,
    compositions,
    summary,
    sub_runs,
    bonds,
    files,
    dataset_info,
    datasets,
    dataset_documents,
    dataset_diff,
    dataset_changes,
    health,
    whoami,
)
"""The modules of the documented endpoints, in the order of the document."""

# Swagger UI sets inline styles and draws with data: images.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' "
    "data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TAGS = {
    "runs": "Schedule runs and augment them; list them, and get their status and outcomes.",
    "archives": "Download sub-runs and runs as ZIP archives, and list what they contain.",
    "data": "Compositions, bond strengths, single files, and the description of the data set.",
    "datasets": "Freeze selections of sub-runs as immutable versions; compare and cite them.",
    "service": "Health, credentials, and this documentation.",
}
_SITE = StaticSite(blueprint, "swagger-ui", "/docs", _POLICY)

SCHEMA_NAMES: dict[str, type] = {
    "Advisory": dataset_schemas.Advisory,
    "AdvisoryBody": dataset_requests.AdvisoryBody,
    "AdvisoryKind": AdvisoryKind,
    "ArchiveLink": archive_schemas.ArchiveLink,
    "AugmentBody": run_schemas.AugmentBody,
    "Bond": bonds.Bond,
    "BondTypeSummary": bonds.BondTypeSummary,
    "BondTypeDifference": dataset_diff.BondTypeDifference,
    "Bonds": bonds.Bonds,
    "BuildProgress": archive_schemas.BuildProgress,
    "Caller": whoami.Caller,
    "Change": Change,
    "CitationStyle": CitationStyle,
    "Compositions": compositions.Compositions,
    "ContentVersions": dataset_schemas.ContentVersions,
    "DatasetArchive": dataset_schemas.DatasetArchive,
    "DatasetArchives": dataset_schemas.DatasetArchives,
    "DatasetBody": dataset_requests.DatasetBody,
    "DatasetDescription": dataset_info.DatasetDescription,
    "DatasetDifference": dataset_diff.DatasetDifference,
    "DatasetList": dataset_schemas.DatasetList,
    "DatasetProgress": dataset_schemas.DatasetProgress,
    "DatasetSummary": dataset_schemas.DatasetSummary,
    "DatasetVersion": dataset_schemas.DatasetVersion,
    "DatasetVersions": dataset_schemas.DatasetVersions,
    "DeletedVersion": dataset_schemas.DeletedVersion,
    "DoiBody": dataset_requests.DoiBody,
    "File": archive_schemas.File,
    "FileCounts": dataset_diff.FileCounts,
    "FileLink": files.FileLink,
    "FileText": files.FileText,
    "FoundSubRun": sub_runs.FoundSubRun,
    "FoundSubRuns": sub_runs.FoundSubRuns,
    "Health": health.Health,
    "JobStatus": JobStatus,
    "Manifest": archive_schemas.Manifest,
    "ManifestFile": archive_schemas.ManifestFile,
    "Outcome": Outcome,
    "OutcomeDifference": dataset_diff.OutcomeDifference,
    "Problem": Problem,
    "Profile": Profile,
    "Role": Role,
    "RunStatus": run_schemas.RunStatus,
    "ScheduleBody": run_schemas.ScheduleBody,
    "Scheduled": run_schemas.Scheduled,
    "ScheduledRun": run_schemas.ScheduledRun,
    "ScheduledRuns": run_schemas.ScheduledRuns,
    "Scope": Scope,
    "SelectedRun": dataset_requests.SelectedRun,
    "SkippedFile": archive_schemas.SkippedFile,
    "SubRunFilter": sub_runs.SubRunFilter,
    "SubRunOutcome": run_schemas.SubRunOutcome,
    "Summaries": summary.Summaries,
    "Summary": summary.Summary,
}
"""The names of the schemas in the document. They are part of the contract: generated clients name
their classes after them."""


@endpoint(blueprint, "GET", "/openapi.json", operation_id="openapi_json", response=dict[str, Any])
def get_openapi_json() -> JsonResponse:
    """Get this document.

    Returns the contract of the API in OpenAPI 3.1. Client generators can read it.
    """
    server_url = get_stage_prefix(blueprint.current_request) or "/"
    return JsonResponse(build_document(server_url), headers={"Cache-Control": "no-cache"})


@endpoint(blueprint, "GET", "/docs", operation_id="docs", response=None, media_type="text/html")
def get_docs() -> Response:
    """Open this page.

    Returns Swagger UI, which displays this document and sends requests.
    """
    return _SITE.respond_with_page()


def list_operations() -> list[Operation]:
    """Return the documented operations, in the order of the document."""
    operations = chain.from_iterable(module.blueprint.operations for module in DOCUMENTED)
    return [*operations, *blueprint.operations]


@functools.cache
def build_document(server_url: str) -> dict[str, Any]:
    """Return the OpenAPI document of the service whose routes begin at `server_url`."""
    context = OpenApiContext(
        schema_names=SCHEMA_NAMES,
        variables={
            "nc": schemas.Nc,
            "id_run": schemas.IdRun,
            "sub_run": schemas.SubRun,
            "name": schemas.FileName,
            "dataset": dataset_schemas.DatasetName,
            "version": dataset_schemas.Version,
            "other": dataset_schemas.Version,
            "content_id": dataset_schemas.ContentId,
        },
        problem=Problem,
        get_status=get_status,
        public_paths=PUBLIC_ROUTES,
        access_errors=(Unauthorized, Forbidden),
        tags=_TAGS,
        examples=msgspec.json.decode(
            (resources.files("chalicelib.openapi") / "examples.json").read_bytes()
        ),
        example_requests={
            "schedule_run": {"count": 1},
            "augment": {"sub_runs": ["1", "2"]},
            "create_dataset": {
                "name": "cuzr",
                "title": "Zr-Cu-Al glasses, converged cells",
                "where": {"nc": "Zr49Cu49Al2", "outcome": "DONE"},
            },
            "add_advisory": {"kind": "deprecated", "reason": "The SCF cutoff was too low"},
            "set_dataset_doi": {"doi": "10.5281/zenodo.1234567"},
        },
        parameter_examples={
            "nc": "Zr49Cu49Al2",
            "id_run": "21",
            "sub_run": "0",
            "name": "Zr49Cu49Al2.scf.in",
            "dataset": "cuzr",
            "version": "1.0.0",
            "other": "latest",
            "content_id": "d030d13e02abed7e0c2188ad3159c3315a8cd9d3d3812ac9be7b309545681621",
        },
        documentation_url=os.environ.get("DOCUMENTATION_URL") or None,
    )
    return build_openapi_document(list_operations(), context, server_url)
