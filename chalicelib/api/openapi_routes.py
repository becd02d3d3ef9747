"""Doors to the contract itself: the OpenAPI document, and Swagger UI to read it and try it out, served from the package."""

from __future__ import annotations

import functools
from itertools import chain
from typing import Any

from chalice.app import Response

from chalicelib.domain.archive import Profile
from chalicelib.domain.artifacts import Role
from chalicelib.domain.outcomes import Outcome
from chalicelib.domain.runs import JobStatus
from chalicelib.lambda_handlers.authorizer import OPEN
from chalicelib.openapi import Conventions, Operation, openapi_document

from . import archives, bonds, compositions, dataset_info, files, runs
from . import health as meta
from . import schemas as wire
from .endpoint import Answer, Door, endpoint, request_id_of
from .problems import Problem, status_of
from .schemas import FileName, IdRun, Nc, SubRun
from .static import StaticFolder, stage_prefix, static_folder, text_response

door = Door(__name__, tag="docs")

# Swagger UI sets styles of its own and draws with data: images.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@endpoint(door, "GET", "/openapi.json", operation_id="openapi_json", returns=dict[str, Any])
def openapi_json() -> Answer:
    """This document: the whole contract in OpenAPI 3.1."""
    return Answer(
        document(stage_prefix(door.current_request) or "/"), headers={"Cache-Control": "no-cache"}
    )


@endpoint(door, "GET", "/docs", operation_id="docs", returns=None, media_type="text/html")
def docs() -> Response:
    """Swagger UI: the contract as a page, to read and to try out."""
    files_ = _files()
    base = f"{stage_prefix(door.current_request)}/docs/{files_.version}"
    html = files_.texts["index.html"].replace("{assets}", base)
    return text_response("index.html", html, "no-cache", Content_Security_Policy=_POLICY)


@door.route("/docs/{version}/{name}", methods=["GET"], content_types=["*/*"], name="docs asset")
def docs_asset(version: str, name: str) -> Response:
    """A script or stylesheet of Swagger UI."""
    return _files().asset(version, name, request_id_of(door.current_request))


def operations() -> list[Operation]:
    """What the doors to the service offer, in the order of the document."""
    doors = (runs, archives, bonds, files, compositions, dataset_info, meta)
    return [*chain.from_iterable(module.door.operations for module in doors), *door.operations]


SCHEMA_NAMES: dict[str, type] = {
    "ArchiveLink": wire.ArchiveLink,
    "AugmentBody": wire.AugmentBody,
    "Bond": bonds.Bond,
    "BondTypeSummary": bonds.BondTypeSummary,
    "Bonds": bonds.Bonds,
    "BuildProgress": wire.BuildProgress,
    "Compositions": compositions.Compositions,
    "DatasetDescription": dataset_info.DatasetDescription,
    "File": wire.File,
    "FileLink": files.FileLink,
    "Health": wire.Health,
    "JobStatus": JobStatus,
    "Manifest": wire.Manifest,
    "ManifestFile": wire.ManifestFile,
    "Outcome": Outcome,
    "Problem": Problem,
    "Profile": Profile,
    "Role": Role,
    "RunStatus": wire.RunStatus,
    "ScheduleBody": wire.ScheduleBody,
    "Scheduled": wire.Scheduled,
    "ScheduledRun": wire.ScheduledRun,
    "ScheduledRuns": wire.ScheduledRuns,
    "SkippedFile": wire.SkippedFile,
    "SubRunOutcome": wire.SubRunOutcome,
}
"""The names of the schemas in the document. They are part of the contract: generated clients call their classes by them."""


@functools.cache
def document(server_url: str) -> dict[str, Any]:
    """The OpenAPI document of the service whose routes begin at `server_url`."""
    variables = {"nc": Nc, "id_run": IdRun, "sub_run": SubRun, "name": FileName}
    return openapi_document(
        operations(),
        Conventions(SCHEMA_NAMES, variables, Problem, status_of, OPEN),
        server_url,
    )


def _files() -> StaticFolder:
    return static_folder("swagger-ui")
