"""Every view: axe-core, narrow screens, zoom, dark colours, keyboard only, reduced motion."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from localdev.paths import ROOT
from tests.support.page import fetch_json

from .conftest import DESKTOP, HALF, PHONE, Site, Visit, Visits
from .test_datasets import freeze

pytestmark = pytest.mark.self_contained

_CUT_OFF = """() => {
  const width = document.documentElement.clientWidth;
  const shown = [...document.querySelectorAll("header *, main *, aside *, dialog[open] *")].filter(
    (one) => one.checkVisibility() && !one.closest(".visually-hidden, .scroll"));
  return [
    ...(document.documentElement.scrollWidth > innerWidth ? ["the page scrolls horizontally"] : []),
    ...shown.filter((one) => one.getBoundingClientRect().right > width + 1),
    ...shown.filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth &&
      getComputedStyle(one).overflowX === "hidden"),
  ].map((one) => one.outerHTML?.slice(0, 100) ?? one);
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    source = ROOT / ".local" / "axe" / "axe.min.js"
    if not source.exists():
        pytest.skip("axe-core is missing; run scripts/get_axe.sh (needs npm)")
    return source.read_text()


def violations(visit: Visit, axe: str) -> list[str]:
    # The debugger is not bound by the content security policy, which would block a script element.
    visit.page.evaluate(axe)
    found = visit.page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', "
        "'best-practice']})"
    )
    return [
        f"{violation['id']}: {node['html']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def fill_service(site: Site) -> None:
    for path in ("Zr49Cu49Al2", "Zr49Cu49Al2/21/augment"):
        fetch_json(site, f"generate/{path}", "POST")
    fetch_json(site, "generate/Zr49Cu49Al2/21/status")  # reads the files
    freeze(site, ["0", "7"])
    freeze(site, ["0", "8"])
    advisory = {"kind": "withdrawn", "reason": "Wrong pseudopotential."}
    fetch_json(site, "datasets/glass/1.0.0/advisories", "POST", advisory)


def open_details(page: Page) -> None:
    page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")


def show_sub_run(page: Page) -> None:
    expect(page.get_by_text("bonds of at least")).to_be_visible()
    page.get_by_role("heading", name="Quantities by sub-run").scroll_into_view_if_needed()
    expect(page.get_by_role("img", name=re.compile("Mean bond strength"))).to_be_visible()
    open_details(page)


def show_comparison(page: Page) -> None:
    page.get_by_role("button", name="Show the cells side by side").click()
    expect(page.locator(".cells-compared canvas")).to_have_count(2)


def show_token_dialog(page: Page) -> None:
    page.get_by_role("button", name="Token…").click()


def show_freeze_form(page: Page) -> None:
    page.get_by_text("Freeze as a dataset").click()
    expect(page.get_by_label("Title", exact=True)).to_be_visible()


def show_version(page: Page) -> None:
    page.get_by_role("button", name="List the archives").click()
    expect(page.get_by_role("link", name="Zr49Cu49Al2_21.zip")).to_be_visible()
    open_details(page)
    expect(page.get_by_role("link", name="Zr49Cu49Al2/21/7")).to_be_visible()


def shows(text: str) -> object:
    return lambda page: expect(page.get_by_text(text).first).to_be_visible()


VIEWS = {
    "#/?elements=Al&outcome=DONE": shows("14 done, 1 SCF not converged"),
    "#/Zr50Cu40Al10": shows("No run is scheduled yet"),
    "#/Zr49Cu49Al2": shows("Run 21"),
    "#/Zr49Cu49Al2/21/8": show_sub_run,
    "#/Zr49Cu49Al2/21/13": shows("has no ICOHPLIST.lobster"),
    "#/compare/Zr49Cu49Al2/21/7,Zr49Cu49Al2/21/8?bond=Zr-Cu": show_comparison,
    "#/take/Zr49Cu49Al2/21,Zr49Cu49Al2/21/8": shows("Contents"),
    "#/sub-runs?elements=Al&outcome=DONE": show_freeze_form,
    "#/datasets": shows("Glasses"),
    "#/datasets/glass": shows("withdrawn"),
    "#/datasets/glass/1.0.0": show_version,
    "#/datasets/glass/1.0.0/diff/2.0.0": shows("results may differ"),
    "#/datasets/nothing": shows("Not found"),
    "#/Fe2O3": shows("Not found"),
    "#/": show_token_dialog,
}


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark"), (HALF, "light")],
    ids=["desktop", "desktop-dark", "phone", "phone-dark", "zoom"],
)
def test_every_view_is_accessible_and_fits(
    visit: Visits, axe: str, viewport: dict[str, int], scheme: str
) -> None:
    new = visit(viewport=viewport, color_scheme=scheme)
    page = new.page
    page.route("**/v1/whoami", lambda route: route.fulfill(json={"auth": "token"}))
    fill_service(new.site)
    found = {}
    for address, prepare in VIEWS.items():
        new.go(address)
        prepare(page)  # type: ignore[operator]
        found[address] = violations(new, axe) + page.evaluate(_CUT_OFF)
    assert found == {address: [] for address in VIEWS}
    assert new.foreign_requests() == []


