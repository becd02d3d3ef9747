"""The dataset card."""

from __future__ import annotations

from chalicelib.domain.dataset_card import build_card
from tests.support.dataset_versions import PAPER, build_runs, build_version


def test_the_card_describes_the_version() -> None:
    version = build_version()
    card = build_card(version, build_runs()).decode()
    assert card.startswith("# Cu-Zr glasses, converged cells\n\nCells of metallic glasses.\n\n| ")
    for line in (
        "| Version | cuzr 1.2.0 |",
        f"| Content id | `{version.content_id}` |",
        "| Creators | Ada Adams, Bo Berg |",
        "| Licence | [CC-BY-4.0](https://spdx.org/licenses/CC-BY-4.0) |",
        f"| Publication | [{PAPER}](https://doi.org/{PAPER}) |",
        "| Compositions | Cu50Zr50, Zr49Cu49Al2 |",
        "| Runs, sub-runs | 2, 4 |",
        "| DONE | 3 | 3 |",
        "| SCF_NOT_CONVERGED | 1 | 0 |",
        "| Cu-Cu | 3 | 0.2500 |",
        "| Cu-Zr | 6 | 1.5000 |",
        f"{version.content_id}  manifest-sha256.txt",
        "@misc{cuzr-1.2.0,",
    ):
        assert line in card.splitlines()
    assert "Synthetic" not in card
    assert "Missing files" not in card


def test_the_card_warns_of_synthetic_data_and_lists_missing_files() -> None:
    version = build_version({"synthetic": True, "license": None, "title": "a | b\n# c"})
    card = build_card(version, build_runs(missing=("ICOHPLIST.lobster", "SOAPS.vec"))).decode()
    assert card.startswith("# a | b # c\n\n> **Synthetic data.** ")
    assert "| Licence | not stated |" in card
    assert "## Missing files\n\n- `Zr49Cu49Al2/21/13`: `ICOHPLIST.lobster`, `SOAPS.vec`" in card


def test_the_card_of_a_version_without_bonds_says_so() -> None:
    assert "No sub-run has bond strengths." in build_card(build_version(), []).decode()
