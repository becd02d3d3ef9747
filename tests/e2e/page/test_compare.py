"""Selection, comparison and the download of a selection."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.page import fetch_json

from .conftest import Visits

pytestmark = pytest.mark.self_contained
RUN = "generate/Zr49Cu49Al2/21"


def mean(site: object, sub_run: str, bond_type: str) -> float:
    types = fetch_json(site, f"{RUN}/{sub_run}/bonds?limit=1")["bond_types"]  # type: ignore[arg-type]
    [found] = [one["mean_icohp"] for one in types if one["bond_type"] == bond_type]
    return float(found)


def test_two_deformations_are_selected_compared_and_saved(visit: Visits) -> None:
    new = visit()
    page = new.page
    fetch_json(new.site, "generate/Zr49Cu49Al2", "POST")
    fetch_json(new.site, f"{RUN}/augment", "POST")
    new.go("#/Zr49Cu49Al2/21")
    for sub_run in ("7", "8"):
        page.get_by_role("checkbox", name=f"Select sub-run {sub_run} of run 21").check()
    page.get_by_role("link", name="Compare selected").click()
    page.get_by_label("Bonds", exact=True).select_option("Zr-Cu")
    assert page.url.endswith("#/compare/Zr49Cu49Al2/21/7,Zr49Cu49Al2/21/8?bond=Zr-Cu")
    page.reload()
    bonds = [
        bond
        for sub_run in ("7", "8")
        for bond in fetch_json(new.site, f"{RUN}/{sub_run}/bonds")["bonds"]
        if bond["bond_type"] == "Zr-Cu"
    ]
    plot = page.get_by_role("img", name=re.compile(f"of {len(bonds)} Zr-Cu bonds of 2 sub-runs"))
    expect(plot).to_be_visible()
    difference = mean(new.site, "8", "Zr-Cu") - mean(new.site, "7", "Zr-Cu")
    row = page.get_by_role("region", name="Means").get_by_role("row").filter(has_text="Zr-Cu")
    expect(row.get_by_role("cell").last).to_have_text(f"{difference:+.4f}".replace("-", "\u2212"))
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").last.click()
    rows = {
        row["bond_type"]: row
        for row in csv.DictReader(Path(saved.value.path()).read_text().splitlines())
    }
    assert float(rows["Zr-Cu"]["Zr49Cu49Al2/21/8 difference_ev"]) == pytest.approx(difference)
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    document = Path(saved.value.path()).read_text()
    assert document.startswith("<svg")
    assert "var(" not in document
    assert "class=" not in document
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG").click()
    image = Path(saved.value.path()).read_bytes()
    assert image.startswith(b"\x89PNG")
    assert int.from_bytes(image[16:20]) == 1280
    page.get_by_role("button", name="Show the cells side by side").click()
    expect(page.locator(".cells-compared canvas")).to_have_count(2)
    assert new.console_errors == []


def test_a_selection_is_downloaded_with_one_command_per_run(visit: Visits) -> None:
    new = visit()
    page = new.page
    fetch_json(new.site, "generate/Zr49Cu49Al2", "POST")
    fetch_json(new.site, "generate/Zr50Cu40Al10", "POST")
    new.go("#/Zr49Cu49Al2")
    page.get_by_role("checkbox", name="Select run 21").check()
    expect(page.get_by_text("select another one to compare")).to_be_visible()
    page.get_by_role("link", name="All compositions").click()
    page.get_by_role("link", name="Zr50Cu40Al10").click()
    page.get_by_role("link", name=re.compile("^Run 1")).click()
    page.get_by_role("checkbox", name="Select sub-run 0 of run 1").check()
    page.get_by_role("link", name="Download selected").click()
    command = page.get_by_label("dataops snippet", exact=True)
    expect(command).to_contain_text("download Zr49Cu49Al2 21 -o data")
    expect(command).to_contain_text("download Zr50Cu40Al10 1 0 -o data")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download Zr50Cu40Al10/1/0").click()
    assert saved.value.suggested_filename == "Zr50Cu40Al10_1_0.zip"
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("complementary", name="Selection")).to_be_hidden()


def test_a_sub_run_that_is_not_scheduled_cannot_be_compared(visit: Visits) -> None:
    new = visit()
    fetch_json(new.site, "generate/Zr49Cu49Al2", "POST")
    for view in ("compare", "take"):
        new.go(f"#/{view}/Zr49Cu49Al2/21,Zr49Cu49Al2/21/8")
        expect(new.page.get_by_role("alert").filter(has_text="Not found")).to_contain_text(
            "ub-run Zr49Cu49Al2/21/8 is not scheduled."
        )


def test_a_scientist_gets_from_an_empty_service_to_compared_bonds(visit: Visits) -> None:
    new = visit()
    page = new.page
    new.go()
    expect(page.get_by_text("No run is scheduled: choose a composition")).to_be_visible()
    page.get_by_role("button", name="Al", exact=True).click()
    page.get_by_role("link", name="Zr49Cu49Al2").click()
    page.get_by_role("button", name="Schedule next run").click()
    page.get_by_role("button", name="Augment: add the 14 deformed cells").click()
    expect(page.get_by_role("link", name="sub-run 8 compression x: done")).to_be_visible()
    page.get_by_role("link", name="All compositions").click()
    expect(page.get_by_text("14 done, 1 SCF not converged")).to_be_visible()
    page.get_by_label("With sub-runs").select_option("DONE")
    page.get_by_role("link", name="List 14 sub-runs: done").click()
    assert page.url.endswith("#/sub-runs?elements=Al&outcome=DONE")
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(Path(saved.value.path()).read_text().splitlines()))
    assert [row["sub_run"] for row in rows] == [str(one) for one in range(15) if one != 13]
    assert {row["outcome"] for row in rows} == {"DONE"}
    for sub_run in ("7", "8"):
        page.get_by_role("checkbox", name=f"Select sub-run {sub_run} of run 21").check()
    page.get_by_role("link", name="Compare selected").click()
    page.get_by_label("Bonds", exact=True).select_option("Zr-Cu")
    expect(page.get_by_role("img", name=re.compile("Zr-Cu bonds of 2 sub-runs"))).to_be_visible()
    page.get_by_role("button", name="Show the cells side by side").click()
    expect(page.locator(".cells-compared canvas")).to_have_count(2)
    assert new.console_errors == []
