"""Citations of versions of datasets, and the identifiers that their metadata have in common."""

from __future__ import annotations

import json
import re
from enum import StrEnum

from .datasets import DatasetVersion

_DOI = re.compile(r"(?:https://doi\.org/|doi:)?(10\.\d{4,9}/\S+)", re.ASCII)
_SPDX = re.compile(r"[A-Za-z0-9.+-]+", re.ASCII)
_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    **{character: f"\\{character}" for character in "&%$#_"},
}


class CitationStyle(StrEnum):
    """The form of a citation: a BibTeX entry, a sentence in APA style, or CSL-JSON."""

    BIBTEX = "bibtex"
    APA = "apa"
    CSL = "csl"


def find_doi(text: str | None) -> str | None:
    """Return the DOI of a citation that consists of one, or None."""
    found = _DOI.fullmatch(text or "")
    return found[1] if found else None


def get_license_url(version: DatasetVersion) -> str | None:
    """Return the address of the licence if it has the form of an SPDX identifier."""
    license_id = version.description.license or ""
    return f"https://spdx.org/licenses/{license_id}" if _SPDX.fullmatch(license_id) else None


def get_content_uri(version: DatasetVersion) -> str:
    """Return the content id as URI, which identifies the data independent of their place."""
    return f"hash://sha256/{version.content_id}"


def format_citation(version: DatasetVersion, style: CitationStyle) -> str:
    """Return the citation of a version, with its DOI if it has one, and its content id."""
    return _FORMATS[style](version)


def _format_bibtex(version: DatasetVersion) -> str:
    about = version.description
    authors = [
        f"{{{_escape(name)}}}" if " and " in name or name.count(",") > 1 else _escape(name)
        for name in about.creators
    ]
    fields = {
        "author": " and ".join(authors),
        "title": f"{{{_escape(about.title)}}}",
        "year": str(version.created_at.year),
        "version": str(version.number),
        "doi": version.doi or "",
        "howpublished": _escape(f"Data set {version}"),
        "note": _escape(_format_note(version)),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    key = f"{version.name}-{version.number}"
    return "\n".join([f"@misc{{{key},", *lines, "}"]) + "\n"


def _format_apa(version: DatasetVersion) -> str:
    about = version.description
    title = f"{_collapse(about.title)} (Version {version.number})"
    kind = "Synthetic data set" if about.synthetic else "Data set"
    if version.is_withdrawn:
        kind += "; withdrawn"
    *others, last = about.creators or ("",)
    separator = ", & " if len(others) > 1 else " & "
    authors = f"{', '.join(others)}{separator}{last}" if others else last
    year = f"({version.created_at.year})."
    parts = [authors, year, f"{title} [{kind}]."] if authors else [f"{title} [{kind}].", year]
    place = f"https://doi.org/{version.doi}" if version.doi else f"SHA-256 {version.content_id}"
    return " ".join([*parts, place]) + "\n"


def _format_csl(version: DatasetVersion) -> str:
    about, time = version.description, version.created_at
    fields = {
        "id": f"{version.name}-{version.number}",
        "type": "dataset",
        "title": _collapse(about.title),
        "author": [_format_csl_name(name) for name in about.creators],
        "issued": {"date-parts": [[time.year, time.month, time.day]]},
        "version": str(version.number),
        "DOI": version.doi,
        "note": _format_note(version),
    }
    present = {name: value for name, value in fields.items() if value}
    return json.dumps([present], indent=1, ensure_ascii=False) + "\n"


def _format_csl_name(name: str) -> dict[str, str]:
    family, comma, given = name.partition(", ")
    return {"family": family, "given": given} if comma else {"literal": name}


def _format_note(version: DatasetVersion) -> str:
    notes = [f"Content id (SHA-256): {version.content_id}"]
    if version.description.synthetic:
        notes.append("synthetic data")
    if version.is_withdrawn:
        notes.append("withdrawn")
    return "; ".join(notes)


def _escape(text: str) -> str:
    r"""Return a text for TeX. BibTeX counts braces even after `\`, so they are written as words."""
    return "".join(_TEX.get(character, character) for character in _collapse(text))


def _collapse(text: str) -> str:
    return " ".join(text.split())


_FORMATS = {
    CitationStyle.BIBTEX: _format_bibtex,
    CitationStyle.APA: _format_apa,
    CitationStyle.CSL: _format_csl,
}
