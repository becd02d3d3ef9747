"""A proxy before an S3 store that checks presigned requests as AWS does.

moto accepts any signature, even expired or forged ones, so tests of links would prove nothing
without this. The rules and codes are those of "Authenticating Requests: Using Query Parameters (AWS
Signature Version 4)" in the S3 documentation. Requests that are signed in a header, as an SDK's
are, pass unchanged; those without a signature are refused.
"""

from __future__ import annotations

import hmac
import http.client
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.http_server import RawHandler, serve_raw

_ALGORITHM = "AWS4-HMAC-SHA256"
_WEEK_SECONDS = 7 * 24 * 3600
_SKEW = timedelta(minutes=15)
_TIMEOUT_SECONDS = 60
_HOP_HEADERS = {"connection", "transfer-encoding", "host", "keep-alive", "server", "date"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error response of the store."""

    status: int
    code: str
    message: str


def find_refusal(
    method: str,
    target: str,
    headers: Mapping[str, str],
    *,
    secret_keys: Mapping[str, str],
    region: str,
    now: datetime,
) -> Refusal | None:
    """Return the refusal of a request, or None if it is valid.

    `target` is path and query as sent, header names are in lower case.
    """
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "AWSAccessKeyId" in query:
        return Refusal(
            400,
            "InvalidRequest",
            "The authorization mechanism you have provided is not supported. Please use "
            f"{_ALGORITHM}.",
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


class StrictS3Proxy:
    """The state of the proxy: its backend, the credentials that it accepts, and its clock."""

    def __init__(self, backend: str, *, access_key: str, secret_key: str, region: str) -> None:
        self.url = ""
        self._backend, self._region = backend, region
        self._credentials = Credentials(access_key, secret_key)
        self._ahead = timedelta()

    @property
    def port(self) -> int | None:
        return urlsplit(self.url).port

    def advance(self, seconds: float) -> None:
        """Put the clock forward (or, with a negative number, back)."""
        self._ahead += timedelta(seconds=seconds)

    def find_refusal(self, method: str, target: str, headers: Mapping[str, str]) -> Refusal | None:
        """Return the refusal of a request at the time of the proxy's clock."""
        return find_refusal(
            method,
            target,
            headers,
            secret_keys={self._credentials.access_key: self._credentials.secret_key},
            region=self._region,
            now=datetime.now(UTC) + self._ahead,
        )

    @contextmanager
    def forward(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a valid request to the backend and yield its response before the body is read."""
        sent = {
            name: value
            for name, value in headers.items()
            if name not in _HOP_HEADERS or name == "host"
        }
        if "authorization" not in headers:
            target, sent = self._sign_for_backend(method, target, sent)
        connection = http.client.HTTPConnection(
            urlsplit(self._backend).netloc, timeout=_TIMEOUT_SECONDS
        )
        try:
            connection.request(method, target, body or None, sent)
            yield connection.getresponse()
        finally:
            connection.close()

    def _sign_for_backend(
        self, method: str, target: str, headers: Mapping[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Sign the request in a header.

        The query's signature does not cover the backend's address.
        """
        parts = urlsplit(target)
        plain = "&".join(pair for pair in parts.query.split("&") if not pair.startswith("X-Amz-"))
        target = f"{parts.path}?{plain}" if plain else parts.path
        kept = {name: value for name, value in headers.items() if name != "host"}
        request = AWSRequest(method, f"{self._backend}{target}", kept)
        S3SigV4Auth(self._credentials, "s3", self._region).add_auth(request)
        return target, dict(request.headers.items())


@pytest.fixture
def strict_s3(aws_environment: dict[str, str]) -> Iterator[StrictS3Proxy]:
    """Serve a proxy in front of the store of the tests; its URL is for S3_PUBLIC_ENDPOINT."""
    proxy = StrictS3Proxy(
        aws_environment["AWS_ENDPOINT_URL_S3"],
        access_key=aws_environment["AWS_ACCESS_KEY_ID"],
        secret_key=aws_environment["AWS_SECRET_ACCESS_KEY"],
        region=aws_environment["AWS_DEFAULT_REGION"],
    )
    with serve_raw(_handler_of(proxy)) as proxy.url:
        yield proxy


def _handler_of(proxy: StrictS3Proxy) -> type[RawHandler]:
    class Handler(RawHandler):
        def _handle(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            if refusal := proxy.find_refusal(self.command, self.path, headers):
                text = f"<?xml version='1.0'?><Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
                own_headers = {"Content-Type": "application/xml", "Content-Length": str(len(text))}
                self._send(refusal.status, own_headers, [text.encode()])
                return
            with proxy.forward(self.command, self.path, headers, body) as response:
                forwarded = {
                    name: value
                    for name, value in response.getheaders()
                    if name.lower() not in _HOP_HEADERS
                }
                if response.length is None:
                    forwarded["Connection"] = "close"  # marks the end of the body
                self._send(
                    response.status, forwarded, iter(lambda: response.read(1024 * 1024), b"")
                )

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle

        def _send(self, status: int, headers: Mapping[str, Any], chunks: Iterable[bytes]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                for chunk in chunks:
                    self.wfile.write(chunk)

    return Handler


def _without(query: str, name: str) -> str:
    return "&".join(pair for pair in query.split("&") if not pair.startswith(f"{name}="))
