"""The dataset card: `README.md` of a version of a dataset, in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from math import fsum

from .citations import CitationStyle, find_doi, format_citation, get_license_url
from .dataset_records import FrozenRun
from .datasets import DatasetVersion
from .freezes import BondTypeMean, PlannedSubRun

_UNREADABLE = "unknown: files cannot be read"
_MAX_LISTED = 50


def build_card(version: DatasetVersion, runs: Sequence[FrozenRun]) -> bytes:
    """Return the content of `README.md`: what the version contains, how to verify and cite it."""
    about = version.description
    sections = [
        f"# {_inline(about.title)}",
        _format_synthetic(version),
        about.description,
        _format_overview(version),
        "## Sub-runs",
        _format_outcomes(runs),
        "## Bonds",
        _format_bonds(runs),
        _format_missing(runs),
        "## Verify",
        _format_verification(version),
        "## Cite",
        _format_citations(version),
    ]
    return ("\n\n".join(filter(None, sections)) + "\n").encode()


def _format_synthetic(version: DatasetVersion) -> str | None:
    if not version.description.synthetic:
        return None
    return (
        "> **Synthetic data.** A program made these files up, to try software with. No calculation "
        "was run. Do not use them for science."
    )


def _format_overview(version: DatasetVersion) -> str:
    about, license_url = version.description, get_license_url(version)
    license_text = f"[{about.license}]({license_url})" if license_url else about.license
    rows = {
        "Version": f"{version.name} {version.number}",
        "Content id": f"`{version.content_id}`",
        "DOI": version.doi and f"[{version.doi}](https://doi.org/{version.doi})",
        "Created": version.created_at.isoformat(timespec="seconds"),
        "Creators": ", ".join(about.creators),
        "Licence": license_text or "not stated",
        "Publication": _link(about.citation),
        "Compositions": ", ".join(version.compositions),
        "Runs, sub-runs": f"{version.runs:,}, {version.sub_runs:,}",
        "Files": f"{version.files:,} ({version.size_bytes:,} bytes), profile {version.profile}",
        "SOAP descriptors": about.soap_descriptor and f"`{about.soap_descriptor}`",
    }
    return _format_table(
        ("", ""), [(name, _cell(value)) for name, value in rows.items() if value], right=()
    )


def _format_outcomes(runs: Sequence[FrozenRun]) -> str:
    sub_runs = [each for run in runs for each in run.plan.sub_runs]
    outcomes = Counter(map(_get_outcome, sub_runs))
    complete = Counter(
        _get_outcome(each) for each in sub_runs if each.facts and each.facts.labels_complete
    )
    table = _format_table(
        ("Outcome", "Sub-runs", "With all bond labels"),
        [(name, f"{number:,}", f"{complete[name]:,}") for name, number in sorted(outcomes.items())],
    )
    text = (
        "A run is a cell of atoms. Its sub-run 0 is the reference, 1-14 are deformed cells. The "
        "files of a sub-run are in `data/<composition>/<run>/<sub-run>/`, their facts in "
        "`selection.json`."
    )
    return f"{text}\n\n{table}"


def _get_outcome(sub_run: PlannedSubRun) -> str:
    return str(sub_run.facts.outcome) if sub_run.facts else _UNREADABLE


def _format_bonds(runs: Sequence[FrozenRun]) -> str:
    means: dict[str, list[BondTypeMean]] = {}
    for run in runs:
        for bonds in run.bonds.values():
            for name, mean in (bonds or {}).items():
                means.setdefault(name, []).append(mean)
    if not means:
        return "No sub-run has bond strengths."
    rows = [
        (name, f"{sum(each.bonds for each in found):,}", f"{_average(found):.4f}")
        for name, found in sorted(means.items())
    ]
    text = (
        "All bonds of `ICOHPLIST.lobster`, in all sub-runs. -ICOHP is positive for bonding. A "
        "training table has the bonds of complete clusters only."
    )
    return f"{text}\n\n{_format_table(('Bond type', 'Bonds', 'Mean -ICOHP (eV)'), rows)}"


def _average(means: Sequence[BondTypeMean]) -> float:
    total = fsum(each.bonds * each.mean_minus_icohp_ev for each in means)
    return total / (sum(each.bonds for each in means) or 1)


def _format_missing(runs: Sequence[FrozenRun]) -> str | None:
    lines = [
        f"- `{run.plan.key}/{each.sub_run}`: {', '.join(f'`{name}`' for name in names)}"
        for run in runs
        for each in run.plan.sub_runs
        if (names := [*each.missing, *(file.name for file in each.skipped)])
    ]
    if not lines:
        return None
    if len(lines) > _MAX_LISTED:
        lines[_MAX_LISTED:] = [f"- and {len(lines) - _MAX_LISTED} more; see `selection.json`"]
    return "\n".join(["## Missing files", "", *lines])


def _format_verification(version: DatasetVersion) -> str:
    return (
        "No software but coreutils is required. The second command prints the content id.\n\n"
        "```console\n"
        "$ sha256sum --check --quiet manifest-sha256.txt\n"
        "$ sha256sum manifest-sha256.txt\n"
        f"{version.content_id}  manifest-sha256.txt\n"
        "```"
    )


def _format_citations(version: DatasetVersion) -> str:
    publication = _link(version.description.citation)
    parts = [
        format_citation(version, CitationStyle.APA).strip(),
        f"Publication of the data: {publication}" if publication else None,
        f"```bibtex\n{format_citation(version, CitationStyle.BIBTEX)}```",
    ]
    return "\n\n".join(filter(None, parts))


def _link(citation: str | None) -> str | None:
    doi = find_doi(citation)
    return f"[{doi}](https://doi.org/{doi})" if doi else citation


def _format_table(
    heading: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = (1, 2)
) -> str:
    rule = ["---:" if column in right else "---" for column in range(len(heading))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, rule, *rows))


def _cell(text: str) -> str:
    return _inline(text).replace("|", "\\|")


def _inline(text: str) -> str:
    return " ".join(text.split())
