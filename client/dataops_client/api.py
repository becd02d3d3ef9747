"""Requests to the API: retried if that may help. Each ends with a response of status 200 or 202, or a named error."""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlencode

import urllib3
from urllib3.util import Url, parse_url

from dataops_client import errors
from dataops_client.connections import CONNECTION_ERRORS, Connections, is_loopback
from dataops_client.responses import Response, read
from dataops_client.retry import RETRYABLE_STATUSES, backoff_delays, retry_after_seconds

_BY_STATUS: dict[int, type[errors.DataOpsError]] = {
    400: errors.InvalidRequest,
    401: errors.AccessDenied,
    403: errors.AccessDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.InvalidRequest,
    415: errors.InvalidRequest,
    422: errors.InvalidRequest,
}
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token consists of (RFC 6750, 2.1)."""
_MAX_DETAIL_LENGTH = 1_000


class InsecureConnection(UserWarning):
    """A token, or files, go over a connection that others can read."""


def validate_token(token: str | None, name: str) -> str | None:
    """Return the token without white space around it, or None if it is empty. AccessDenied, which never contains it, if it is invalid."""
    token = (token or "").strip()
    if token and not _TOKEN.fullmatch(token):
        raise errors.AccessDenied(f"{name} contains a character that no token has")
    return token or None


class Api:
    """One API. Its token goes to no other host: redirects are not followed."""

    def __init__(
        self,
        url: str,
        token: str | None,
        user_agent: str,
        timeout_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url, credentials = _address(url)
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
            if self.url.startswith("http:") and not is_loopback(self.url):
                warnings.warn(
                    f"the token is sent to {self.url} without encryption: use https",
                    InsecureConnection,
                    stacklevel=3,
                )
        elif credentials:
            self._headers |= urllib3.make_headers(basic_auth=credentials)
        self._connections, self._sleep = Connections(timeout_seconds), sleep

    def close(self) -> None:
        self._connections.close()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Response:
        return self._request("GET", f"{path}?{urlencode(query)}" if query else path, self._headers)

    def post(self, path: str, body: Any = None, idempotency_key: str | None = None) -> Response:
        """Send a POST. It is retried as well: the key makes that safe."""
        headers = self._headers | ({"Idempotency-Key": idempotency_key} if idempotency_key else {})
        if body is None:
            return self._request("POST", path, headers)
        return self._request(
            "POST", path, headers | {"Content-Type": "application/json"}, json.dumps(body).encode()
        )

    def _request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Response:
        waits = backoff_delays()
        while True:
            try:
                response = self._send(method, path, headers, body)
            except ValueError:
                raise errors.InvalidRequest(
                    f"{path!r} cannot be requested from {self.url}"
                ) from None
            except CONNECTION_ERRORS as error:
                failure: errors.DataOpsError = errors.Unavailable(
                    f"{self.url} does not respond: {error.__cause__ or error}"
                )
                wait = next(waits, None)
            else:
                if response.status in (200, 202):
                    return response
                failure = _failure(response)
                if response.status not in RETRYABLE_STATUSES and not _in_flight(response):
                    raise failure
                default = next(waits, None)
                wait = (
                    None
                    if default is None
                    else retry_after_seconds(response.headers.get("Retry-After"), default)
                )
            if wait is None:
                raise failure
            self._sleep(wait)

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        response = self._connections.request(method, self.url + path, headers, body)
        try:
            return read(response, f"{method} {self.url}{path}")
        except BaseException:
            response.close()  # what is left of it is not read
            raise
        finally:
            response.release_conn()


def _address(url: str) -> tuple[str, str | None]:
    """Return the URL without a slash at its end, and the `user:password` that stands in it."""
    try:
        address = parse_url(url)
    except ValueError:
        address = Url()
    if address.scheme not in ("http", "https") or not address.host:
        raise errors.InvalidRequest(
            f"{url.rpartition('@')[2]!r} is not the address of an API, such as http://localhost:8000"
        )
    path = (address.path or "").rstrip("/")
    credentials = unquote(address.auth) if address.auth else None
    return Url(
        address.scheme, host=address.host, port=address.port, path=path or None
    ).url, credentials


def _in_flight(response: Response) -> bool:
    return response.status == 409 and "Retry-After" in response.headers


def _failure(response: Response) -> errors.DataOpsError:
    """Return the error that a response describes: a problem document, API Gateway's `message`, or the beginning of any other body."""
    try:
        body = response.json()
    except errors.UnexpectedResponse:
        body = {}
    if not isinstance(body, dict):
        body = {}
    detail = str(
        body.get("detail")
        or body.get("message")
        or body.get("Message")
        or response.excerpt
        or "no detail"
    )
    code, request_id = (
        value if isinstance(value := body.get(name), str) else None
        for name in ("code", "request_id")
    )
    kind = _BY_STATUS.get(
        response.status,
        errors.Unavailable if response.status in RETRYABLE_STATUSES else errors.UnexpectedResponse,
    )
    if code == "nothing_available":
        kind = errors.NothingAvailable
    method, _, url = response.request.partition(" ")
    message = (
        f"{detail[:_MAX_DETAIL_LENGTH]} (HTTP {response.status}, {method} {parse_url(url).path})"
    )
    return kind(message, status=response.status, code=code, request_id=request_id)