def test_nothing_moves_if_the_user_prefers_reduced_motion(visit: Visits) -> None:
    new = visit(reduced_motion="reduce")
    fill_service(new.site)
    for address, prepare in VIEWS.items():
        if prepare is show_token_dialog:
            continue
        new.go(address)
        prepare(new.page)  # type: ignore[operator]
        moving = new.page.evaluate(
            """() => [...document.querySelectorAll("*")].filter((one) => {
              const style = getComputedStyle(one);
              return parseFloat(style.transitionDuration) || style.animationName !== "none" ||
                style.scrollBehavior === "smooth";
            }).map((one) => one.outerHTML.slice(0, 100))"""
        )
        assert moving == [], address


def tab_to(page: Page, name: str, key: str | None = None) -> None:
    """Press Tab until the control `name` has the focus, then press `key`."""
    for _ in range(120):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(document.activeElement.ariaLabel || document.activeElement.labels?.[0]?.textContent "
            "|| document.activeElement.textContent).trim()"
        )
        if focused.startswith(name):
            if key:
                page.keyboard.press(key)
            return
    raise AssertionError(f"{name!r} cannot be reached with Tab")


def test_the_keyboard_finds_compares_and_downloads_sub_runs(visit: Visits) -> None:
    new = visit()
    page = new.page
    fill_service(new.site)
    new.go()
    expect(page.get_by_text("14 done, 1 SCF not converged")).to_be_visible()
    tab_to(page, "Al", "Space")
    expect(page.get_by_role("button", name="Al", exact=True)).to_be_focused()
    tab_to(page, "With sub-runs")
    page.keyboard.type("done")
    expect(page.get_by_text("1 of 2 compositions")).to_be_visible()
    tab_to(page, "Zr49Cu49Al2", "Enter")
    expect(page.get_by_text("14 sub-runs done")).to_be_attached()
    tab_to(page, "Run 21", "Enter")
    expect(page.get_by_role("heading", name="Run 21 of Zr49Cu49Al2")).to_be_focused()
    expect(page.get_by_text("bonds of at least")).to_be_visible()
    tab_to(page, "Select sub-run 7", "Space")
    tab_to(page, "Select sub-run 8", "Space")
    tab_to(page, "Compare selected", "Enter")
    expect(page.get_by_role("img", name=re.compile("bonds of 2 sub-runs"))).to_be_visible()
    tab_to(page, "Bonds")
    page.keyboard.type("Zr-Cu")
    expect(page.get_by_role("img", name=re.compile("Zr-Cu bonds of 2 sub-runs"))).to_be_visible()
    tab_to(page, "Zr49Cu49Al2/21/7 (", "Space")
    expect(page.locator(".plot .marks.off")).to_have_count(1)
    tab_to(page, "Show the cells side by side", "Enter")
    expect(page.locator(".cells-compared canvas")).to_have_count(2)
    tab_to(page, "Download selected", "Enter")
    expect(page.get_by_role("heading", name="Contents")).to_be_visible()
    with page.expect_download() as saved:
        tab_to(page, "CSV", "Enter")
    assert saved.value.suggested_filename == "selection.csv"
    with page.expect_download() as saved:
        tab_to(page, "Download Zr49Cu49Al2/21/7", "Enter")
    assert saved.value.suggested_filename == "Zr49Cu49Al2_21_7.zip"
    assert new.console_errors == []
