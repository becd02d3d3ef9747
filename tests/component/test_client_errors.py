"""Messages of connection errors and of responses that are not from a DataOps API."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from dataops_client import (
    DataOpsClient,
    DataOpsError,
    InvalidRequest,
    NotFound,
    Unavailable,
    UnexpectedResponse,
)
from dataops_client.api import Api
from pytest_httpserver import HTTPServer

from tests.support.raw_server import RawServer, build_json_response, build_response, raw_server
from tests.support.tls import certificate_of_loopback

PAGE = b"<!DOCTYPE HTML>\n<html><body>Error code: 404</body></html>"


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server(lambda request: build_response(b"{}")) as running:
        yield running


def get_error(url: str) -> tuple[DataOpsError, list[float]]:
    """Return the error of a first request, and the delays before its repetitions."""
    waits: list[float] = []
    api = Api(url, None, "test", 20, sleep=waits.append)
    try:
        with pytest.raises(DataOpsError) as caught:
            api.get("/v1/compositions").json()
    finally:
        api.close()
    return caught.value, waits


def test_a_refused_connection_is_reported_at_once() -> None:
    error, waits = get_error("http://localhost:1")
    assert str(error) == (
        "nothing listens on http://localhost:1; start `make serve`, or set DATAOPS_URL or --url"
    )
    assert len(waits) == 1
    assert sum(waits) < 1


def test_an_unknown_host_is_reported_at_once() -> None:
    error, waits = get_error("http://nothing.invalid")
    assert isinstance(error, Unavailable)
    assert str(error) == (
        "host 'nothing.invalid' is unknown; check the URL (DATAOPS_URL or --url) and the network"
    )
    assert sum(waits) < 1


def test_an_api_that_responded_before_is_retried_longer() -> None:
    waits: list[float] = []
    with raw_server(lambda request: build_json_response({"compositions": []})) as server:
        api = Api(server.url, None, "test", 20, sleep=waits.append)
        api.get("/v1/compositions")
    with pytest.raises(Unavailable, match="nothing listens"):
        api.get("/v1/compositions")
    api.close()
    assert len(waits) == 5


def test_https_for_an_http_server_is_explained(httpserver: HTTPServer) -> None:
    plain = httpserver.url_for("").rstrip("/")
    url = plain.replace("http:", "https:")
    error, waits = get_error(url)
    assert str(error) == f"{url} does not use TLS; write http:// in the URL: {plain}"
    assert sum(waits) < 1


def test_an_untrusted_certificate_is_explained(tmp_path: Path) -> None:
    _, context = certificate_of_loopback(tmp_path)
    with raw_server(lambda request: b"", context) as server:
        error, waits = get_error(server.url)
    assert str(error).startswith(f"the certificate of {server.url} is not trusted (")
    assert "set SSL_CERT_FILE" in str(error)
    assert sum(waits) < 1


def test_http_for_an_https_server_is_explained(tmp_path: Path) -> None:
    _, context = certificate_of_loopback(tmp_path)
    assert isinstance(context, ssl.SSLContext)
    with raw_server(lambda request: b"", context) as server:
        error, _ = get_error(server.url.replace("https:", "http:"))
    assert "write https:// in the URL if the server uses https" in str(error)


def test_a_plain_request_to_an_https_port_of_nginx_is_explained(server: RawServer) -> None:
    page = b"<html><body>The plain HTTP request was sent to HTTPS port</body></html>"
    server.respond = lambda request: build_response(page, "400 Bad Request")
    error, _ = get_error(server.url)
    assert "the server uses https: write https:// in the URL" in str(error)


@pytest.mark.parametrize("status", ["404 Not Found", "200 OK", "400 Bad Request"])
def test_a_page_of_another_server_is_not_printed(server: RawServer, status: str) -> None:
    server.respond = lambda request: build_response(PAGE, status)
    error, _ = get_error(server.url)
    assert isinstance(error, UnexpectedResponse)
    assert "a page of HTML" in str(error)
    assert "check the URL" in str(error)
    assert "<" not in str(error)


def test_a_page_of_a_gateway_is_a_temporary_failure(server: RawServer) -> None:
    server.respond = lambda request: build_response(PAGE, "502 Bad Gateway")
    error, _ = get_error(server.url)
    assert isinstance(error, Unavailable)
    assert str(error).endswith("is a page of HTML, HTTP 502")


def test_errors_of_the_api_name_their_request_as_attributes(server: RawServer) -> None:
    body = {"detail": "run '9' is not scheduled", "code": "not_found", "request_id": "r1"}
    server.respond = lambda request: build_json_response(body, "404 Not Found")
    with DataOpsClient(server.url) as client, pytest.raises(NotFound) as caught:
        client.status("Al2", 9)
    error = caught.value
    assert str(error) == "run '9' is not scheduled"
    assert (error.status, error.code, error.request_id) == (404, "not_found", "r1")
    assert error.request == "GET /v1/generate/Al2/9/status"


@pytest.mark.parametrize("suffix", ["/v1", "/v1/", "/"])
def test_the_version_is_not_part_of_the_url(server: RawServer, suffix: str) -> None:
    server.respond = lambda request: build_json_response({"compositions": []})
    with DataOpsClient(server.url + suffix) as client:
        client.compositions()
    assert server.requests[0].target == "/v1/compositions"


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("localhost:8077", "write http:// or https:// before it, such as http://localhost:8077"),
        ("api.example/v1", "such as http://api.example/v1"),
        ("ftp://localhost", "use for example http://localhost:8000"),
    ],
)
def test_a_url_without_a_scheme_is_corrected(url: str, hint: str) -> None:
    with pytest.raises(InvalidRequest, match=f"invalid API URL '{url}'; .*{hint}"):
        DataOpsClient(url)


def test_requests_are_logged_without_the_token(
    server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.respond = lambda request: build_json_response({"compositions": []}, X_Request_ID="r7")
    with (
        caplog.at_level(logging.DEBUG, "dataops_client"),
        DataOpsClient(server.url, token="secret") as client,
    ):
        client.compositions()
    (message,) = [each.message for each in caplog.records if each.name == "dataops_client"]
    assert message.startswith("GET /v1/compositions: HTTP 200 in ")
    assert message.endswith(", 20 bytes, request id r7")
    assert "secret" not in caplog.text
