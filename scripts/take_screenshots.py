"""Screenshots of the web page for docs/images/, taken with Debian's Chromium on the sample data.

python -m scripts.take_screenshots [--data DIR]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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
        generate = f"{running.api_url}/v1/generate"
        for path in ("Zr49Cu49Al2", "Zr49Cu49Al2/21/augment", "Zr50Cu40Al10"):
            request = urllib.request.Request(f"{generate}/{path}", method="POST")
            urllib.request.urlopen(request).close()
        for run in ("Zr49Cu49Al2/21", "Zr50Cu40Al10/1"):  # reads the files
            urllib.request.urlopen(f"{generate}/{run}/status").close()
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        start = f"{running.api_url}/#/"
        _take_screenshot(browser, start, "page-start.png", _WIDE)
        _take_screenshot(browser, start, "page-phone-start.png", _PHONE, scheme="dark")
        compare = f"{start}compare/Zr49Cu49Al2/21/7,Zr49Cu49Al2/21/8?bond=Zr-Cu"
        _take_screenshot(browser, compare, "page-compare.png", _WIDE, scheme="dark")
        run = f"{start}Zr49Cu49Al2/21/8"
        _take_screenshot(browser, run, "page-run.png", _WIDE)
        _take_screenshot(browser, run, "page-bonds.png", _WIDE, part=".bonds")
        _take_screenshot(
            browser, run, "page-quantities.png", _WIDE, scheme="dark", part=".quantities"
        )
        _take_screenshot(browser, f"{start}Zr49Cu49Al2", "page-phone-runs.png", _PHONE)
        _take_screenshot(browser, run, "page-phone.png", _PHONE, scheme="dark")
        browser.close()


def _take_screenshot(
    browser: Browser,
    address: str,
    name: str,
    size: tuple[int, int],
    *,
    scheme: Scheme = "light",
    part: str = "body",
) -> None:
    """Save a screenshot of the loaded page, scrolled to `part`."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.locator(part).evaluate("(part) => part.scrollIntoView()")
    page.screenshot(path=_IMAGES / name)
    context.close()
    print(f"docs/images/{name}: {(_IMAGES / name).stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
