"""Swagger UI on a stage with AUTH=token.

Refused at first, let in once a token was given behind "Authorize".
"""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest
from playwright.sync_api import expect, sync_playwright

from chalicelib.adapters.aws.token_repository import DynamoTokenRepository
from chalicelib.adapters.local.clock import SystemClock
from chalicelib.domain.tokens import Scope
from chalicelib.usecases.tokens import create_token
from tests.conftest import Aws
from tests.e2e.conftest import SampleStack

CHROMIUM = shutil.which("chromium")


@pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not there: on Debian, apt-get install chromium"
)
def test_authorize_adds_the_token_to_requests(
    aws: Aws, sample_stack: SampleStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH", "token")
    with sample_stack() as running, sync_playwright() as playwright:
        table = DynamoTokenRepository(aws.dynamodb, running.environment["RUN_TABLE"])
        token, _ = create_token(
            Scope.READ, "test", timedelta(days=1), tokens=table, clock=SystemClock()
        )
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1600})
        page.goto(f"{running.api_url}/docs")
        block = page.locator("[id^=operations-][id$='-compositions']")
        block.locator(".opblock-summary").click()
        block.get_by_role("button", name="Try it out").click()
        status = block.locator(".live-responses-table .response .response-col_status")

        block.get_by_role("button", name="Execute").click()
        expect(status).to_have_text("401")

        page.locator(".scheme-container").get_by_role("button", name="Authorize").click()
        page.locator(".modal-ux input").fill(token)
        page.locator(".modal-ux").get_by_role("button", name="Apply credentials").click()
        page.locator(".modal-ux").get_by_role("button", name="Close").click()
        block.get_by_role("button", name="Execute").click()
        expect(status).to_have_text("200")
        browser.close()
