"""DataCite 4.6 metadata of a version of a dataset, with which a repository registers a DOI.

The form is that of `data.attributes` in the REST API, and of the media type
`application/vnd.datacite.datacite+json`. Schema: https://schema.datacite.org/meta/kernel-4.6/.
"""

from __future__ import annotations

import json
from typing import Any

from .citations import find_doi, get_content_uri, get_license_url
from .datasets import DatasetVersion

UNAVAILABLE = ":unav"
"""DataCite's value for mandatory properties that are unknown."""


def build_datacite(version: DatasetVersion, previous: DatasetVersion | None = None) -> bytes:
    """Return the content of `datacite.json`.

    The publisher is the repository that registers the DOI, and unknown until then.

    Args:
        version: The version to describe.
        previous: The version that it replaces, if there is one.
    """
    about = version.description
    document = {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "doi": version.doi,
        "creators": [{"name": name} for name in about.creators or (UNAVAILABLE,)],
        "titles": [{"title": about.title}],
        "publisher": {"name": UNAVAILABLE},
        "publicationYear": str(version.created_at.year),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": _describe_type(version)},
        "version": str(version.number),
        "language": "en",
        "dates": [{"date": version.created_at.isoformat(), "dateType": "Created"}],
        "descriptions": _list_descriptions(version),
        "rightsList": _list_rights(version),
        "alternateIdentifiers": [
            {
                "alternateIdentifierType": "SHA-256 of the BagIt payload manifest",
                "alternateIdentifier": version.content_id,
            }
        ],
        "relatedIdentifiers": _list_related(version, previous),
        "sizes": [f"{version.files} files", f"{version.size_bytes} B"],
        "formats": ["text/plain", "application/octet-stream"],
    }
    present = {name: value for name, value in document.items() if value not in (None, [])}
    return (json.dumps(present, indent=1, ensure_ascii=False) + "\n").encode()


def _describe_type(version: DatasetVersion) -> str:
    kind = "Atomistic simulations with bond strengths"
    return f"Synthetic example: {kind}" if version.description.synthetic else kind


def _list_descriptions(version: DatasetVersion) -> list[dict[str, str]]:
    about = version.description
    technical = (
        f"Sub-runs: {version.sub_runs}; runs: {version.runs}; compositions: "
        f"{', '.join(version.compositions)}. `sha256sum -c manifest-sha256.txt` checks the files, "
        "and the SHA-256 of this manifest is the content id."
    )
    if about.soap_descriptor:
        technical += f" SOAP descriptors: {about.soap_descriptor}"
    texts = {"Abstract": about.description, "TechnicalInfo": technical}
    return [{"description": text, "descriptionType": kind} for kind, text in texts.items() if text]


def _list_rights(version: DatasetVersion) -> list[dict[str, str]]:
    license_id, url = version.description.license, get_license_url(version)
    if license_id is None:
        return []
    if url is None:
        return [{"rights": license_id}]
    return [
        {
            "rights": license_id,
            "rightsUri": url,
            "rightsIdentifier": license_id,
            "rightsIdentifierScheme": "SPDX",
            "schemeUri": "https://spdx.org/licenses/",
        }
    ]


def _list_related(version: DatasetVersion, previous: DatasetVersion | None) -> list[dict[str, Any]]:
    related = []
    if paper := find_doi(version.description.citation):
        related.append(_relate("IsSupplementTo", paper))
    if previous:
        related.append(_relate("IsNewVersionOf", previous.doi or get_content_uri(previous)))
    return related


def _relate(relation: str, identifier: str) -> dict[str, str]:
    return {
        "relationType": relation,
        "relatedIdentifier": identifier,
        "relatedIdentifierType": "DOI" if find_doi(identifier) else "URL",
    }
