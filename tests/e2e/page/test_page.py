"""The page in use: scheduling, downloads, plots and snippets, with pointer, touch and keyboard."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Download, Locator, Page, Route, expect

from localdev.paths import ROOT
from tests.conftest import Aws
from tests.support.page import fetch_json

from .conftest import DESKTOP, PHONE, Serve, Visits

pytestmark = pytest.mark.self_contained

SUB_RUN_8 = ROOT / "data" / "Zr49Cu49Al2/c/md/lammps/100/21/2000/8"


ICOHPLIST = ROOT / "data" / "Zr50Cu40Al10/c/md/lammps/100/1/2000/0/ICOHPLIST.lobster"


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def row_of(table: Locator, sub_run: int) -> list[str]:
    """Return the cells of a table of quantities in the row of a sub-run."""
    row = table.get_by_role("row").filter(has_text=re.compile(rf"^{sub_run}: "))
    expect(row).to_be_visible()
    return row.get_by_role("cell").all_text_contents()


def schedule_and_augment(page: Page, composition: str = "Zr49Cu49Al2") -> None:
    page.get_by_role("link", name=composition, exact=True).click()
    page.get_by_role("button", name="Schedule next run").click()
    page.get_by_role("button", name="Augment: add the 14 deformed cells").click()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_new_user_schedules_augments_and_downloads_a_run(
    visit: Visits, viewport: dict[str, int]
) -> None:
    new = visit(viewport=viewport)
    page = new.page
    new.go()
    schedule_and_augment(page)
    # The jobs take a second: on a loaded machine they are done before the view is shown.
    expect(page.get_by_text("Deformed cells")).to_contain_text(re.compile("running|done"))
    expect(page.get_by_role("heading", name="Run 21 of Zr49Cu49Al2")).to_be_visible()
    cells = page.get_by_role("group", name="Sub-runs")
    expect(
        cells.get_by_role("link", name="sub-run 13 isotropic tension: SCF not converged")
    ).to_be_visible()
    cells.get_by_role("link", name="sub-run 8 compression x: done").click()
    expect(page.get_by_role("heading", name="Sub-run 8 compression x")).to_be_visible()
    expect(page.get_by_text("Deformed cells")).to_contain_text("done")

    bonds = fetch_json(new.site, "generate/Zr49Cu49Al2/21/8/bonds")["bonds"]
    plot = page.get_by_role("img", name=re.compile(rf"against distance of {len(bonds)} bonds"))
    expect(plot).to_be_visible()
    assert sum(
        marks.count("M")
        for marks in plot.locator("path.marks").evaluate_all(
            "all => all.map((one) => one.getAttribute('d'))"
        )
    ) == len(bonds)

    with page.expect_download() as saved:
        page.get_by_role("button", name="Download sub-run 8").click()
    link = fetch_json(new.site, "generate/Zr49Cu49Al2/21/8/download")
    assert saved.value.suggested_filename == "Zr49Cu49Al2_21_8.zip"
    assert hashlib.sha256(content(saved.value)).hexdigest() == link["sha256"]
    with page.expect_download() as saved:
        page.get_by_role("link", name="ICOHPLIST.lobster", exact=True).click()
    assert content(saved.value) == (SUB_RUN_8 / "ICOHPLIST.lobster").read_bytes()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the whole run").click()
    with zipfile.ZipFile(io.BytesIO(content(saved.value))) as archive:
        assert archive.testzip() is None
        assert archive.read("8/ICOHPLIST.lobster") == (SUB_RUN_8 / "ICOHPLIST.lobster").read_bytes()

    assert new.foreign_requests() == []
    assert new.console_errors == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
        "the page scrolls horizontally"
    )


def test_every_control_can_be_used_with_the_keyboard(visit: Visits) -> None:
    new = visit()
    page = new.page
    new.go("#Zr49Cu49Al2")

    def tab_to(name: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(document.activeElement.ariaLabel || document.activeElement.textContent).trim()"
            )
            if focused.startswith(name):
                return
        raise AssertionError(f"{name!r} cannot be reached with Tab")

    expect(page.get_by_text("No run is scheduled yet")).to_be_visible()
    tab_to("Schedule next run")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Run 21 of Zr49Cu49Al2")).to_be_focused()
    expect(page.get_by_role("heading", name=re.compile("files"))).to_be_visible()
    tab_to("Augment")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="sub-run 14 isotropic compression: done")).to_be_visible()
    tab_to("sub-run 1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name=re.compile("against distance"))).to_be_visible()
    tab_to("Bond, ordered by distance")
    page.keyboard.press("ArrowRight")
    second = sorted(
        fetch_json(new.site, "generate/Zr49Cu49Al2/21/1/bonds")["bonds"],
        key=lambda bond: bond["distance"],
    )[1]
    readout = page.locator(".bonds output")
    slider = page.get_by_role("slider", name="Bond, ordered by distance")
    expect(readout).to_contain_text(
        f"{second['label_a']}\u2013{second['label_b']}, {second['bond_type']}: "
        f"{second['distance']:.5f} Å"
    )
    assert slider.get_attribute("aria-valuetext") == readout.text_content()


def test_pointing_at_a_mark_shows_its_bond(visit: Visits) -> None:
    new = visit()
    fetch_json(new.site, "generate/Zr49Cu49Al2", "POST")
    new.go("#Zr49Cu49Al2/21/0")
    plot = new.page.get_by_role("img", name=re.compile("against distance"))
    tooltip = plot.locator(".tooltip")
    expect(tooltip).to_have_attribute("visibility", "hidden")
    plot.scroll_into_view_if_needed()
    mark = plot.locator("path.marks").first
    place = mark.evaluate("(path) => { const at = path.getPointAtLength(0), box = path.ownerSVGElement.getBoundingClientRect(); "
                          "return [box.left + at.x * box.width / 640, box.top + at.y * box.height / 380]; }")  # fmt: skip
    new.page.mouse.move(*place)
    expect(tooltip).to_have_attribute("visibility", "visible")
    expect(tooltip).to_contain_text(
        re.compile(r"[A-Z][a-z]\d+\u2013[A-Z][a-z]\d+ \(\w+-\w+\)\d\.\d{3} Å, \u2212?\d\.\d{3} eV")
    )


def test_quantities_are_plotted_for_the_sub_runs_that_have_them(visit: Visits) -> None:
    new = visit()
    fetch_json(new.site, "generate/Zr49Cu49Al2", "POST")
    fetch_json(new.site, "generate/Zr49Cu49Al2/21/augment", "POST")
    new.go("#Zr49Cu49Al2/21")
    means = {
        summary["bond_type"]: summary["mean_icohp"]
        for summary in fetch_json(new.site, "generate/Zr49Cu49Al2/21/8/bonds?limit=1")["bond_types"]
    }
    new.page.get_by_role("heading", name="Quantities by sub-run").scroll_into_view_if_needed()
    new.page.get_by_text("Mean bond strength: values").click()
    table = new.page.get_by_role("region", name="Mean bond strength: values").get_by_role("table")
    strengths = row_of(table, 8)
    kinds = table.get_by_role("columnheader").all_text_contents()[1:]
    shown = dict(zip(kinds, strengths, strict=True))
    assert {kind: text for kind, text in shown.items() if text != "none"} == {
        kind: f"{mean:.3f}" for kind, mean in means.items()
    }
    assert set(row_of(table, 13)) == {"none"}
    outcomes = fetch_json(new.site, "generate/Zr49Cu49Al2/21/status")["sub_run_outcomes"]
    new.page.get_by_text("SCF iterations: values").click()
    table = new.page.get_by_role("region", name="SCF iterations: values").get_by_role("table")
    for sub_run in range(15):
        assert row_of(table, sub_run) == [str(outcomes[str(sub_run)]["scf_iterations"])]


def test_the_snippets_download_the_archives(visit: Visits, serve: Serve, tmp_path: Path) -> None:
    # No job ends meanwhile, which would be announced as well.
    site = serve(JOB_RUN_TIME_SECONDS="3600")
    new = visit(site, permissions=["clipboard-read", "clipboard-write"])
    fetch_json(new.site, "generate/Zr50Cu40Al10", "POST")
    new.go("#Zr50Cu40Al10/1/0")
    here = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for title, path in (("The whole run", "1"), ("This sub-run", "1/0")):
        snippets = new.page.get_by_role("group").filter(has_text=f"{title} from a shell or Python")
        snippets.locator("summary").click()
        for name in ("curl", "dataops", "Python"):
            folder = tmp_path / path.replace("/", "_") / name
            folder.mkdir(parents=True)
            snippets.get_by_role("button", name=f"Copy the {name} snippet").click()
            expect(new.page.locator("#announcer")).to_have_text("Copied")
            text = new.page.evaluate("navigator.clipboard.readText()")
            command = [sys.executable, "-c", text] if name == "Python" else ["bash", "-c", text]
            subprocess.run(command, cwd=folder, env=here, check=True, capture_output=True)
            if name == "curl":
                [archive] = folder.iterdir()
                assert (
                    hashlib.sha256(archive.read_bytes()).hexdigest()
                    == fetch_json(new.site, f"generate/Zr50Cu40Al10/{path}/download")["sha256"]
                )
            else:
                assert (
                    folder / "data/Zr50Cu40Al10/1/0/ICOHPLIST.lobster"
                ).read_bytes() == ICOHPLIST.read_bytes()


def test_the_page_shows_that_a_large_archive_is_being_built(visit: Visits) -> None:
    new = visit()
    fetch_json(new.site, "generate/Zr50Cu40Al10", "POST")
    requests: list[str] = []

    def building(route: Route) -> None:
        requests.append(route.request.url)
        if len(requests) > 2:
            route.continue_()
        else:
            body = {
                "filename": "Zr50Cu40Al10_1.zip",
                "status": "BUILDING",
                "retry_after_seconds": 1,
            }
            route.fulfill(status=202, headers={"Retry-After": "1"}, json=body)

    new.page.route(re.compile(r"/Zr50Cu40Al10/1/download$"), building)
    new.go("#Zr50Cu40Al10/1")
    with new.page.expect_download() as saved:
        new.page.get_by_role("button", name="Download the whole run").click()
        expect(
            new.page.get_by_role("progressbar", name="Building Zr50Cu40Al10_1.zip")
        ).to_be_visible()
    assert saved.value.suggested_filename == "Zr50Cu40Al10_1.zip"
    assert len(requests) == 3
    expect(new.page.get_by_text("Saved as Zr50Cu40Al10_1.zip")).to_be_visible()


def test_errors_of_the_service_are_shown_next_to_the_button(visit: Visits) -> None:
    new = visit()
    fetch_json(new.site, "generate/Zr49Cu49Al2", "POST")
    new.go("#Zr49Cu49Al2")
    new.page.get_by_role("button", name="Schedule next run").click()
    expect(new.page.get_by_text("no run of 'Zr49Cu49Al2' is available")).to_be_visible()
    new.page.get_by_label("Go to run").fill("22")
    new.page.get_by_role("button", name="Go", exact=True).click()
    expect(new.page.get_by_text("run '22' of 'Zr49Cu49Al2' is not scheduled")).to_be_visible()


def test_a_thousand_runs_are_loaded_in_pages(visit: Visits, aws: Aws) -> None:
    new = visit()
    for id_run in range(1, 1001):
        item = {
            "pk": {"S": "RUN"},
            "sk": {"S": f"Cu50Zr50#{id_run:09d}"},
            "nc": {"S": "Cu50Zr50"},
            "id_run": {"N": str(id_run)},
            "sub_runs": {"NS": [str(sub_run) for sub_run in range(15)]},
            "run_scheduled_at": {"S": "2026-01-02T03:04:05+00:00"},
            "sub_runs_scheduled_at": {"S": "2026-01-02T03:04:05+00:00"},
            "claim_token": {"S": "test"},
        }
        aws.dynamodb.put_item(TableName=new.site.table, Item=item)  # type: ignore[arg-type]
    new.go("#Cu50Zr50")
    rows = new.page.locator("ol.runs > li")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("15 sub-runs no files")
    new.page.get_by_role("button", name="Show 50 more").click()
    expect(rows).to_have_count(100)
    expect(rows.last).to_contain_text("Run 100")
    new.page.get_by_label("Go to run").fill("777")
    new.page.keyboard.press("Enter")
    expect(new.page.get_by_role("heading", name="Run 777 of Cu50Zr50")).to_be_visible()
    status_requests = {request.url for request in new.requests if request.url.endswith("/status")}
    assert len(status_requests) < 50, "the status of runs out of view was requested"


def test_synthetic_data_are_marked_and_the_data_set_is_described(visit: Visits) -> None:
    new = visit()
    new.go()
    banner = new.page.get_by_role("complementary", name="Kind of data")
    expect(banner).to_have_text(
        "Synthetic data: generated by a program, not calculated. "
        "Do not use it for training, publications or comparisons."
    )
    compositions = new.page.get_by_role("region", name="Compositions")
    expect(compositions).to_contain_text("Sample of the DataOps API")
    expect(compositions.get_by_role("link", name="Apache-2.0")).to_have_attribute(
        "href", "https://spdx.org/licenses/Apache-2.0"
    )
    expect(compositions).to_contain_text("Not to be cited")
    assert new.console_errors == []


def test_real_data_have_no_banner_and_a_link_to_the_publication(visit: Visits) -> None:
    new = visit()
    fields = {
        "name": "<b>Glasses</b>",
        "license": None,
        "creators": None,
        "citation": "10.1103/x",
        "synthetic": None,
    }
    new.page.route("**/v1/dataset-info", lambda route: route.fulfill(json=fields))
    new.go()
    doi = new.page.get_by_role("link", name="doi:10.1103/x")
    expect(doi).to_have_attribute("href", "https://doi.org/10.1103/x")
    expect(new.page.get_by_text("<b>Glasses</b>")).to_be_visible()
    expect(new.page.get_by_role("complementary", name="Kind of data")).to_have_text("")
    assert "Licence" not in new.page.locator("#dataset").inner_text()


def test_a_running_run_shows_that_existing_files_can_be_downloaded(
    visit: Visits, serve: Serve
) -> None:
    new = visit(serve(JOB_RUN_TIME_SECONDS="3600"))
    fetch_json(new.site, "generate/Zr50Cu40Al10", "POST")
    new.go("#Zr50Cu40Al10/1/0")
    expect(new.page.get_by_text("Existing files can be downloaded now.")).to_be_visible()
    with new.page.expect_download():
        new.page.get_by_role("button", name="Download sub-run 0").click()


def test_skipped_files_are_listed_with_the_reason(visit: Visits) -> None:
    new = visit()
    skipped = [{"name": "aux.log", "reason": "a reserved name on Windows"}]

    def altered(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, json=response.json() | {"skipped": skipped})

    new.page.route(re.compile("/0/(manifest|download)$"), altered)
    fetch_json(new.site, "generate/Zr50Cu40Al10", "POST")
    new.go("#Zr50Cu40Al10/1/0")
    entry = new.page.get_by_role("listitem").filter(has_text="aux.log: a reserved name on Windows")
    expect(entry).to_have_count(1)
    with new.page.expect_download():
        new.page.get_by_role("button", name="Download sub-run 0").click()
    expect(entry).to_have_count(2)
