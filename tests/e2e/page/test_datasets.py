"""Search of sub-runs by facts, and frozen datasets: freeze, list, landing page, changes."""

from __future__ import annotations

import csv
import hashlib
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from chalicelib.domain.fact_filters import FILTERS
from localdev.paths import ROOT
from tests.support.page import fetch_json

from .conftest import Site, Visit, Visits

pytestmark = pytest.mark.self_contained

RUN = "generate/Zr49Cu49Al2/21"
DEADLINE_SECONDS = 60


def schedule_run(site: Site) -> None:
    fetch_json(site, "generate/Zr49Cu49Al2", "POST")
    fetch_json(site, f"{RUN}/augment", "POST")


def freeze(site: Site, sub_runs: list[str], **fields: Any) -> dict[str, Any]:
    items = [{"nc": "Zr49Cu49Al2", "id_run": "21", "sub_runs": sub_runs}]
    body = {"name": "glass", "title": "Glasses", "items": items} | fields
    deadline = time.monotonic() + DEADLINE_SECONDS
    while "version" not in (found := fetch_json(site, "datasets", "POST", body)):
        assert time.monotonic() < deadline
    return dict(found)


@pytest.fixture
def versions(visit: Visits) -> Visit:
    """Return a visit to a service with versions 1.0.0 and 2.0.0; the first one is withdrawn."""
    new = visit()
    schedule_run(new.site)
    assert freeze(new.site, ["0", "7"], description="Two cells")["version"] == "1.0.0"
    assert freeze(new.site, ["0", "8"])["version"] == "2.0.0"
    advisory = {
        "kind": "withdrawn",
        "reason": "Wrong <b>pseudopotential</b>.",
        "sub_runs": ["Zr49Cu49Al2/21/7"],
        "superseded_by": "2.0.0",
    }
    fetch_json(new.site, "datasets/glass/1.0.0/advisories", "POST", advisory)
    return new


def test_the_filters_of_the_page_are_filters_of_the_api() -> None:
    text = (ROOT / "chalicelib/static/page/find_fields.js").read_text()
    names = re.findall(r'^(?:  \[|    )"(\w+)",(?: "[A-Z]|\n    "[A-Z])', text, re.MULTILINE)
    assert len(names) == 8
    assert FILTERS.keys() >= set(names)


def test_sub_runs_are_found_by_facts_and_saved(visit: Visits) -> None:
    new = visit()
    page = new.page
    schedule_run(new.site)
    new.go("#/sub-runs?elements=Al")
    expect(page.get_by_text("No sub-run whose files are read matches.")).to_be_visible()
    expect(page.get_by_text("The files of 15 sub-runs are not read yet")).to_be_visible()
    page.get_by_role("button", name="Read them now").click()
    expect(page.locator(".count")).to_have_text("15 sub-runs")
    page.get_by_label("Outcome", exact=True).select_option("SCF_NOT_CONVERGED")
    expect(page.locator(".count")).to_have_text("1 sub-run")
    page.get_by_label("Outcome", exact=True).select_option("DONE")
    page.get_by_label("Deformation", exact=True).select_option("tension")
    expect(page.locator(".count")).to_have_text("3 sub-runs")
    assert page.url.endswith("#/sub-runs?elements=Al&outcome=DONE&deformation=tension")
    page.reload()
    expect(page.locator(".count")).to_have_text("3 sub-runs")
    expect(page.get_by_label("download snippet", exact=True)).to_contain_text(
        "download --elements Al --outcome DONE --deformation tension -o data"
    )
    new.go("#/sub-runs?deformation=tension,reference")
    expect(page.locator(".count")).to_have_text("4 sub-runs")
    expect(page.get_by_label("Deformation", exact=True)).to_have_value("tension,reference")
    page.get_by_label("Deformation", exact=True).select_option("tension")
    expect(page.locator(".count")).to_have_text("3 sub-runs")
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(Path(saved.value.path()).read_text().splitlines()))
    assert [row["sub_run"] for row in rows] == ["7", "9", "11"]
    found = fetch_json(new.site, "sub-runs?deformation=tension")["sub_runs"]
    assert [float(row["energy_above_reference_ry"]) for row in rows] == [
        row["energy_above_reference_ry"] for row in found
    ]
    page.get_by_label("Iterations at most").fill("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No sub-run matches.")).to_be_visible()
    page.get_by_label("Elements", exact=True).fill("aluminium")
    page.keyboard.press("Enter")
    expect(page.get_by_text("query parameter elements 'aluminium' is invalid")).to_be_visible()
    assert len(new.console_errors) == 1  # the refused request


