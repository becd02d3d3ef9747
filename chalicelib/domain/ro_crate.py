"""RO-Crate 1.2 metadata (https://w3id.org/ro/crate/1.2), the last member of every archive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from .archive_record import PackedFile
from .artifacts import Role
from .citations import find_doi
from .dataset_info import DatasetInfo
from .deformation import DEFORMATIONS
from .manifest import FORMAT_VERSION, METADATA_NAME, Manifest

FORMAT_PUBLISHED = "2026-11-23"
"""Publication date of this archive format. RO-Crate requires a date, and equal inputs must result
in equal bytes on every day."""

ROLE_DESCRIPTIONS = {
    Role.SCF_INPUT: "Quantum ESPRESSO pw.x input of the self-consistent calculation",
    Role.SCF_OUTPUT: "Quantum ESPRESSO pw.x output: energies in Ry, forces in Ry/bohr",
    Role.BOND_STRENGTHS: "LOBSTER bond strengths: ICOHP in eV, distances in angstrom",
    Role.SOAP_DESCRIPTORS: "SOAP descriptors: pickled list of NumPy float64 vectors, one per atom",
    Role.LOBSTER_INPUT: "LOBSTER input",
    Role.LOBSTER_OUTPUT: "LOBSTER protocol",
    Role.STRUCTURE: "Atomic structure, extended XYZ: positions in angstrom",
}

_LENGTHS = ("cutoff", "cutoff_transition_width", "atom_sigma")


def build_ro_crate(manifest: Manifest, files: Sequence[PackedFile]) -> bytes:
    """Return the metadata of an archive with these files.

    They contain size, hash and media type of each file, the identity, the deformation and the SOAP
    parameters.
    """
    properties, soap = _list_properties(manifest), _list_soap_parameters(manifest)
    context = _list_dataset_entities(manifest.dataset)
    root = _build_root(manifest, files, properties, context)
    graph = [_build_descriptor(), root, *context, *properties, *soap]
    graph += [_build_file(file, soap) for file in files]
    document = {"@context": "https://w3id.org/ro/crate/1.2/context", "@graph": graph}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _build_descriptor() -> dict[str, object]:
    return {
        "@id": METADATA_NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.2"},
    }


def _list_properties(manifest: Manifest) -> list[dict[str, object]]:
    run, sub_run = manifest.key.run, manifest.key.sub_run_or_none
    properties = [
        _property("nc", str(run.nc)),
        _property("id_run", str(run.id_run)),
        _property("profile", manifest.selection.profile),
        _property("archive_format_version", str(FORMAT_VERSION)),
    ]
    if sub_run is not None:
        properties += [
            _property("sub_run", str(sub_run)),
            _property("deformation", DEFORMATIONS[sub_run].kind),
            _property("deformation_matrix", json.dumps(DEFORMATIONS[sub_run].matrix)),
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


def _build_root(
    manifest: Manifest,
    files: Sequence[PackedFile],
    properties: Sequence[dict[str, object]],
    context: Sequence[dict[str, object]],
) -> dict[str, object]:
    dataset = manifest.dataset
    licenses = [
        {"@id": entity["@id"]} for entity in context if entity["@id"] == _license_id(dataset)
    ]
    creators = [{"@id": entity["@id"]} for entity in context if entity["@type"] == "Person"]
    root: dict[str, object] = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{manifest.key}",
        "description": _describe(manifest),
        "datePublished": FORMAT_PUBLISHED,
        "license": licenses[0]
        if licenses
        else "The licence is that of the data set which the files were taken from.",
        "identifier": f"{manifest.key}/{manifest.fingerprint}",
        "additionalProperty": _reference(properties),
        "hasPart": [{"@id": _entity_id(file)} for file in files],
    }
    if creators:
        root |= {"author": creators, "creator": creators}
    if dataset.citation:
        doi = find_doi(dataset.citation)
        root["citation"] = {"@id": f"https://doi.org/{doi}"} if doi else dataset.citation
    return root


def _describe(manifest: Manifest) -> str:
    content = (
        "synthetic data, made up by a program"
        if manifest.dataset.synthetic
        else "atomistic simulation of a metallic-glass cell"
    )
    text = f"Files of {manifest.key} (nominal composition/run/sub-run): {content}"
    dataset = ": ".join(filter(None, (manifest.dataset.name, manifest.dataset.description)))
    return f"{text}. Data set: {dataset}" if dataset else text


def _list_dataset_entities(dataset: DatasetInfo) -> list[dict[str, object]]:
    """Return the entities of the licence, the creators and the publication of the data set."""
    entities: list[dict[str, object]] = []
    if dataset.license:
        entities.append(
            {"@id": _license_id(dataset), "@type": "CreativeWork", "name": dataset.license}
        )
    entities += [
        {"@id": f"#creator-{number}", "@type": "Person", "name": name}
        for number, name in enumerate(dataset.creators, 1)
    ]
    if doi := find_doi(dataset.citation):
        entities.append(
            {"@id": f"https://doi.org/{doi}", "@type": "ScholarlyArticle", "identifier": doi}
        )
    return entities


def _license_id(dataset: DatasetInfo) -> str:
    return f"https://spdx.org/licenses/{quote(dataset.license or '')}"


def _list_soap_parameters(manifest: Manifest) -> list[dict[str, object]]:
    """Return the parameters of the SOAP descriptors, by their names in quippy."""
    if manifest.soap is None:
        return []
    parameters = [
        _property(f"soap_{name}", value) | ({"unitText": "angstrom"} if name in _LENGTHS else {})
        for name, value in manifest.soap.parameters.items()
    ]
    return [_property("soap_descriptor", manifest.soap.text), *parameters]


def _property(name: str, value: str) -> dict[str, object]:
    return {"@id": f"#{name}", "@type": "PropertyValue", "name": name, "value": value}


def _reference(entities: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    return [{"@id": entity["@id"]} for entity in entities]


def _entity_id(file: PackedFile) -> str:
    """Return the name of a member as relative URI, which RO-Crate requires."""
    return quote(file.name)


def _build_file(file: PackedFile, soap: Sequence[dict[str, object]]) -> dict[str, object]:
    entity: dict[str, object] = {
        "@id": _entity_id(file),
        "@type": "File",
        "name": file.name,
        "contentSize": str(file.size_bytes),
        "encodingFormat": "application/octet-stream"
        if file.role is Role.SOAP_DESCRIPTORS
        else "text/plain",
        "sha256": file.sha256,
        "additionalType": file.role,
    }
    if file.role in ROLE_DESCRIPTIONS:
        entity["description"] = ROLE_DESCRIPTIONS[file.role]
    if file.role is Role.SOAP_DESCRIPTORS:
        entity["additionalProperty"] = _reference(soap)
    return entity
