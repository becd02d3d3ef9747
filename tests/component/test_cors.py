"""Cross-origin requests: ALLOWED_ORIGINS."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from chalicelib.settings import SettingsError, allowed_origins
from tests.support.server import Server, server

APP = "https://app.example.org"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    with server({"ALLOWED_ORIGINS": f"{APP}, http://localhost:3000", "AUTH": "token"}) as running:
        yield running


def request(
    running: Server, method: str, path: str, headers: dict[str, str]
) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(*running.address, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        response.read()
        return response.status, {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/openapi.json", "/v1/compositions", "/nothing"])
def test_an_allowed_origin_can_read_every_response(guarded: Server, path: str) -> None:
    _, headers = request(guarded, "GET", path, {"Origin": APP})
    assert headers["access-control-allow-origin"] == APP
    assert "etag" in headers["access-control-expose-headers"].lower()
    assert headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("origin", ["https://evil.example.org", "null", f"{APP}.evil.org", None])
def test_other_origins_cannot(guarded: Server, origin: str | None) -> None:
    sent = {"Origin": origin} if origin else {}
    _, headers = request(guarded, "GET", "/openapi.json", sent)
    assert "access-control-allow-origin" not in headers
    assert headers["vary"] == "Origin"


def test_a_preflight_needs_no_token_and_names_methods_and_headers(guarded: Server) -> None:
    sent = {
        "Origin": APP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,idempotency-key",
    }
    status, headers = request(guarded, "OPTIONS", "/v1/generate/Zr49Cu49Al2", sent)
    assert (status, headers["access-control-allow-methods"]) == (204, "POST")
    allowed = headers["access-control-allow-headers"].lower()
    assert {"authorization", "content-type", "idempotency-key", "prefer", "if-none-match"} <= set(
        allowed.split(", ")
    )
    assert headers["access-control-allow-origin"] == APP


def test_a_preflight_of_another_origin_is_not_allowed_after_one_that_is(guarded: Server) -> None:
    path = "/v1/generate/Zr49Cu49Al2"
    _, first = request(guarded, "OPTIONS", path, {"Origin": APP})
    _, second = request(guarded, "OPTIONS", path, {"Origin": "https://evil.example.org"})
    assert first["access-control-allow-origin"] == APP
    assert "access-control-allow-origin" not in second
    assert first["x-request-id"] != second["x-request-id"]


def test_without_the_setting_no_origin_is_allowed() -> None:
    with server({}) as running:
        status, headers = request(running, "GET", "/openapi.json", {"Origin": APP})
        assert status == 200
        assert not {name for name in headers if name.startswith("access-control")}
        _, headers = request(running, "OPTIONS", "/v1/compositions", {"Origin": APP})
        assert "access-control-allow-origin" not in headers


def test_an_asterisk_allows_every_origin() -> None:
    with server({"ALLOWED_ORIGINS": "*"}) as running:
        _, headers = request(running, "GET", "/openapi.json", {"Origin": "https://any.org"})
    assert headers["access-control-allow-origin"] == "https://any.org"


@pytest.mark.parametrize(
    "value", ["app.example.org", "https://a.org/", "https://a.org/x", "ftp://a"]
)
def test_an_entry_that_is_not_an_origin_is_rejected_by_name(value: str) -> None:
    with pytest.raises(SettingsError, match=f"invalid ALLOWED_ORIGINS entry '{value}'"):
        allowed_origins({"ALLOWED_ORIGINS": value})
