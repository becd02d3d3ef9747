"""Every error is a problem document that names the cause and reveals nothing else."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.api.gateway_responses import build_gateway_responses, build_local_response
from chalicelib.api.logs import LOG, JsonLines
from chalicelib.usecases.run_queries import get_run
from tests.support.api import Api, serving

Z = "/v1/generate/Zr49Cu49Al2"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return the log lines of the service during the test."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    LOG.addHandler(handler)
    yield stream
    LOG.removeHandler(handler)


def lines_of(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", Z, "POST"),
        ("POST", f"{Z}/21/status", "GET"),
        ("PUT", "/health", "GET"),
        ("POST", "/v1/generate/available", "GET"),
    ],
)
def test_a_method_that_a_path_does_not_offer_is_405_and_names_those_it_does(
    api: Api, method: str, path: str, allow: str
) -> None:
    problem = api.problem(method, path)
    assert (problem["status"], problem["code"]) == (405, "method_not_allowed")
    assert problem["detail"] == f"method {method} is not allowed for {path!r}; allowed: {allow}"
    assert api.call(method, path).headers["Allow"] == allow


def test_head_has_no_body(api: Api) -> None:
    response = api.call("HEAD", "/health")
    assert (response.status_code, response.body) == (405, b"")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code", "detail"),
    [
        (
            b'{"count": 1' + b" " * 65536 + b"}",
            {},
            413,
            "request_too_large",
            "the request body has 65548 bytes; the limit is 65536",
        ),
        (
            b"count=1",
            {"Content-Type": "text/plain"},
            415,
            "unsupported_media_type",
            "the body is 'text/plain'; expected",
        ),
        (
            b"{",
            {"Content-Type": "application/json"},
            400,
            "malformed_request",
            "the body is not valid JSON",
        ),
        (b'{"count": NaN}', {}, 400, "malformed_request", "the body is not valid JSON"),
        (b"\xff", {}, 400, "malformed_request", "the body is not valid JSON"),
        (b"[" * 30_000, {}, 400, "malformed_request", "the body is nested too deeply"),
        (b"[]", {}, 422, "invalid_input", "expected a JSON object, received []"),
        (
            b'{"count": 0}',
            {},
            422,
            "invalid_input",
            "count 0 is invalid; expected an integer from 1",
        ),
        (
            b'{"count": 101}',
            {},
            422,
            "invalid_input",
            "count 101 is invalid; expected an integer from 1 to 100",
        ),
        (b'{"count": "3"}', {}, 422, "invalid_input", "count '3' is invalid; expected an integer"),
        (b'{"cuont": 3}', {}, 422, "invalid_input", "unknown field 'cuont'; expected 'count'"),
    ],
)
def test_a_bad_body_is_refused_and_nothing_is_scheduled(
    api: Api,
    store: Any,
    *,
    body: bytes,
    headers: dict[str, str],
    status: int,
    code: str,
    detail: str,
) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/a")
    problem = api.problem("POST", Z, body, headers=headers)
    assert (problem["status"], problem["code"]) == (status, code)
    assert detail in problem["detail"]
    assert problem["type"] == f"urn:dataops:problem:{code}"
    assert api.get("/v1/generate/available") == {}


@pytest.mark.parametrize("key", ["", "a b", "é", "k" * 256])
def test_a_bad_idempotency_key_is_refused(api: Api, key: str) -> None:
    problem = api.problem("POST", Z, headers={"Idempotency-Key": key})
    assert (problem["status"], problem["code"]) == (422, "invalid_input")
    assert "Idempotency-Key" in problem["detail"]


def test_an_unresponsive_store_is_503_with_retry_after(
    environment: dict[str, str],
) -> None:
    with serving(environment | {"RUN_TABLE": "no-such-table"}) as api:
        for method, path in (
            ("GET", "/health"),
            ("POST", f"{Z}/21/augment"),
            ("GET", "/v1/generate/available"),
        ):
            problem = api.problem(method, path)
            assert (problem["status"], problem["code"]) == (503, "unavailable")
            assert "ResourceNotFoundException" in problem["detail"]
            assert api.call(method, path).headers["Retry-After"] == "2"


def test_an_internal_error_reveals_only_the_request_id(
    api: Api, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("secret value")

    monkeypatch.setattr(bootstrap.services().runs, "get", broken)
    problem = api.problem("GET", f"{Z}/21/status")
    assert (problem["status"], problem["code"]) == (500, "internal_error")
    assert problem["detail"] == "unexpected server error; quote the request id when reporting it"
    failure, request = lines_of(log)
    assert failure["request_id"] == request["request_id"] == problem["request_id"]
    assert "secret value" in failure["exception"]
    assert get_run.__name__ in failure["exception"]
    assert (request["status"], request["code"], request["level"]) == (500, "internal_error", "INFO")


def test_a_request_is_one_line_in_the_log(api: Api, log: io.StringIO) -> None:
    response = api.call("GET", f"{Z}/21/status")
    (line,) = lines_of(log)
    assert line.pop("duration_ms") >= 0
    line.pop("_aws")  # of the stage `dev`, which the test client uses; see test_metrics
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO", "message": "request", "request_id": response.headers["X-Request-ID"], "method": "GET",
        "route": "/v1/generate/{nc}/{id_run}/status", "path": f"{Z}/21/status", "status": 404, "code": "not_found",
    }  # fmt: skip


def test_no_presigned_url_gets_into_the_log(api: Api, store: Any, log: io.StringIO) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/a")
    api.post(Z)
    link = api.get(f"{Z}/21/0/download")
    LOG.warning("could not follow %s", link["download_url"])
    assert "X-Amz-Signature=" in link["download_url"]
    signature = link["download_url"].split("X-Amz-Signature=")[1].split("&")[0]
    assert signature not in log.getvalue()
    assert "X-Amz-Signature=REDACTED" in log.getvalue()


def test_a_5xx_logs_its_detail_and_its_cause(environment: dict[str, str], log: io.StringIO) -> None:
    with serving(environment | {"DATA_BUCKET": "no-such-bucket-at-all"}) as api:
        problem = api.problem("GET", "/v1/compositions")
    assert problem["status"] == 503
    warning, _ = lines_of(log)
    assert (warning["level"], warning["request_id"], warning["detail"]) == (
        "WARNING",
        problem["request_id"],
        problem["detail"],
    )
    assert warning["cause"].startswith("ObjectStoreError: ")
    assert "<Code>NoSuchBucket</Code>" in warning["cause"]
    assert warning["route"] == "/v1/compositions"


@pytest.mark.parametrize("written", ["dataops_{}_{}", "dataops%5F{}%5F{}", "x-dataops_{}_{}"])
def test_the_secret_of_a_token_typed_into_a_path_is_not_logged(
    api: Api, log: io.StringIO, written: str
) -> None:
    identifier, secret = "abcdefgh2345", "S3cr-t_" * 6 + "x"
    api.call("GET", f"/v1/generate/{written.format(identifier, secret)}/21/status")
    LOG.warning("the name %r is wrong", written.format(identifier, secret))
    assert "S3cr-t" not in log.getvalue()
    assert log.getvalue().count(identifier) == 2


def test_responses_of_the_gateway_have_the_same_form() -> None:
    responses = build_gateway_responses("token")
    for name, response in responses.items():
        document = json.loads(response["responseTemplates"]["application/json"])
        assert document["type"] == f"urn:dataops:problem:{document['code']}", name
        assert document["request_id"] == "$context.requestId"
        assert set(document) == {"type", "title", "status", "detail", "code", "request_id"}
        assert response.get("statusCode") in (None, str(document["status"]))
        assert (
            response["responseParameters"]["gatewayresponse.header.Content-Type"]
            == "'application/problem+json'"
        )
    assert responses["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == "404"
    assert "statusCode" not in responses["DEFAULT_4XX"]
    for name in (
        "AUTHORIZER_FAILURE",
        "AUTHORIZER_CONFIGURATION_ERROR",
    ):  # the table did not respond: a retry may succeed
        assert responses[name]["statusCode"] == "503"
        assert "gatewayresponse.header.Retry-After" in responses[name]["responseParameters"]


def test_scripts_read_errors_of_the_gateway_if_origins_are_allowed() -> None:
    header = "gatewayresponse.header.Access-Control-Allow-Origin"
    for response in build_gateway_responses("token").values():
        assert header not in response["responseParameters"]
    for response in build_gateway_responses("token", allows_origins=True).values():
        assert response["responseParameters"][header] == "method.request.header.Origin"


def test_a_valid_signature_without_permission_is_403() -> None:
    assert build_gateway_responses("token")["ACCESS_DENIED"]["statusCode"] == "401"
    assert build_gateway_responses("iam")["ACCESS_DENIED"]["statusCode"] == "403"


@pytest.mark.parametrize(
    ("status", "error_type", "becomes", "code"),
    [
        (403, "UnauthorizedException", 404, "no_such_route"),
        (401, "UnauthorizedException", 401, "invalid_token"),
        (403, "AccessDeniedException", 401, "invalid_token"),
        (500, "AuthorizerConfigurationException", 503, "unavailable"),
        (500, "SomethingNew", 500, "internal_error"),
    ],
)
def test_the_local_server_sends_the_responses_of_the_gateway(
    status: int, error_type: str, becomes: int, code: str
) -> None:
    response = build_local_response(status, error_type, "the-request")
    assert response.status_code == becomes
    assert json.loads(response.body)["code"] == code
    assert (
        response.headers["X-Request-ID"] == json.loads(response.body)["request_id"] == "the-request"
    )
    assert ("Retry-After" in response.headers) is (becomes == 503)
