"""Fixtures of the page tests: Debian's Chromium, and an API process that serves the sample data."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Request,
    expect,
    sync_playwright,
)

from localdev.aws_environment import environment_without_aws
from localdev.child_process import start_child_process
from localdev.paths import ROOT
from server.provision import create_bucket, load_data
from tests.conftest import Aws

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
HALF = {"width": 640, "height": 400}
"""What a zoom of 200 % leaves of the desktop."""


@dataclass(frozen=True, slots=True)
class Site:
    """A served API: its origin, the origin of its bucket, and the names of bucket and table."""

    url: str
    s3_origin: str
    bucket: str
    table: str


@dataclass
class Visit:
    """A browser window, with the requests it sent and the errors and warnings it logged."""

    site: Site
    context: BrowserContext
    page: Page
    requests: list[Request] = field(default_factory=list)
    console_errors: list[str] = field(default_factory=list)

    def go(self, path: str = "") -> None:
        self.page.goto("about:blank")  # otherwise a new fragment does not reload the page
        self.page.goto(f"{self.site.url}/{path}")

    def record_request(self, request: Request) -> None:
        self.requests.append(request)

    def record_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.console_errors.append(message.text)

    def record_error(self, error: Error) -> None:
        self.console_errors.append(str(error))

    def foreign_requests(self) -> list[str]:
        """Return the URLs of requests that went neither to the API nor to the bucket."""
        own = ("about:", "data:", "blob:", f"{self.site.url}/", f"{self.site.s3_origin}/")
        return [request.url for request in self.requests if not request.url.startswith(own)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is missing; on Debian: apt-get install chromium")
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def sample_bucket(aws: Aws) -> Iterator[str]:
    """Create a data bucket that contains the sample data."""
    name = f"dataops-test-{uuid.uuid4().hex}"
    create_bucket(aws.s3, name)
    load_data(aws.s3, name, ROOT / "data")
    yield name
    for page in aws.s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for stored in page.get("Contents", []):
            aws.s3.delete_object(Bucket=name, Key=stored["Key"])
    aws.s3.delete_bucket(Bucket=name)


Serve = Callable[..., Site]


@pytest.fixture
def serve(aws_environment: dict[str, str], sample_bucket: str, table: str) -> Iterator[Serve]:
    """Start an API with the given settings, on a bucket (default.

    The sample data) and an empty table.
    """
    served = []

    def start(bucket: str = sample_bucket, **settings: str) -> Site:
        names = {"DATA_BUCKET": bucket, "RUN_TABLE": table, "JOB_RUN_TIME_SECONDS": "1"}
        process = start_child_process(
            "localdev.api_server",
            "--port",
            "0",
            environment=environment_without_aws() | aws_environment | names | settings,
        )
        url = process.__enter__()
        served.append(process)
        s3 = urlsplit(aws_environment["AWS_ENDPOINT_URL_S3"])
        return Site(url, f"{s3.scheme}://{s3.netloc}", bucket, table)

    yield start
    for process in served:
        process.__exit__(None, None, None)


@pytest.fixture
def visit(browser: Browser, serve: Serve) -> Iterator[Callable[..., Visit]]:
    """Open a browser window on a site, which is started if none is given."""
    contexts = []

    def open_window(site: Site | None = None, **options: Any) -> Visit:
        context = browser.new_context(**{"viewport": DESKTOP, "accept_downloads": True, **options})
        contexts.append(context)
        context.set_default_timeout(20_000)
        visit = Visit(site or serve(), context, context.new_page())
        context.on("request", visit.record_request)
        visit.page.on("console", visit.record_message)
        visit.page.on("pageerror", visit.record_error)
        return visit

    yield open_window
    for context in contexts:
        context.close()


Visits = Callable[..., Visit]
