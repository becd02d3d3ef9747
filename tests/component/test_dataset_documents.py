"""The documents of a dataset, read by the tools that they are for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import bibtexparser
import datacite.schema45
import mlcroissant
import pytest

from chalicelib.domain.citations import CitationStyle, format_citation
from chalicelib.domain.croissant import build_croissant
from chalicelib.domain.datacite import build_datacite
from chalicelib.domain.dataset_records import build_selection
from chalicelib.domain.datasets import Advisory, AdvisoryKind, DatasetVersion, VersionNumber
from chalicelib.domain.freezes import FreezeRequest
from chalicelib.domain.selection import Profile
from tests.support.dataset_versions import (
    CREATED,
    PAPER,
    build_manifest,
    build_runs,
    build_version,
    list_contents,
)

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # mlcroissant
UNKNOWN = {"description": None, "license": None, "creators": (), "citation": None}
ODD = {"title": "50 % {Cu}_x & Zr$^2$ \\ #1 ~", "creators": ("A, B, C", "Zoë and Co.", "Ü, Ö.")}


def write_dataset(folder: Path, version: DatasetVersion) -> Path:
    """Store the version as a pulled dataset has it, and return the path of its metadata."""
    runs, manifest = build_runs(), build_manifest()
    request = FreezeRequest(version.name, "", {"outcome": "DONE"}, None, Profile.FULL)
    selection = build_selection(version, request, runs, "test")
    for path, content in list_contents().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "manifest-sha256.txt").write_bytes(manifest)
    (folder / "selection.json").write_bytes(selection)
    (folder / "croissant.json").write_bytes(build_croissant(version, runs, manifest, selection))
    return folder / "croissant.json"


@pytest.mark.parametrize("description", [{}, UNKNOWN, ODD, {"license": "see LICENSE"}])
def test_croissant_is_valid(tmp_path: Path, description: dict[str, Any]) -> None:
    path = write_dataset(tmp_path, build_version(description))
    metadata = mlcroissant.Dataset(jsonld=path).metadata
    assert metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
    assert not metadata.issues.errors
    assert bool(metadata.issues.warnings) == (description is UNKNOWN), metadata.issues.report()
    assert metadata.version == "1.2.0"


def test_croissant_reads_the_table_of_sub_runs(tmp_path: Path) -> None:
    dataset = mlcroissant.Dataset(jsonld=write_dataset(tmp_path, build_version()))
    rows = [
        {name.removeprefix("sub_runs/"): value for name, value in record.items()}
        for record in dataset.records("sub_runs")
    ]
    assert [(row["nc"], row["sub_run"], row["outcome"]) for row in rows] == [
        (b"Cu50Zr50", b"0", b"DONE"),
        (b"Zr49Cu49Al2", b"0", b"DONE"),
        (b"Zr49Cu49Al2", b"3", b"DONE"),
        (b"Zr49Cu49Al2", b"13", b"SCF_NOT_CONVERGED"),
    ]
    assert [row["total_energy_ry"] for row in rows[:3]] == [-4496.5] * 3


def test_croissant_describes_the_files_by_their_roles(tmp_path: Path) -> None:
    path = write_dataset(tmp_path, build_version())
    sets = {
        each["@id"]: each["includes"]
        for each in json.loads(path.read_text())["distribution"]
        if each["@type"] == "cr:FileSet"
    }
    found = {
        name: {str(file.relative_to(tmp_path)) for glob in globs for file in tmp_path.glob(glob)}
        for name, globs in sets.items()
    }
    assert found["all-files"] == list_contents().keys()
    assert {name: len(files) for name, files in found.items() if name != "all-files"} == {
        "scf-input": 4,
        "scf-output": 4,
        "bond-strengths": 4,
        "soap-descriptors": 4,
    }


def test_the_content_id_is_the_hash_of_the_manifest_in_croissant(tmp_path: Path) -> None:
    version = build_version()
    document = json.loads(write_dataset(tmp_path, version).read_text())
    manifest = document["distribution"][0]
    assert manifest["contentUrl"] == "manifest-sha256.txt"
    assert manifest["sha256"] == document["identifier"] == version.content_id
    assert document["url"].endswith(version.content_id)


@pytest.mark.parametrize("description", [{}, UNKNOWN, ODD, {"license": "see LICENSE"}])
@pytest.mark.parametrize("doi", [None, "10.5281/zenodo.123"])
def test_datacite_is_valid(description: dict[str, Any], doi: str | None) -> None:
    version = build_version(description, doi=doi)
    previous = replace(version, number=VersionNumber(1, 1, 0))
    content = json.loads(build_datacite(version, previous))
    assert content.get("doi") == doi
    # The schema of 4.5, which 4.6 extends, requires a DOI.
    assert list(datacite.schema45.validator.iter_errors({"doi": "10.5281/x"} | content)) == []


def test_datacite_relates_the_version_to_its_publication_and_predecessor() -> None:
    version = build_version()
    previous = replace(version, number=VersionNumber(1, 1, 0), content_id="a" * 64)

    def relate(previous: DatasetVersion | None) -> list[tuple[str, ...]]:
        related = json.loads(build_datacite(version, previous))["relatedIdentifiers"]
        return [tuple(each.values()) for each in related]

    paper = ("IsSupplementTo", PAPER, "DOI")
    assert relate(None) == [paper]
    assert relate(previous) == [paper, ("IsNewVersionOf", f"hash://sha256/{'a' * 64}", "URL")]
    assert relate(replace(previous, doi="10.5281/zenodo.1")) == [
        paper,
        ("IsNewVersionOf", "10.5281/zenodo.1", "DOI"),
    ]
    content = json.loads(build_datacite(version))
    assert content["rightsList"][0]["rightsIdentifierScheme"] == "SPDX"
    assert content["alternateIdentifiers"][0]["alternateIdentifier"] == version.content_id
    assert content["publicationYear"] == str(CREATED.year)


@pytest.mark.parametrize("description", [{}, UNKNOWN, ODD])
def test_bibtex_is_read_by_a_parser(description: dict[str, Any]) -> None:
    version = build_version(description, doi="10.5281/zenodo.123_4")
    (entry,) = bibtexparser.loads(format_citation(version, CitationStyle.BIBTEX)).entries
    assert (entry["ENTRYTYPE"], entry["ID"]) == ("misc", "cuzr-1.2.0")
    assert entry["version"] == "1.2.0"
    assert entry["doi"] == "10.5281/zenodo.123_4"
    assert version.content_id in entry["note"]
    assert ("author" in entry) == bool(version.description.creators)
    if not description:
        assert entry["author"] == "Ada Adams and Bo Berg"
    if description is ODD:
        assert entry["author"] == r"{A, B, C} and {Zoë and Co.} and Ü, Ö."
        assert entry["title"] == (
            r"{50 \% \textbraceleft{}Cu\textbraceright{}\_x \& Zr\$\textasciicircum{}2\$ "
            r"\textbackslash{} \#1 \textasciitilde{}}"
        )


def test_citations_are_sentences_and_csl() -> None:
    version = build_version()
    assert format_citation(version, CitationStyle.APA) == (
        "Ada Adams & Bo Berg (2026). Cu-Zr glasses, converged cells (Version 1.2.0) "
        f"[Data set]. SHA-256 {version.content_id}\n"
    )
    three = build_version({"creators": ("A. One", "B. Two", "C. Three")})
    assert format_citation(three, CitationStyle.APA).startswith("A. One, B. Two, & C. Three (2026)")
    (csl,) = json.loads(format_citation(build_version(ODD), CitationStyle.CSL))
    assert csl["type"] == "dataset"
    assert csl["issued"] == {"date-parts": [[2026, 11, 29]]}
    assert csl["author"][2] == {"family": "Ü", "given": "Ö."}
    assert "DOI" not in csl


def test_citations_name_the_doi_and_warn_of_withdrawn_and_synthetic_data() -> None:
    advisory = Advisory(AdvisoryKind.WITHDRAWN, "wrong cell", (), None, CREATED)
    version = build_version(
        UNKNOWN | {"synthetic": True}, doi="10.5281/zenodo.123", advisories=(advisory,)
    )
    assert format_citation(version, CitationStyle.APA) == (
        "Cu-Zr glasses, converged cells (Version 1.2.0) [Synthetic data set; withdrawn]. (2026). "
        "https://doi.org/10.5281/zenodo.123\n"
    )
    for style in (CitationStyle.BIBTEX, CitationStyle.CSL):
        text = format_citation(version, style)
        assert "synthetic data; withdrawn" in text
        assert "10.5281/zenodo.123" in text
