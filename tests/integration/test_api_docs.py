"""The contract and its page as they are served.

Locally, under a stage prefix, and under a custom domain.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from app import app
from chalicelib.api.openapi_routes import build_document
from localdev.gateway_event import build_event
from scripts.vendor_swagger_ui import FILES, FOLDER
from tests.support.api import Api

MOUNTS = {"locally": "", "a stage": "/api", "a custom domain": "", "a base path": "/dataops/v1"}


def call(
    path: str, resource: str, prefix: str = "", variables: dict[str, str] | None = None
) -> dict[str, Any]:
    response: dict[str, Any] = app(
        build_event("GET", path, resource, variables, prefix=prefix), None
    )
    return response


@pytest.mark.parametrize("prefix", MOUNTS.values(), ids=MOUNTS)
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_address_in_the_page_is_a_route_of_the_service(prefix: str, slash: str) -> None:
    page = call(f"/docs{slash}", "/docs", prefix)
    assert page["statusCode"] == 200
    assert page["headers"]["Content-Type"] == "text/html; charset=utf-8"
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page["body"])
    assets = [address for address in addresses if not address.startswith("data:")]
    assert len(assets) == 4
    for address in assets:
        assert address.startswith(f"{prefix}/docs/")
        version, name = address.removeprefix(f"{prefix}/docs/").split("/")
        asset = call(
            f"/docs/{version}/{name}",
            "/docs/{version}/{name}",
            prefix,
            {"version": version, "name": name},
        )
        assert asset["statusCode"] == 200
        assert asset["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"
        assert (
            asset["headers"]["Content-Type"].split(";")[0]
            == {"js": "text/javascript", "css": "text/css"}[name.rpartition(".")[2]]
        )
        assert len(asset["body"].encode()) < 5_000_000


@pytest.mark.parametrize("prefix", MOUNTS.values(), ids=MOUNTS)
def test_the_document_names_the_server_that_it_came_from(prefix: str) -> None:
    response = call("/openapi.json", "/openapi.json", prefix)
    assert json.loads(response["body"]) == build_document(prefix or "/")
    assert json.loads(response["body"])["servers"][0]["url"] == (prefix or "/")
    assert response["headers"]["X-Request-ID"] == "gateway-request"


def test_the_page_takes_scripts_from_nowhere_else_and_names_no_other_host(api: Api) -> None:
    page = api.call("GET", "/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self'; " in policy
    assert b"http://" not in page.body
    assert b"https://" not in page.body
    assert "unsafe-inline" not in policy.split("style-src")[0]


@pytest.mark.parametrize(
    "name", ["../index.html", "..%2F..%2F__init__.py", "LICENSE", "nothing.js"]
)
def test_files_that_are_not_assets_are_not_served(api: Api, name: str) -> None:
    page = api.call("GET", "/docs").body.decode()
    version = re.findall(r"/docs/([0-9a-f]+)/", page)[0]
    response = api.call("GET", f"/docs/{version}/{name}")
    assert response.status_code in (403, 404)


def test_another_version_of_an_asset_is_not_there(api: Api) -> None:
    assert api.problem("GET", "/docs/000000000000/swagger-ui.css")["code"] == "not_found"


def test_swagger_ui_s_files_are_those_of_the_wheel() -> None:
    for name, sha256 in FILES.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == sha256
