"""Screenshots of the web page for docs/images/, taken with Debian's Chromium on the sample data.

python -m scripts.take_screenshots [--data DIR]
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from playwright.sync_api import sync_playwright

from localdev.deployment import start_local_deployment
from localdev.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_IMAGES = ROOT / "docs" / "images"
Scheme = Literal["light", "dark"]
_WIDE, _PHONE = (1280, 860), (390, 844)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT / "data")
    data: Path = parser.parse_args().data
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is not installed; on Debian, run apt-get install chromium")
    with (
        start_local_deployment(data, job_run_time_seconds=0) as running,
        sync_playwright() as playwright,
    ):
        _fill(f"{running.api_url}/v1")
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        start = f"{running.api_url}/#/"
        compare = f"{start}compare/Zr49Cu49Al2/21/7,Zr49Cu49Al2/21/8?bond=Zr-Cu"
        run = f"{start}Zr49Cu49Al2/21/8"
        found = f"{start}sub-runs?elements=Al&outcome=DONE&deformation=shear,tension"
        dataset = f"{start}datasets/zr-cu-al/1.0.0"
        shots: tuple[tuple[str, str, tuple[int, int], Scheme, str], ...] = (
            (start, "page-start.png", _WIDE, "light", "body"),
            (start, "page-phone-start.png", _PHONE, "dark", "body"),
            (f"{start}Zr49Cu49Al2", "page-phone-runs.png", _PHONE, "light", "body"),
            (run, "page-run.png", _WIDE, "light", "body"),
            (run, "page-bonds.png", _WIDE, "light", ".bonds"),
            (run, "page-quantities.png", _WIDE, "dark", ".quantities"),
            (run, "page-phone.png", _PHONE, "dark", "body"),
            (found, "page-find.png", _WIDE, "light", "body"),
            (compare, "page-compare.png", _WIDE, "dark", "body"),
            (dataset, "page-dataset.png", _WIDE, "light", "body"),
            (f"{dataset}/diff/2.0.0", "page-phone-changes.png", _PHONE, "dark", "body"),
        )
        for address, name, size, scheme, part in shots:
            _take_screenshot(browser, address, name, size, scheme=scheme, part=part)
        browser.close()


def _fill(api: str) -> None:
    """Schedule the runs of the sample, and freeze two versions of a dataset."""
    for path in ("Zr49Cu49Al2", "Zr49Cu49Al2/21/augment", "Zr50Cu40Al10"):
        _post(f"{api}/generate/{path}", {})
    for run in ("Zr49Cu49Al2/21", "Zr50Cu40Al10/1"):  # reads the files
        urllib.request.urlopen(f"{api}/generate/{run}/status").close()
    for sub_runs in ("0-8", "0,7-12"):
        where = {"nc": "Zr49Cu49Al2", "outcome": "DONE", "sub_run": sub_runs}
        body = {"name": "zr-cu-al", "title": "Zr-Cu-Al glass, converged cells", "where": where}
        while "version" not in _post(f"{api}/datasets", body):
            time.sleep(1)
    advisory = {
        "kind": "superseded",
        "reason": "Compression was missing.",
        "superseded_by": "2.0.0",
    }
    _post(f"{api}/datasets/zr-cu-al/1.0.0/advisories", advisory)


def _post(url: str, body: dict[str, Any]) -> Any:
    """Return the JSON of the response."""
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(url, json.dumps(body).encode(), headers)
    ) as response:
        return json.load(response)


def _take_screenshot(
    browser: Browser,
    address: str,
    name: str,
    size: tuple[int, int],
    *,
    scheme: Scheme,
    part: str,
) -> None:
    """Save a screenshot of the loaded page, scrolled to `part`."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.locator(part).evaluate("(part) => part.scrollIntoView()")
    if part != "body":  # some plots are loaded when they are in view
        page.locator(f"{part} .pending").wait_for(state="detached")
    page.screenshot(path=_IMAGES / name)
    context.close()
    print(f"docs/images/{name}: {(_IMAGES / name).stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
