"""The last member of every archive: RO-Crate 1.2 metadata (https://w3id.org/ro/crate/1.2) of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from urllib.parse import quote

from .archive import FORMAT_VERSION, METADATA_NAME, Manifest, PackedFile
from .artifacts import Role
from .dataset_info import DatasetInfo
from .deformation import DEFORMATIONS
from .runs import RunKey, SubRunKey

FORMAT_PUBLISHED = "2026-11-23"
"""Since when archives have this form. RO-Crate wants a date; the same inputs must give the same bytes on every day."""

_DESCRIPTIONS = {
    Role.SCF_INPUT: "Quantum ESPRESSO pw.x input of the self-consistent calculation",
    Role.SCF_OUTPUT: "Quantum ESPRESSO pw.x output: energies in Ry, forces in Ry/bohr",
    Role.BOND_STRENGTHS: "LOBSTER bond strengths: ICOHP in eV, distances in angstrom",
    Role.SOAP_DESCRIPTORS: "SOAP descriptors: pickled list of NumPy float64 vectors, one per atom",
    Role.LOBSTER_INPUT: "LOBSTER input",
    Role.LOBSTER_OUTPUT: "LOBSTER protocol",
    Role.STRUCTURE: "Atomic structure, extended XYZ: positions in angstrom",
}

_DOI = re.compile(r"(?:https://doi\.org/|doi:)?(10\.\d{4,9}/\S+)", re.ASCII)
_LENGTHS = ("cutoff", "cutoff_transition_width", "atom_sigma")


def crate_metadata(manifest: Manifest, files: Sequence[PackedFile]) -> bytes:
    """The metadata of an archive whose members are `files`: size, hash and media type of each, identity, deformation, SOAP parameters."""
    properties, soap = _properties(manifest), _soap(manifest)
    about = _about(manifest.dataset)
    graph = [_descriptor(), _root(manifest, files, properties, about), *about, *properties, *soap]
    graph += [_file(file, soap) for file in files]
    document = {"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": graph}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _descriptor() -> dict[str, object]:
    return {
        "@id": METADATA_NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
    }


def _properties(manifest: Manifest) -> list[dict[str, object]]:
    run = manifest.key if isinstance(manifest.key, RunKey) else manifest.key.run
    properties = [
        _property("nc", str(run.nc)),
        _property("id_run", str(run.id_run)),
        _property("profile", manifest.selection.profile),
    ]
    properties += [_property("archive_format_version", str(FORMAT_VERSION))]
    if isinstance(manifest.key, SubRunKey):
        properties += [
            _property("sub_run", str(manifest.key.sub_run)),
            *_deformation(manifest.key.sub_run),
        ]
    if manifest.dataset.synthetic:
        properties.append(_property("synthetic", "true"))
    if manifest.selection.include:
        properties.append(_property("include", ", ".join(manifest.selection.include)))
    if manifest.missing:
        properties.append(_property("missing", ", ".join(manifest.missing)))
    if manifest.skipped:
        skipped = [{"name": file.name, "reason": file.reason} for file in manifest.skipped]
        properties.append(_property("skipped", json.dumps(skipped, ensure_ascii=True)))
    return properties


def _root(
    manifest: Manifest,
    files: Sequence[PackedFile],
    properties: Sequence[dict[str, object]],
    about: Sequence[dict[str, object]],
) -> dict[str, object]:
    dataset = manifest.dataset
    licenses = [
        {"@id": entity["@id"]} for entity in about if entity["@id"] == _license_address(dataset)
    ]
    creators = [{"@id": entity["@id"]} for entity in about if entity["@type"] == "Person"]
    root: dict[str, object] = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{manifest.key}",
        "description": _description(manifest),
        "datePublished": FORMAT_PUBLISHED,
        "license": licenses[0]
        if licenses
        else "The licence is that of the data set which the files were taken from.",
        "identifier": f"{manifest.key}/{manifest.fingerprint}",
        "additionalProperty": _named(properties),
        "hasPart": [{"@id": _address(file)} for file in files],
    }
    if creators:
        root |= {"author": creators, "creator": creators}
    if dataset.citation:
        doi = _DOI.fullmatch(dataset.citation)
        root["citation"] = {"@id": f"https://doi.org/{doi[1]}"} if doi else dataset.citation
    return root


def _description(manifest: Manifest) -> str:
    content = (
        "synthetic data, made up by a program"
        if manifest.dataset.synthetic
        else "atomistic simulation of a metallic-glass cell"
    )
    text = f"Files of {manifest.key} (nominal composition/run/sub-run): {content}"
    dataset = ": ".join(filter(None, (manifest.dataset.name, manifest.dataset.description)))
    return f"{text}. Data set: {dataset}" if dataset else text


def _about(dataset: DatasetInfo) -> list[dict[str, object]]:
    """Return the entities that describe the licence, the creators and the publication of the data set."""
    entities: list[dict[str, object]] = []
    if dataset.license:
        entities.append(
            {"@id": _license_address(dataset), "@type": "CreativeWork", "name": dataset.license}
        )
    entities += [
        {"@id": f"#creator-{number}", "@type": "Person", "name": name}
        for number, name in enumerate(dataset.creators, 1)
    ]
    if dataset.citation and (doi := _DOI.fullmatch(dataset.citation)):
        entities.append(
            {"@id": f"https://doi.org/{doi[1]}", "@type": "ScholarlyArticle", "identifier": doi[1]}
        )
    return entities


def _license_address(dataset: DatasetInfo) -> str:
    return f"https://spdx.org/licenses/{quote(dataset.license or '')}"


def _deformation(sub_run: int) -> list[dict[str, object]]:
    deformation = DEFORMATIONS[sub_run]
    return [
        _property("deformation", deformation.kind),
        _property("deformation_matrix", json.dumps(deformation.matrix)),
    ]


def _soap(manifest: Manifest) -> list[dict[str, object]]:
    """What the descriptors were computed with, each parameter by its name in quippy."""
    if manifest.soap is None:
        return []
    parameters = [
        _property(f"soap_{name}", value) | ({"unitText": "angstrom"} if name in _LENGTHS else {})
        for name, value in manifest.soap.parameters.items()
    ]
    return [_property("soap_descriptor", manifest.soap.text), *parameters]


def _property(name: str, value: str) -> dict[str, object]:
    return {"@id": f"#{name}", "@type": "PropertyValue", "name": name, "value": value}


def _named(entities: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    return [{"@id": entity["@id"]} for entity in entities]


def _address(file: PackedFile) -> str:
    """The member's name as the relative URI that RO-Crate wants."""
    return quote(file.name)


def _file(file: PackedFile, soap: Sequence[dict[str, object]]) -> dict[str, object]:
    entity: dict[str, object] = {
        "@id": _address(file),
        "@type": "File",
        "name": file.name,
        "contentSize": str(file.size_bytes),
        "encodingFormat": "application/octet-stream"
        if file.role is Role.SOAP_DESCRIPTORS
        else "text/plain",
        "sha256": file.sha256,
        "additionalType": file.role,
    }
    if file.role in _DESCRIPTIONS:
        entity["description"] = _DESCRIPTIONS[file.role]
    if file.role is Role.SOAP_DESCRIPTORS:
        entity["additionalProperty"] = _named(soap)
    return entity
