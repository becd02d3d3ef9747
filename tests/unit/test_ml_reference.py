"""Reference pages of the training table, compared with the code."""

from __future__ import annotations

import re

from dataops_client.ml import Outcome
from dataops_client.ml.columns import list_columns

from localdev.paths import ROOT

REFERENCE = ROOT / "docs" / "reference"


def list_rows(page: str) -> list[list[str]]:
    """Return the cells of all tables of a page, without code marks."""
    lines = re.findall(r"^\| (.*) \|$", (REFERENCE / page).read_text(), re.MULTILINE)
    return [[cell.strip().replace("`", "") for cell in line.split("|")] for line in lines]


def test_the_data_dictionary_describes_every_column() -> None:
    columns = list_columns(soaps=True, spins=True)
    rows = {row[0]: row for row in list_rows("data-dictionary.md") if len(row) == 6}
    del rows["column"]
    assert list(rows) == [column.name for column in columns]
    for column in columns:
        _, published, _, unit, description, source = rows[column.name]
        assert (published, unit, description, source) == (
            column.published_name,
            column.unit,
            column.description,
            column.source,
        )


def test_the_page_of_outcomes_lists_all_with_their_use() -> None:
    listed = {
        row[2]: row[3] == "yes"
        for row in list_rows("outcomes.md")
        if len(row) == 4 and row[2].isupper()
    }
    never = Outcome.SCF_CONVERGED_LOB_NOT_FINISHED_BUT_ICOHP_OK
    assert listed == {str(one): one.usable for one in Outcome if one is not never}
    assert never in (REFERENCE / "outcomes.md").read_text()