def test_more_sub_runs_than_a_page_are_loaded_on_request(visit: Visits) -> None:
    new = visit()
    page = new.page

    def respond(route: Route) -> None:
        following = "cursor=" in route.request.url
        row = {
            "nc": "Cu50Zr50",
            "sub_run": "0",
            "outcome": "DONE",
            "bond_labels": 80,
            "scf_iterations": 20,
            "total_energy_ry": -3682.5,
            "energy_above_reference_ry": None,
        }
        rows = [row | {"id_run": str(number)} for number in range(1, 3 if following else 201)]
        cursor = None if following else "next"
        route.fulfill(json={"sub_runs": rows, "unindexed": 0, "next_cursor": cursor})

    page.route(re.compile("/v1/sub-runs"), respond)
    new.go("#/sub-runs?nc=%24(id)")
    expect(page.get_by_label("download snippet", exact=True)).to_contain_text("--nc '$(id)' -o")
    expect(page.locator(".count")).to_have_text("The first 200 sub-runs")
    page.get_by_role("button", name="Load 200 more").click()
    expect(page.locator(".count")).to_have_text("202 sub-runs")
    expect(page.get_by_role("button", name="Load 200 more")).to_have_count(0)


def test_a_selection_is_frozen_and_the_version_is_shown(visit: Visits) -> None:
    new = visit()
    page = new.page
    schedule_run(new.site)
    new.go("#/take/Zr49Cu49Al2/21/0,Zr49Cu49Al2/21/8")
    page.get_by_text("Freeze as a dataset").click()
    page.get_by_role("button", name="Freeze").click()
    assert not [request for request in new.requests if request.method == "POST"]
    page.get_by_label("Name", exact=True).fill("glass")
    page.get_by_label("Title", exact=True).fill("Two <b>cells</b>")
    page.get_by_role("button", name="Freeze").click()
    page.get_by_role("link", name="glass 1.0.0").click()
    expect(page.get_by_role("heading", name="Two <b>cells</b> glass 1.0.0")).to_be_visible()
    keys = {
        request.headers["idempotency-key"] for request in new.requests if request.method == "POST"
    }
    assert len(keys) == 1
    [version] = fetch_json(new.site, "datasets/glass")["versions"]
    view = page.get_by_role("region", name="View")
    expect(view).to_contain_text(version["content_id"])
    expect(view).to_contain_text("2 sub-runs, 1 run, ")
    expect(page.get_by_label("dataops snippet", exact=True)).to_have_text(
        f"dataops --url {new.site.url} dataset pull glass@1.0.0 -o glass-1.0.0"
    )
    expect(page.get_by_label("bibtex snippet", exact=True)).to_contain_text("Two <b>cells</b>")
    page.get_by_label("Style").select_option("csl")
    expect(page.get_by_label("csl snippet", exact=True)).to_contain_text('"title"')
    manifest = page.context.request.get(
        page.get_by_role("link", name="manifest-sha256.txt").get_attribute("href") or ""
    )
    assert hashlib.sha256(manifest.body()).hexdigest() == version["content_id"]
    page.get_by_text("2 sub-runs", exact=True).click()
    expect(page.get_by_role("link", name="Zr49Cu49Al2/21/8")).to_be_visible()
    page.get_by_role("button", name="List the archives").click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Zr49Cu49Al2_21.zip").click()
    [archive] = fetch_json(new.site, "datasets/glass/1.0.0/download")["archives"]
    assert hashlib.sha256(saved.value.path().read_bytes()).hexdigest() == archive["sha256"]
    assert new.console_errors == []


def test_a_search_is_frozen_with_its_filters(visit: Visits) -> None:
    new = visit()
    page = new.page
    schedule_run(new.site)
    fetch_json(new.site, f"{RUN}/status")
    new.go("#/sub-runs?deformation=tension&labels_complete=true&bond_labels_min=80")
    page.get_by_text("Freeze as a dataset").click()
    page.get_by_label("Name", exact=True).fill("tension")
    page.get_by_label("Title", exact=True).fill("Tension")
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_role("link", name="tension 1.0.0")).to_be_visible()
    assert fetch_json(new.site, "datasets/tension/1.0.0/selection")["where"] == {
        "deformation": "tension",
        "labels_complete": True,
        "bond_labels_min": 80,
    }


def test_progress_and_errors_of_a_freeze_are_shown(visit: Visits) -> None:
    new = visit()
    page = new.page
    schedule_run(new.site)
    detail = "sub-run 'Zr49Cu49Al2/21/13' has no 'ICOHPLIST.lobster'; send allow_missing"
    responses: list[dict[str, Any]] = [
        {"status": 202, "json": {"status": "FREEZING", "runs_done": 0, "runs_total": None}},
        {"status": 202, "json": {"status": "FREEZING", "runs_done": 3, "runs_total": 50}},
        {"status": 409, "json": {"code": "incomplete_selection", "detail": detail}},
        {"status": 403, "json": {"code": "forbidden", "detail": "scope 'schedule' is missing"}},
    ]
    page.route("**/v1/datasets", lambda route: route.fulfill(**responses.pop(0)))
    page.clock.install()
    new.go("#/take/Zr49Cu49Al2/21")
    page.get_by_text("Freeze as a dataset").click()
    page.get_by_label("Name", exact=True).fill("glass")
    page.get_by_label("Title", exact=True).fill("Glasses")
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_role("progressbar", name="Runs frozen")).to_be_visible()
    page.clock.run_for(1_100)
    expect(page.get_by_text("3 of 50 runs frozen")).to_be_visible()
    page.clock.run_for(1_100)
    expect(page.get_by_text(detail)).to_be_visible()
    expect(page.get_by_text("3 of 50 runs frozen")).to_be_hidden()
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_text("The token does not allow this: scope 'schedule'")).to_be_visible()


