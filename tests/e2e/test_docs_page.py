"""Swagger UI at /docs in Debian's Chromium: open it, expand an operation, and try it out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from localdev.child_process import start_child_process
from localdev.paths import ROOT
from tests.conftest import Aws
from tests.support.api import serving
from tests.support.api_gateway import gateway_of_app, serve_gateway

CHROMIUM = shutil.which("chromium")
PICTURE = ROOT / "docs" / "images" / "swagger-ui.png"

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is missing; on Debian: apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)  # a loaded machine is slow
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def environment(
    aws: Aws, aws_environment: dict[str, str], bucket: str, table: str
) -> dict[str, str]:
    aws.s3.put_object(
        Bucket=bucket, Key="Zr49Cu49Al2/c/md/lammps/100/21/2000/0/Zr49Cu49Al2.scf.in", Body=b"input"
    )
    return {**aws_environment, "RUN_TABLE": table, "DATA_BUCKET": bucket}


@pytest.fixture(params=["locally", "/api", "/dataops/v1"])
def base_url(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[str]:
    """Return the URL of the service: a process, or an app behind a gateway with a prefix."""
    if request.param == "locally":
        with start_child_process(
            "localdev.api_server",
            "--port",
            "0",
            environment={**os.environ, **environment},
        ) as url:
            yield url
    else:
        gateway = gateway_of_app(request.param.strip("/"))
        with serving(environment), serve_gateway(gateway) as url:
            yield url


def try_out(page: Page, operation: str, **parameters: str) -> Any:
    """Expand an operation, fill in its parameters and execute it. Return the response element."""
    block = page.locator(f"[id^=operations-][id$='-{operation}']")
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    for name, value in parameters.items():
        block.locator(f"tr[data-param-name='{name}'] input").fill(value)
    block.get_by_role("button", name="Execute").click()
    return block.locator(".live-responses-table .response")


def test_swagger_ui_executes_operations_and_contacts_no_other_host(
    browser: Browser, base_url: str, tmp_path: Path
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 1600})
    console_errors: list[str] = []
    requested: list[str] = []
    page.on(
        "console",
        lambda message: (
            console_errors.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: console_errors.append(str(error)))
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"{base_url}/docs")
    expect(page.locator(".info .title")).to_contain_text("DataOps API")

    scheduled = try_out(page, "schedule_run", nc="Zr49Cu49Al2")
    expect(scheduled.locator(".response-col_status")).to_have_text("200")
    expect(scheduled.locator(".highlight-code").first).to_contain_text('"id_run": "21"')
    status = try_out(page, "status", nc="Zr49Cu49Al2", id_run="21")
    expect(status.locator(".highlight-code").first).to_contain_text('"run_status": "RUNNING"')

    assert console_errors == []
    assert {url.split("/")[2] for url in requested if not url.startswith("data:")} == {
        base_url.split("/")[2]
    }
    page.locator("[id$='-schedule_run'] .opblock-summary").click()
    page.mouse.move(0, 0)
    page.evaluate("window.scrollTo(0, 0)")
    picture = tmp_path / "docs.png"
    page.screenshot(path=picture)
    assert picture.stat().st_size > 20_000
    if os.environ.get("UPDATE_IMAGES"):
        PICTURE.parent.mkdir(exist_ok=True)
        shutil.copy(picture, PICTURE)
    page.close()
