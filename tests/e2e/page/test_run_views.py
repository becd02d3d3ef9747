"""Run and sub-run views: energies, the cell in 3D, the calculation, previews of files."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from localdev.paths import ROOT
from tests.support.page import fetch_json

from .conftest import DESKTOP, PHONE, Site, Visit, Visits

pytestmark = pytest.mark.self_contained

SUB_RUN_8 = ROOT / "data" / "Zr49Cu49Al2/c/md/lammps/100/21/2000/8"
RY_IN_MEV = 13605.693122994


def open_run(visit: Visits, fragment: str, **options: object) -> Visit:
    new = visit(**options)
    schedule(new.site)
    new.go(fragment)
    return new


def schedule(site: Site) -> None:
    fetch_json(site, "generate/Zr49Cu49Al2", "POST")
    fetch_json(site, "generate/Zr49Cu49Al2/21/augment", "POST")


def test_energies_are_relative_to_sub_run_0_in_mev_per_atom(visit: Visits) -> None:
    new = open_run(visit, "#/Zr49Cu49Al2/21/0")
    expect(new.page.get_by_text("divided by the 12 atoms of its Zr49Cu49Al2.xyz")).to_be_visible()
    new.page.get_by_text("Energy: values", exact=True).click()
    table = new.page.get_by_role("region", name="Energy: values", exact=True)
    row = table.get_by_role("row").filter(has_text=re.compile("^8: compression x"))
    expect(row).to_be_visible()
    outcomes = fetch_json(new.site, "generate/Zr49Cu49Al2/21/status")["sub_run_outcomes"]
    reference, energy = (outcomes[sub_run]["total_energy_ry"] for sub_run in "08")
    assert row.get_by_role("cell").all_text_contents() == [
        f"{(energy - reference) * RY_IN_MEV / 12:.1f}",
        str(energy),
    ]
    assert new.console_errors == []


def test_no_plot_prints_a_label_over_its_ticks(visit: Visits) -> None:
    new = open_run(visit, "#/Zr49Cu49Al2/21/8", viewport=PHONE)
    new.page.get_by_role("heading", name="Quantities by sub-run").scroll_into_view_if_needed()
    expect(new.page.locator(".quantities .plot")).to_have_count(3)
    overlaps = new.page.locator(".plot").evaluate_all(
        """plots => plots.flatMap((plot) => {
          const boxes = [...plot.querySelectorAll(".frame text")].map((text) =>
            ({ text: text.textContent, box: text.getBoundingClientRect() }));
          const inside = plot.getBoundingClientRect();
          return boxes.flatMap((one, index) => [
            ...(one.box.width && (one.box.left < inside.left - 1 || one.box.right > inside.right + 1)
              ? [`${one.text} leaves the plot`] : []),
            ...boxes.slice(index + 1).filter(({ box }) =>
              box.width && one.box.width && one.box.left < box.right - 1 &&
              box.left < one.box.right - 1 && one.box.top < box.bottom - 3 &&
              box.top < one.box.bottom - 3).map(({ text }) => `${one.text} and ${text}`),
          ]);
        })"""
    )
    assert overlaps == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_cell_is_drawn_with_lattice_and_coordinates(
    visit: Visits, viewport: dict[str, int]
) -> None:
    new = open_run(visit, "#/Zr49Cu49Al2/21/8", viewport=viewport)
    page = new.page
    canvas = page.get_by_role("img", name="Cell with 12 atoms in 3D")
    expect(canvas).to_be_visible()
    panel = page.locator(".cell-panel")
    expect(panel).to_contain_text("4.746, 5.932, 5.932 Å")
    expect(panel).to_contain_text("8.871 g/cm³")
    page.get_by_text("Coordinates", exact=True).click()
    coordinates = page.get_by_role("region", name="Coordinates").get_by_role("row")
    expect(coordinates).to_have_count(13)
    expect(coordinates.nth(1)).to_have_text("Zr14.42760.21123.0866")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert new.console_errors == []


def test_the_keyboard_turns_zooms_and_resets_the_cell(visit: Visits) -> None:
    new = open_run(visit, "#/Zr49Cu49Al2/21/8", reduced_motion="reduce")
    canvas = new.page.get_by_role("img", name="Cell with 12 atoms in 3D")
    expect(new.page.get_by_text("bonds of at least")).to_be_visible()
    canvas.focus()

    def picture_after(key: str | None) -> str:
        if key:
            new.page.keyboard.press(key)
        new.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        picture: str = canvas.evaluate("(canvas) => canvas.toDataURL()")
        return picture

    pictures = [picture_after(key) for key in (None, "ArrowLeft", "ArrowUp", "+", "0")]
    assert len(set(pictures[:4])) == 4
    assert pictures[4] == pictures[0]


def test_a_bond_is_selected_in_the_plot_and_in_the_cell(visit: Visits) -> None:
    new = open_run(visit, "#/Zr49Cu49Al2/21/8")
    page = new.page
    canvas = page.get_by_role("img", name="Cell with 12 atoms in 3D")
    expect(page.get_by_text("bonds of at least")).to_be_visible()
    before = canvas.evaluate("(canvas) => canvas.toDataURL()")
    slider = page.get_by_role("slider", name="Bond, ordered by distance")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before",
        arg=[canvas.element_handle(), before],
    )
    # The first bond that a click on the canvas meets is shown by the plot.
    canvas.scroll_into_view_if_needed()
    readout = page.locator(".bonds output")
    shown = readout.text_content()
    box = canvas.bounding_box()
    assert box is not None
    for step in range(10, 90):
        page.mouse.click(box["x"] + box["width"] * step / 100, box["y"] + box["height"] / 2)
        if readout.text_content() != shown:
            break
    expect(readout).to_have_text(re.compile(r"[A-Z][a-z]\d+\u2013[A-Z][a-z]\d+, .* eV"))
    assert readout.text_content() != shown


def test_scf_convergence_and_provenance_are_read_from_the_files(visit: Visits) -> None:
    new = open_run(visit, "#/Zr49Cu49Al2/21/8")
    page = new.page
    expect(page.get_by_role("img", name="SCF convergence")).to_be_visible()
    page.get_by_text("SCF convergence: values").click()
    rows = page.get_by_role("region", name="SCF convergence: values").get_by_role("row")
    expect(rows).to_have_count(23)
    accuracies = re.findall(
        r"estimated scf accuracy +< +(\S+)", (SUB_RUN_8 / "Zr49Cu49Al2.scf.out").read_text()
    )
    shown = [row.get_by_role("cell").nth(0).text_content() or "" for row in rows.all()[1:]]
    assert [float(text.replace("\u2212", "-")) for text in shown] == [
        float(text) for text in accuracies
    ]
    calculation = page.locator(".calculation")
    expect(calculation).to_contain_text("v.6.2 (synthetic sample, no calculation)")
    expect(calculation).to_contain_text("70 Ry")
    expect(calculation).to_contain_text("Zr.sample-1.0.0.UPF")
    expect(calculation).to_contain_text("soap cutoff=3.75")


def test_the_text_of_a_file_is_previewed(visit: Visits) -> None:
    new = open_run(visit, "#/Zr49Cu49Al2/21/8")
    page = new.page
    preview = page.get_by_role("button", name="Preview lobsterin", exact=True)
    preview.click()
    dialog = page.get_by_role("dialog", name="lobsterin")
    expect(dialog).to_contain_text("cohpGenerator from 1.80 to 4.20")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(preview).to_be_focused()
    assert new.console_errors == []


def test_a_sub_run_without_bonds_shows_its_cell(visit: Visits) -> None:
    new = open_run(visit, "#/Zr49Cu49Al2/21/13")
    expect(new.page.get_by_text("This sub-run has no ICOHPLIST.lobster")).to_be_visible()
    expect(new.page.get_by_role("img", name="Cell with 12 atoms in 3D")).to_be_visible()
    assert new.console_errors == []
