"""Croissant 1.1 metadata of a version of a dataset, for machine learning tools.

Specification: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html. Paths are relative
to the folder of the metadata, which is that of a pulled dataset or of a bag.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from .artifacts import Role
from .citations import CitationStyle, format_citation, get_content_uri, get_license_url
from .dataset_records import MANIFEST_NAME, SELECTION_NAME, FrozenRun
from .datasets import DatasetVersion
from .ro_crate import ROLE_DESCRIPTIONS

_TERMS = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileObject fileProperty "
    "fileSet format includes isArray isLiveDataset jsonPath key md5 parentField path recordSet "
    "references regex repeated replace samplingRate separator source subField transform"
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
_FOLDER = "data/*/*/*"
_FIELDS = {
    "nc": ("sc:Text", "Nominal composition"),
    "id_run": ("sc:Text", "Number of the run: a cell taken from molecular dynamics"),
    "sub_run": ("sc:Text", "0 is the reference cell, 1-14 are deformed cells"),
    "deformation": ("sc:Text", "Kind of the deformation"),
    "outcome": ("sc:Text", "Outcome of the calculations"),
    "labels_complete": ("sc:Boolean", "All expected bonds have a bond strength"),
    "bond_labels": ("sc:Integer", "Number of bonds with a bond strength"),
    "scf_iterations": ("sc:Integer", "Iterations of the self-consistent calculation"),
    "total_energy_ry": ("sc:Float", "Total energy of the converged cell in Ry"),
    "energy_above_reference_ry": ("sc:Float", "Total energy minus that of sub-run 0 in Ry"),
}
"""Fields of the sub-runs in `selection.json`: data type and meaning."""


def build_croissant(
    version: DatasetVersion, runs: Sequence[FrozenRun], manifest: bytes, selection: bytes
) -> bytes:
    """Return the content of `croissant.json`.

    Args:
        version: The version to describe.
        runs: Its runs, whose files are described by their roles.
        manifest: The content of `manifest-sha256.txt`, whose SHA-256 is the content id.
        selection: The content of `selection.json`, which is the table of sub-runs.
    """
    about = version.description
    document = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": version.name,
        "alternateName": about.title,
        "description": about.description or about.title,
        "version": str(version.number),
        "datePublished": version.created_at.date().isoformat(),
        "license": get_license_url(version) or about.license,
        "creator": [{"@type": "sc:Person", "name": name} for name in about.creators],
        "url": get_content_uri(version),
        "identifier": version.content_id,
        "citeAs": format_citation(version, CitationStyle.BIBTEX),
        "isLiveDataset": False,
        "distribution": [
            _build_file_object(
                MANIFEST_NAME,
                "text/plain",
                manifest,
                "SHA-256 and path of every file of the dataset",
            ),
            _build_file_object(
                SELECTION_NAME, "application/json", selection, "How the sub-runs were selected"
            ),
            *_build_file_sets(runs),
        ],
        "recordSet": [_build_record_set()],
    }
    present = {name: value for name, value in document.items() if value not in (None, [])}
    return (json.dumps(present, indent=1, ensure_ascii=False) + "\n").encode()


def _build_file_object(
    name: str, media_type: str, content: bytes, description: str
) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "description": description,
        "contentUrl": name,
        "contentSize": f"{len(content)} B",
        "encodingFormat": media_type,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _build_file_sets(runs: Sequence[FrozenRun]) -> Iterator[dict[str, Any]]:
    """Yield a set of files for each role that has a description, and one of all files."""
    patterns: dict[Role, set[str]] = {}
    for run in runs:
        nc = f"{run.plan.key.nc}."
        for file in run.record.files:
            name = file.name.rpartition("/")[2]
            pattern = f"*.{name.removeprefix(nc)}" if name.startswith(nc) else name
            patterns.setdefault(file.role, set()).add(f"{_FOLDER}/{pattern}")
    for role, description in ROLE_DESCRIPTIONS.items():
        if role in patterns:
            binary = role is Role.SOAP_DESCRIPTORS
            media_type = "application/octet-stream" if binary else "text/plain"
            yield _build_file_set(role, description, sorted(patterns[role]), media_type)
    everything = "All files: <nc>/<id_run>/<sub_run>/<file> below data/"
    yield _build_file_set("all-files", everything, [f"{_FOLDER}/*"], "application/octet-stream")


def _build_file_set(
    name: str, description: str, includes: Sequence[str], media_type: str
) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": name,
        "name": name,
        "description": description,
        "includes": includes,
        "encodingFormat": media_type,
    }


def _build_record_set() -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "sub_runs",
        "name": "sub_runs",
        "description": "The sub-runs, with the facts of their calculations",
        "key": [{"@id": f"sub_runs/{name}"} for name in ("nc", "id_run", "sub_run")],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"sub_runs/{name}",
                "name": name,
                "description": meaning,
                "dataType": data_type,
                "source": {
                    "fileObject": {"@id": SELECTION_NAME},
                    "extract": {"jsonPath": f"$.sub_runs[*].{name}"},
                },
            }
            for name, (data_type, meaning) in _FIELDS.items()
        ],
    }