def test_lists_and_addresses_lead_to_each_version(versions: Visit) -> None:
    page = versions.page
    versions.go()
    page.get_by_role("link", name="Datasets").click()
    row = page.get_by_role("row").filter(has_text="glass")
    expect(row).to_contain_text("2.0.0")
    row.get_by_role("link", name="glass").click()
    expect(page.get_by_role("rowheader")).to_have_text(["2.0.0 ", "1.0.0 withdrawn"])
    page.get_by_role("link", name="1.0.0", exact=True).click()
    banner = page.get_by_role("note").filter(has_text="Withdrawn:")
    expect(banner).to_contain_text("Wrong <b>pseudopotential</b>.")
    expect(banner).to_contain_text("Sub-runs: Zr49Cu49Al2/21/7.")
    expect(page.get_by_text("Two cells")).to_be_visible()
    banner.get_by_role("link", name="glass 2.0.0").click()
    expect(page.get_by_role("heading", name="Glasses glass 2.0.0")).to_be_visible()
    expect(page.get_by_role("note")).to_have_count(0)
    versions.go("#/datasets/glass/latest")
    expect(page.get_by_role("heading", name="Glasses glass 2.0.0")).to_be_visible()


def test_the_changes_between_two_versions_are_shown(versions: Visit) -> None:
    page = versions.page
    versions.go("#/datasets/glass/1.0.0")
    page.get_by_label("compared with version").select_option("2.0.0")
    expect(page.get_by_text("Files were removed or changed: results may differ.")).to_be_visible()
    assert page.url.endswith("#/datasets/glass/1.0.0/diff/2.0.0")
    diff = fetch_json(versions.site, "datasets/glass/1.0.0/diff/2.0.0")
    [found] = [one for one in diff["bonds"] if one["bond_type"] == "Zr-Cu"]
    row = page.get_by_role("row").filter(has_text="Zr-Cu")
    means = [found[f"mean_minus_icohp_ev_{when}"] for when in ("before", "after")]
    assert row.get_by_role("cell").all_text_contents() == [
        str(found["bonds_before"]),
        str(found["bonds_after"]),
        *(f"{mean:.4f}" for mean in means),
        f"{means[1] - means[0]:+.4f}".replace("-", "\u2212"),
    ]
    outcomes = page.get_by_role("region", name="Outcomes").get_by_role("row")
    expect(outcomes.filter(has_text="Zr49Cu49Al2/21/8")).to_contain_text("not in this version")
    for kind in ("added", "removed"):
        expect(page.get_by_text(f"{len(diff[kind])} files {kind}")).to_be_visible()
    page.get_by_label("to", exact=True).select_option("1.0.0")
    expect(page.get_by_text("The versions are the same.")).to_be_visible()
    assert versions.console_errors == []


def test_a_deleted_version_shows_its_reason_and_content_id(versions: Visit) -> None:
    page = versions.page
    content_id = fetch_json(versions.site, "datasets/glass/1.0.0")["content_id"]
    fetch_json(versions.site, "datasets/glass/1.0.0?reason=Frozen+by+mistake.", "DELETE")
    versions.go("#/datasets/glass")
    row = page.get_by_role("region", name="Deleted versions").get_by_role("row")
    row.filter(has_text="Frozen by mistake.").get_by_role("link", name="1.0.0").click()
    expect(page.get_by_role("alert").filter(has_text="Deleted:")).to_contain_text(
        "Frozen by mistake."
    )
    expect(page.get_by_role("region", name="View")).to_contain_text(content_id)
    versions.go("#/datasets/glass/3.0.0")
    expect(page.get_by_text("Dataset glass has no version 3.0.0.")).to_be_visible()
    assert versions.console_errors == []


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("#/datasets/nothing", "nothing"),
        ("#/datasets/nothing/1.0.0", "nothing"),
        ("#/datasets/NO", "NO"),
        ("#/datasets/a/1.0.0/diff", "This is not an address of a dataset."),
    ],
)
def test_a_dataset_that_does_not_exist_is_reported(
    visit: Visits, address: str, reason: str
) -> None:
    new = visit()
    new.go(address)
    alert = new.page.get_by_role("alert").filter(has_text="Not found")
    expect(alert).to_contain_text(reason)
    alert.get_by_role("link", name="All datasets").click()
    expect(new.page.get_by_text("There is none yet.")).to_be_visible()
