"""A door to an S3 store that checks presigned requests as AWS does.

moto takes any signature, expired or made up, so that tests of links prove nothing without this. The rules and codes are those of
"Authenticating Requests: Using Query Parameters (AWS Signature Version 4)" in the S3 documentation. Requests that are signed in a
header, as an SDK's are, pass as they come; those without any signature are refused.
"""

from __future__ import annotations

import hmac
import http.client
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_WEEK_SECONDS = 7 * 24 * 3600
_SKEW = timedelta(minutes=15)
_PATIENCE_SECONDS = 60
_HOP_HEADERS = {"connection", "transfer-encoding", "host", "keep-alive", "server", "date"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the store answers instead."""

    status: int
    code: str
    message: str


def refusal(
    method: str,
    target: str,
    headers: Mapping[str, str],
    *,
    secret_keys: Mapping[str, str],
    region: str,
    now: datetime,
) -> Refusal | None:
    """Why a request must be refused; None if it may pass. `target` is path and query as sent, header names are in lower case."""
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "AWSAccessKeyId" in query:
        return Refusal(
            400,
            "InvalidRequest",
            f"The authorization mechanism you have provided is not supported. Please use {_ALGORITHM}.",
        )
    if "X-Amz-Signature" not in query:
        return None if "authorization" in headers else Refusal(403, "AccessDenied", "Access Denied")
    if "authorization" in headers:
        return Refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
    try:
        algorithm = query["X-Amz-Algorithm"]
        access_key, day, its_region, service, _ = query["X-Amz-Credential"].split("/")
        signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        expires_in = int(query["X-Amz-Expires"])
        signed_names = query["X-Amz-SignedHeaders"].split(";")
    except (KeyError, ValueError) as error:
        return Refusal(
            400,
            "AuthorizationQueryParametersError",
            f"Query-string authentication parameters are not as they must be: {error}",
        )
    if (algorithm, its_region, service, day) != (_ALGORITHM, region, "s3", f"{signed_at:%Y%m%d}"):
        return Refusal(
            400,
            "AuthorizationQueryParametersError",
            f"The Credential parameter is wrong; expecting '{region}'",
        )
    if not 0 <= expires_in <= _WEEK_SECONDS:
        return Refusal(
            400,
            "AuthorizationQueryParametersError",
            "X-Amz-Expires must be less than a week (in seconds)",
        )
    if access_key not in secret_keys:
        return Refusal(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        )
    if signed_at > now + _SKEW:
        return Refusal(403, "AccessDenied", "Request is not valid yet")
    if signed_at + timedelta(seconds=expires_in) < now:
        return Refusal(403, "AccessDenied", "Request has expired")
    if any(name.startswith("x-amz-") and name not in signed_names for name in headers):
        return Refusal(
            403, "AccessDenied", "There were headers present in the request which were not signed"
        )
    signed = AWSRequest(
        method,
        f"http://{headers['host']}{parts.path}?{_without(parts.query, 'X-Amz-Signature')}",
        {name: headers.get(name, "") for name in signed_names},
    )
    signed.context["timestamp"] = query["X-Amz-Date"]
    signer = S3SigV4QueryAuth(Credentials(access_key, secret_keys[access_key]), "s3", region)
    expected = signer.signature(
        signer.string_to_sign(signed, signer.canonical_request(signed)), signed
    )
    if not hmac.compare_digest(expected, query["X-Amz-Signature"]):
        return Refusal(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
        )
    return None


class StrictS3:
    """The door, on a loopback port, as a context manager. What holds is passed on to `backend`, signed anew."""

    def __init__(self, backend: str, *, access_key: str, secret_key: str, region: str) -> None:
        self._backend, self._credentials, self._region = (
            backend,
            Credentials(access_key, secret_key),
            region,
        )
        self._ahead = timedelta()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def advance(self, seconds: float) -> None:
        """Put the store's clock forward (or, with a negative number, back)."""
        self._ahead += timedelta(seconds=seconds)

    def refusal(self, method: str, target: str, headers: Mapping[str, str]) -> Refusal | None:
        keys, now = (
            {self._credentials.access_key: self._credentials.secret_key},
            datetime.now(UTC) + self._ahead,
        )
        return refusal(method, target, headers, secret_keys=keys, region=self._region, now=now)

    @contextmanager
    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Iterator[http.client.HTTPResponse]:
        """The store's own answer, its body still to be read."""
        sent = {
            name: value
            for name, value in headers.items()
            if name not in _HOP_HEADERS or name == "host"
        }
        if "authorization" not in headers:
            target, sent = self._signed_anew(method, target, sent)
        connection = http.client.HTTPConnection(
            urlsplit(self._backend).netloc, timeout=_PATIENCE_SECONDS
        )
        try:
            connection.request(method, target, body or None, sent)
            yield connection.getresponse()
        finally:
            connection.close()

    def _signed_anew(
        self, method: str, target: str, headers: Mapping[str, str]
    ) -> tuple[str, dict[str, str]]:
        """For the backend's own address, which the signature that came does not cover."""
        parts = urlsplit(target)
        plain = "&".join(pair for pair in parts.query.split("&") if not pair.startswith("X-Amz-"))
        target = f"{parts.path}?{plain}" if plain else parts.path
        kept = {name: value for name, value in headers.items() if name != "host"}
        request = AWSRequest(method, f"{self._backend}{target}", kept)
        S3SigV4Auth(self._credentials, "s3", self._region).add_auth(request)
        return target, dict(request.headers.items())


@pytest.fixture
def strict_s3(aws_environment: dict[str, str]) -> Iterator[StrictS3]:
    """A strict door to the store of the tests: its `url` is what S3_PUBLIC_ENDPOINT is for.

    A test module takes it with `strict_s3 = presign.strict_s3`.
    """
    with StrictS3(
        aws_environment["AWS_ENDPOINT_URL_S3"],
        access_key=aws_environment["AWS_ACCESS_KEY_ID"],
        secret_key=aws_environment["AWS_SECRET_ACCESS_KEY"],
        region=aws_environment["AWS_DEFAULT_REGION"],
    ) as strict:
        yield strict


def _handler_of(strict: StrictS3) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _decide(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            refused = strict.refusal(self.command, self.path, headers)
            if refused:
                text = f"<?xml version='1.0'?><Error><Code>{refused.code}</Code><Message>{refused.message}</Message></Error>"
                self._send(
                    refused.status,
                    {"Content-Type": "application/xml", "Content-Length": str(len(text))},
                    [text.encode()],
                )
                return
            with strict.answer(self.command, self.path, headers, body) as answer:
                passed_on = {
                    name: value
                    for name, value in answer.getheaders()
                    if name.lower() not in _HOP_HEADERS
                }
                if answer.length is None:
                    passed_on["Connection"] = "close"  # which alone tells where the body ends
                self._send(answer.status, passed_on, iter(lambda: answer.read(1024 * 1024), b""))

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _decide

        def _send(self, status: int, headers: Mapping[str, str], chunks: Iterable[bytes]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                for chunk in chunks:
                    self.wfile.write(chunk)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    return Handler


def _without(query: str, name: str) -> str:
    return "&".join(pair for pair in query.split("&") if not pair.startswith(f"{name}="))
