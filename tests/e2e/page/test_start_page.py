"""The start page: table, search, filters, order, export, and addresses that do not exist."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from chalicelib.api.static import compact, load_static_files
from localdev.paths import ROOT
from tests.support.page import fetch_json

from .conftest import PHONE, Visits

pytestmark = pytest.mark.self_contained


def summary(nc: str, **fields: Any) -> dict[str, Any]:
    return {
        "nc": nc,
        "runs": 1,
        "sub_runs": 1,
        "outcomes": {"DONE": 1},
        "unread": 0,
        "bonds": 80,
        "min_total_energy_ry": -3682.5,
        "max_total_energy_ry": -3682.5,
        "last_activity_at": "2026-01-02T03:04:05+00:00",
    } | fields


THOUSAND = [f"Zr{number}Cu{number}{'Al' if number % 2 else 'Ni'}2" for number in range(1, 1001)]


def serve_summaries(page: Page, pages: list[list[dict[str, Any]]], names: list[str]) -> None:
    """Replace the compositions and their summaries, one response per page."""

    def respond(route: Route) -> None:
        cursor = re.search(r"cursor=(\d+)", route.request.url)
        number = int(cursor[1]) if cursor else 0
        following = str(number + 1) if number + 1 < len(pages) else None
        route.fulfill(json={"compositions": pages[number], "next_cursor": following})

    page.route(re.compile(r"/v1/summary"), respond)
    page.route("**/v1/compositions", lambda route: route.fulfill(json={"compositions": names}))


def names(page: Page) -> list[str]:
    return page.get_by_role("rowheader").all_text_contents()


def count(page: Page) -> Any:
    return expect(page.locator(".count"))


def test_a_composition_that_continues_on_the_next_page_is_added_up(visit: Visits) -> None:
    new = visit()
    later = summary(
        "Cu50Zr50",
        runs=2,
        outcomes={"NO_DATA": 2},
        min_total_energy_ry=-3700.0,
        max_total_energy_ry=None,
    )
    serve_summaries(new.page, [[summary("Cu50Zr50")], [later]], ["Cu50Zr50", "Ni50Zr50"])
    new.go()
    row = new.page.get_by_role("row").filter(has_text="Cu50Zr50")
    expect(row).to_contain_text("1 done, 2 no files")
    expect(row).to_contain_text("\u22123700.000 to \u22123682.500")
    count(new.page).to_have_text("2 compositions, 3 scheduled runs, 2 sub-runs")
    expect(new.page.get_by_role("row").filter(has_text="Ni50Zr50")).to_contain_text(
        "no run scheduled"
    )


def test_search_filters_and_order_are_part_of_the_address(visit: Visits) -> None:
    new = visit()
    page = new.page
    found = [
        summary("Al10Zr90", runs=3),
        summary("Cu50Zr50", runs=5, outcomes={"SCF_NOT_CONVERGED": 1}),
        summary("Al20Zr80", runs=4),
    ]
    serve_summaries(page, [found], ["Al10Zr90", "Al20Zr80", "Cu50Zr50"])
    new.go()
    count(page).to_have_text("3 compositions, 12 scheduled runs, 3 sub-runs")
    page.get_by_role("button", name="Al", exact=True).click()
    expect(page.get_by_role("button", name="Al", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_label("With sub-runs").select_option("DONE")
    page.get_by_role("button", name="Runs", exact=True).click()
    assert names(page) == ["Al20Zr80", "Al10Zr90"]
    count(page).to_have_text("2 of 3 compositions, 7 scheduled runs, 2 sub-runs")
    assert page.url.endswith("#/?elements=Al&outcome=DONE&sort=-runs")
    page.get_by_role("link", name="Al20Zr80").click()
    page.get_by_role("link", name="All compositions").click()
    assert page.url.endswith("#/?elements=Al&outcome=DONE&sort=-runs")
    page.reload()
    expect(page.get_by_role("rowheader")).to_have_text(["Al20Zr80", "Al10Zr90"])
    expect(page.get_by_role("columnheader", name="Runs", exact=True)).to_have_attribute(
        "aria-sort", "descending"
    )
    page.get_by_label("Search").fill("zr9")
    expect(page.get_by_role("rowheader")).to_have_text(["Al10Zr90"])
    page.get_by_label("Search").fill("nothing")
    expect(page.get_by_text("No composition matches the filters.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_role("rowheader")).to_have_count(3)
    assert new.console_errors == []


def test_a_thousand_compositions_are_shown_in_chunks_with_four_requests(visit: Visits) -> None:
    new = visit()
    page = new.page
    summaries = [summary(nc) for nc in THOUSAND]
    serve_summaries(page, [summaries], sorted(THOUSAND))
    new.go()
    expect(page.get_by_role("rowheader")).to_have_count(50)
    page.get_by_role("button", name="Show 50 more of 950").click()
    expect(page.get_by_role("rowheader")).to_have_count(100)
    expect(page.get_by_role("rowheader").nth(50).get_by_role("link")).to_be_focused()
    page.get_by_role("button", name="Ni", exact=True).click()
    count(page).to_have_text("500 of 1,000 compositions, 500 scheduled runs, 500 sub-runs")
    paths = sorted(
        request.url.removeprefix(new.site.url) for request in new.requests if "/v1/" in request.url
    )
    assert paths == ["/v1/compositions", "/v1/dataset-info", "/v1/summary", "/v1/whoami"]


def test_the_filtered_table_is_saved_as_csv_and_json(visit: Visits) -> None:
    new = visit()
    page = new.page
    found = [summary("Al10Zr90"), summary("Cu50Zr50", unread=2, max_total_energy_ry=None)]
    serve_summaries(page, [found], ["Al10Zr90", "Cu50Zr50"])
    new.go("#/?elements=Cu")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    assert saved.value.suggested_filename == "compositions.csv"
    [row] = csv.DictReader(Path(saved.value.path()).read_text().splitlines())
    assert (row["composition"], row["DONE"], row["not_read_yet"]) == ("Cu50Zr50", "1", "2")
    assert (row["min_total_energy_ry"], row["max_total_energy_ry"]) == ("-3682.5", "")
    with page.expect_download() as saved:
        page.get_by_role("button", name="JSON").click()
    [document] = json.loads(Path(saved.value.path()).read_text())
    assert document["composition"] == "Cu50Zr50"
    assert document["max_total_energy_ry"] is None


def test_unread_sub_runs_are_read_on_request_and_listed_by_outcome(visit: Visits) -> None:
    new = visit()
    page = new.page
    fetch_json(new.site, "generate/Zr49Cu49Al2", "POST")
    fetch_json(new.site, "generate/Zr49Cu49Al2/21/augment", "POST")
    new.go()
    notice = page.get_by_text("The files of 15 sub-runs are not read yet")
    expect(notice).to_be_visible()
    page.get_by_role("button", name="Read them now").click()
    expect(page.get_by_text("14 done, 1 SCF not converged")).to_be_visible()
    expect(notice).to_be_hidden()
    page.get_by_label("With sub-runs").select_option("SCF_NOT_CONVERGED")
    page.get_by_role("link", name="List 1 sub-run: SCF not converged").click()
    expect(page.get_by_role("link", name="Zr49Cu49Al2/21/13")).to_be_visible()
    assert page.url.endswith("#/sub-runs?outcome=SCF_NOT_CONVERGED")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("#/Fe2O3", "The data bucket has no files of the composition Fe2O3."),
        ("#/Zr49Cu49Al2/99", "Run 99 of Zr49Cu49Al2 is not scheduled."),
        ("#Zr49Cu49Al2/21/77", "“77” is not a sub-run; these are 0 to 14."),
        ("#/Zr49Cu49Al2/1.5", "“1.5” is not the number of a run."),
        ("#/compare/Zr49Cu49Al2", "“Zr49Cu49Al2” is not a run or sub-run."),
        ("#/100%", "“100%” is not the formula of a composition."),
    ],
)
def test_an_address_that_does_not_exist_is_reported(
    visit: Visits, address: str, reason: str
) -> None:
    new = visit()
    new.go(address)
    alert = new.page.get_by_role("alert").filter(has_text="Not found")
    expect(alert).to_contain_text(reason)
    expect(new.page.get_by_role("button", name="Schedule next run")).to_have_count(
        1 if "99" in address else 0
    )
    alert.get_by_role("link").click()
    expect(
        new.page.get_by_role("link", name="Zr49Cu49Al2", exact=True).or_(
            new.page.get_by_role("heading", name="Runs of Zr49Cu49Al2")
        )
    ).to_be_visible()


def test_old_addresses_are_rewritten(visit: Visits) -> None:
    new = visit()
    fetch_json(new.site, "generate/Zr50Cu40Al10", "POST")
    new.go("#Zr50Cu40Al10/1/0")
    expect(new.page.get_by_role("heading", name="Run 1 of Zr50Cu40Al10")).to_be_visible()
    assert new.page.url.endswith("/#/Zr50Cu40Al10/1/0")


def test_an_old_error_disappears_with_the_next_action(visit: Visits) -> None:
    new = visit()
    page = new.page
    fetch_json(new.site, "generate/Zr50Cu40Al10", "POST")
    new.go("#/Zr50Cu40Al10")
    page.get_by_label("Go to run").fill("99")
    page.keyboard.press("Enter")
    expect(page.get_by_text("run '99'")).to_be_visible()
    page.get_by_label("Go to run").fill("1.5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("“1.5” is not the number of a run")).to_be_visible()
    expect(page.get_by_text("run '99'")).to_be_hidden()
    page.get_by_role("link", name=re.compile("^Run 1")).click()
    expect(page.get_by_role("heading", name="Run 1 of Zr50Cu40Al10")).to_be_visible()
    expect(page.get_by_text("“1.5”")).to_be_hidden()


@pytest.mark.parametrize(("auth", "shown"), [("none", False), ("iam", False), ("token", True)])
def test_the_token_button_is_shown_only_where_tokens_are_used(
    visit: Visits, auth: str, shown: bool
) -> None:
    new = visit()
    new.page.route("**/v1/whoami", lambda route: route.fulfill(json={"auth": auth}))
    with new.page.expect_response("**/v1/whoami"):
        new.go()
    expect(new.page.get_by_role("link", name="Zr49Cu49Al2", exact=True)).to_be_visible()
    expect(new.page.get_by_role("button", name="Token…")).to_be_visible(visible=shown)


def test_the_whole_card_of_a_composition_can_be_tapped(visit: Visits) -> None:
    new = visit(viewport=PHONE)
    serve_summaries(new.page, [[summary("Zr49Cu49Al2")]], ["Zr49Cu49Al2"])
    new.go()
    expect(new.page.get_by_role("link", name="Zr49Cu49Al2")).to_be_visible()
    new.page.get_by_text("80").click(force=True)
    expect(new.page.get_by_role("heading", name="Runs of Zr49Cu49Al2")).to_be_visible()


def test_the_page_preloads_exactly_the_modules_of_its_first_view() -> None:
    texts = load_static_files("page").texts
    needed: set[str] = set()
    waiting = {"app.js"}
    while waiting:
        name = waiting.pop()
        needed.add(name)
        imported = re.findall(r'^(?:import|\}).* from "\./(\w+\.js)";$', texts[name], re.MULTILINE)
        waiting |= set(imported) - needed
    preloaded = re.findall(r'modulepreload" href="{assets}/(\w+\.js)"', texts["index.html"])
    assert preloaded == sorted(needed - {"app.js"})


VIEWER = {
    "atom_table.js",
    "cell_panel.js",
    "cell_pointer.js",
    "cell_projection.js",
    "cell_view.js",
    "compare_cells.js",
    "crystal.js",
    "elements.js",
}
"""The 3D view of cells, which is loaded on demand."""


DATASETS = re.compile(r"(dataset|find|freeze)\w*\.js")


def test_the_assets_without_the_3d_view_have_less_than_155_kb() -> None:
    sizes = {name: len(text.encode()) for name, text in load_static_files("page").texts.items()}
    assert sizes.keys() >= VIEWER
    sizes = {name: size for name, size in sizes.items() if name not in VIEWER}
    assert sum(sizes.values()) < 155_000
    assert sum(size for name, size in sizes.items() if not DATASETS.match(name)) < 140_000


def test_served_modules_have_no_indentation_and_comments() -> None:
    code = "a(\n  /** @type {A} */ (b), // c\n  /* d */ e,\n);\n"
    text = f"// One\n/**\n * Two\n */\n{code}\n  // Three\n  // Four\n  f;\n/*! g */\n"
    kept = "a(\n/** @type {A} */ (b), // c\n/* d */ e,\n);\nf;\n/*! g */\n"
    assert compact("a.js", text) == kept
    assert compact("a.html", text) == text


def test_no_text_between_backquotes_spans_lines() -> None:
    modules = (ROOT / "chalicelib" / "static" / "page").glob("*.js")
    spanning = {
        module.name: line
        for module in modules
        for line in module.read_text().splitlines()
        if line.count("`") % 2
    }
    assert spanning == {}
