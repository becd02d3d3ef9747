"""Security of the page: markup in names, tokens, content security policy, failed requests."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Route, expect

from chalicelib.adapters.aws.token_repository import DynamoTokenRepository
from chalicelib.adapters.local.clock import SystemClock
from chalicelib.domain.tokens import Scope
from chalicelib.usecases.tokens import create_token
from tests.conftest import Aws
from tests.support.page import fetch_json

from .conftest import Serve, Visit, Visits

pytestmark = pytest.mark.self_contained

MARKUP = "<img src=x onerror=document.title='broken'>.txt"
ENTITIES = "&lt;img src=x onerror=document.title='broken'&gt;.txt"
FOLDER = "Cu50Zr50/c/md/lammps/100/7/2000/0/"


@pytest.fixture
def bucket_with_markup(aws: Aws, bucket: str) -> str:
    """Create a bucket with markup in every name that may contain it."""
    for key in (
        FOLDER + MARKUP,
        FOLDER + ENTITIES,
        FOLDER + "Cu50Zr50.scf.in",
        f"{MARKUP}/c/md/lammps/100/1/2000/0/a",
    ):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"content")
    return bucket


def test_names_with_markup_are_shown_as_text(
    visit: Visits, serve: Serve, bucket_with_markup: str
) -> None:
    new = visit(serve(bucket_with_markup))
    fetch_json(new.site, "generate/Cu50Zr50", "POST")
    new.go("#Cu50Zr50/7/0")
    expect(new.page.get_by_role("link", name=ENTITIES, exact=True)).to_be_visible()
    expect(
        new.page.get_by_role("listitem").filter(has_text=MARKUP)
    ).to_be_visible()  # no archive can hold it
    with new.page.expect_download() as saved:
        new.page.get_by_role("link", name=ENTITIES, exact=True).click()
    assert saved.value.path().read_bytes() == b"content"
    assert new.page.locator("img[src]").count() == 0
    assert "broken" not in new.page.title()
    new.go()
    expect(new.page.get_by_role("row").get_by_role("link")).to_have_text(["Cu50Zr50"])
    new.go(f"#{MARKUP}/{MARKUP}")
    expect(new.page.get_by_role("alert").filter(has_text=MARKUP)).to_contain_text("Not found")
    assert "broken" not in new.page.title()
    assert new.console_errors == []


@pytest.fixture
def guarded(visit: Visits) -> Iterator[tuple[Visit, list[str | None]]]:
    """Return a visit to a service that requires the token `right`, and the headers it received."""
    new = visit()
    received: list[str | None] = []

    def guard(route: Route) -> None:
        header = route.request.headers.get("authorization")
        received.append(header)
        if header == "Bearer right":
            route.continue_()
        else:
            route.fulfill(status=401, json={"message": "Unauthorized"})

    new.page.route(re.compile(r"/v1/"), guard)
    yield new, received


def test_a_required_token_is_requested_and_kept_for_the_tab_only(
    guarded: tuple[Visit, list[str | None]],
) -> None:
    new, received = guarded
    page = new.page
    new.go("#Zr50Cu40Al10")
    dialog = page.get_by_role("dialog", name="This service requires a token")
    expect(dialog).to_be_visible()
    page.get_by_label("Token", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.get_by_label("Token", exact=True).fill("right")
    page.get_by_role("button", name="Use this token").click()
    expect(page.get_by_text("No run is scheduled yet")).to_be_visible()
    assert set(received) == {None, "Bearer wrong", "Bearer right"}
    page.get_by_role("button", name="Schedule next run").click()
    with page.expect_download():
        page.get_by_role("button", name="Download sub-run 0").click()
    bucket_requests = [
        request for request in new.requests if request.url.startswith(new.site.s3_origin)
    ]
    assert bucket_requests
    assert all("authorization" not in request.headers for request in bucket_requests)
    assert page.evaluate("localStorage.length") == 0
    assert page.context.cookies() == []
    page.get_by_role("button", name="Token…").click()
    page.get_by_role("button", name="Remove token").click()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_page_works_with_a_service_that_requires_tokens(
    visit: Visits, serve: Serve, aws: Aws
) -> None:
    site = serve(AUTH="token")
    token, _ = create_token(
        Scope.SCHEDULE,
        "page",
        timedelta(days=1),
        tokens=DynamoTokenRepository(aws.dynamodb, site.table),
        clock=SystemClock(),
    )
    new = visit(site)
    new.go("#Zr50Cu40Al10")
    new.page.get_by_label("Token", exact=True).fill(token)
    new.page.keyboard.press("Enter")
    new.page.get_by_role("button", name="Schedule next run").click()
    with new.page.expect_download() as saved:
        new.page.get_by_role("button", name="Download sub-run 0").click()
    with zipfile.ZipFile(saved.value.path()) as archive:
        assert archive.testzip() is None
    new.page.get_by_role("button", name="Token…").click()
    new.page.get_by_role("button", name="Remove token").click()
    assert new.page.evaluate("sessionStorage.length") == 0


def test_a_401_of_an_earlier_request_does_not_open_the_dialog_again(
    guarded: tuple[Visit, list[str | None]],
) -> None:
    new, received = guarded
    page = new.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.headers.get("authorization") or held:
            route.fallback()
        else:
            held.append(route)

    page.route(re.compile(r"/v1/dataset-info$"), hold)
    new.go("#Zr50Cu40Al10")
    dialog = page.get_by_role("dialog", name="This service requires a token")
    expect(
        dialog
    ).to_be_visible()  # for the runs; the request for the data set is still in progress
    page.get_by_label("Token", exact=True).fill("right")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No run is scheduled yet")).to_be_visible()
    [route] = held
    route.fulfill(status=401, json={"message": "Unauthorized"})
    expect(page.locator("#dataset")).to_contain_text("Sample of the DataOps API")
    expect(dialog).to_be_hidden()
    assert set(received) == {None, "Bearer right"}


def test_a_cancelled_dialog_leaves_an_error_that_names_the_token(
    guarded: tuple[Visit, list[str | None]],
) -> None:
    new, _ = guarded
    new.go()
    new.page.get_by_role("button", name="Cancel").click()
    expect(new.page.get_by_role("alert")).to_contain_text("A token is required")


def test_the_content_security_policy_blocks_injected_scripts(visit: Visits) -> None:
    new = visit()
    new.go()
    expect(new.page.get_by_role("link", name="Zr49Cu49Al2")).to_be_visible()
    for attempt in (
        "document.body.append(Object.assign(document.createElement('p'), {innerHTML: '<b>x</b>'}))",
        "document.body.setAttribute('onclick', 'document.title = 1')",
        "document.head.append(Object.assign(document.createElement('script'), {textContent: "
        "'document.title = 1'}))",
    ):
        blocked = new.page.evaluate(
            f"(() => {{ try {{ {attempt}; return false }} catch {{ return true }} }})()"
        )
        new.page.mouse.click(5, 400)
        assert blocked or new.console_errors, attempt
    assert new.page.title() != "1"


def test_a_failed_status_request_is_repeated(visit: Visits) -> None:
    new = visit()
    fetch_json(new.site, "generate/Zr50Cu40Al10", "POST")
    new.page.clock.install()
    new.page.route(re.compile("/status$"), lambda route: route.abort())
    new.go("#Zr50Cu40Al10/1")
    expect(new.page.get_by_text("The service does not respond")).to_be_visible()
    new.page.unroute(re.compile("/status$"))
    new.page.clock.run_for(11_000)
    expect(new.page.get_by_role("link", name="sub-run 0 reference: done")).to_be_visible()


def test_a_row_redrawn_between_press_and_release_is_still_clicked(visit: Visits) -> None:
    new = visit()
    fetch_json(new.site, "generate/Zr50Cu40Al10", "POST")
    new.go("#Zr50Cu40Al10")
    cells = new.page.locator("ol.runs .cells")
    expect(cells).to_contain_text("sub-run 0 done")
    cells.hover()
    new.page.mouse.down()
    cells.evaluate(
        "(cells) => cells.replaceChildren(...[...cells.children].map((child) => "
        "child.cloneNode(true)))"
    )
    new.page.mouse.up()
    expect(new.page.get_by_role("heading", name="Run 1 of Zr50Cu40Al10")).to_be_visible()


def test_an_unreachable_service_is_reported(visit: Visits, serve: Serve) -> None:
    new = visit(serve(AWS_ENDPOINT_URL_S3="http://127.0.0.1:9"))
    new.page.route(re.compile("/v1/compositions"), lambda route: route.abort())
    new.go()
    expect(new.page.get_by_role("alert")).to_contain_text("The service does not respond")
    new.page.unroute(re.compile("/v1/compositions"))
    new.page.route(
        re.compile("/v1/compositions"),
        lambda route: route.fulfill(json={"compositions": ["Cu50Zr50"]}),
    )
    new.page.get_by_role("button", name="Try again").click()
    expect(new.page.get_by_role("link", name="Cu50Zr50")).to_be_visible()
