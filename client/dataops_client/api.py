"""Requests to the API, with retries. Results are responses of status 200, 202, 304, or errors."""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlencode

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url

from dataops_client import errors
from dataops_client.connections import Connections, is_loopback
from dataops_client.responses import Response, read_response
from dataops_client.retry import DEFAULT_RETRY, RETRYABLE_STATUSES, RetryPolicy

_ERRORS_BY_STATUS: dict[int, type[errors.DataOpsError]] = {
    400: errors.InvalidRequest,
    401: errors.AccessDenied,
    403: errors.AccessDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.InvalidRequest,
    415: errors.InvalidRequest,
    422: errors.InvalidRequest,
} | dict.fromkeys(RETRYABLE_STATUSES, errors.Unavailable)
_BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1
_MAX_DETAIL_LENGTH = 1_000


class InsecureConnection(UserWarning):
    """Token or files that are sent without encryption."""


def validate_token(token: str | None, name: str) -> str | None:
    """Return the token without surrounding white space, or None if it is empty.

    Raises:
        AccessDenied: The token contains an invalid character. The message does not contain it.
    """
    token = (token or "").strip()
    if token and not _BEARER_TOKEN.fullmatch(token):
        raise errors.AccessDenied(f"{name} contains a character that is not allowed in a token")
    return token or None


class Api:
    """HTTP client of one API. Redirects are not followed, so the token is sent to no other host."""

    def __init__(
        self,
        url: str,
        token: str | None,
        user_agent: str,
        timeout_seconds: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url, credentials = _split_credentials(url)
        self._headers = {
            "User-Agent": user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
            if self.url.startswith("http:") and not is_loopback(self.url):
                warnings.warn(
                    f"the token is sent to {self.url} without encryption; use https",
                    InsecureConnection,
                    stacklevel=3,
                )
        elif credentials:
            self._headers |= urllib3.make_headers(basic_auth=credentials)
        self.timeout_seconds = timeout_seconds
        self._connections, self._sleep = Connections(timeout_seconds), sleep

    def close(self) -> None:
        self._connections.close()

    def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a GET. The status is 304 only if `headers` contain If-None-Match."""
        target = f"{path}?{urlencode(query)}" if query else path
        return self._request(
            "GET", target, self._headers | dict(headers or {}), None, DEFAULT_RETRY
        )

    def post(self, path: str, body: Any = None, idempotency_key: str | None = None) -> Response:
        """Send a POST. It is only retried with an idempotency key."""
        headers, retries = dict(self._headers), DEFAULT_RETRY
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
            retries = retries.new(allowed_methods=None)
        if body is None:
            return self._request("POST", path, headers, None, retries)
        headers["Content-Type"] = "application/json"
        return self._request("POST", path, headers, json.dumps(body).encode(), retries)

    def _request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        retries: RetryPolicy,
    ) -> Response:
        while True:
            retry_after, cause = None, None
            try:
                response = self._send(method, path, headers, body)
            except ValueError:
                raise errors.InvalidRequest(f"invalid path {path!r} for {self.url}") from None
            except HTTPError as error:
                failure: errors.DataOpsError = errors.Unavailable(
                    f"{self.url} is unreachable: {error.__cause__ or error}"
                )
                cause = error
            else:
                if response.status in (200, 202) or (
                    response.status == 304 and "If-None-Match" in headers
                ):
                    return response
                failure, retry_after = _build_error(response), response.headers.get("Retry-After")
                if not retries.is_retry(method, response.status, retry_after is not None):
                    raise failure
            try:
                retries = retries.increment(method, path, error=cause)
            except HTTPError:
                raise failure from None
            self._sleep(retries.delay_seconds(retry_after))

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        response = self._connections.request(method, self.url + path, headers, body)
        try:
            return read_response(response, f"{method} {self.url}{path}")
        except BaseException:
            response.close()  # the rest of the body is not read
            raise
        finally:
            response.release_conn()


def _split_credentials(url: str) -> tuple[str, str | None]:
    """Return the URL without a trailing slash, and the `user:password` that it contains."""
    try:
        parsed = parse_url(url)
    except ValueError:
        parsed = Url()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise errors.InvalidRequest(
            f"invalid API URL {url.rpartition('@')[2]!r}; use for example http://localhost:8000"
        )
    path = (parsed.path or "").rstrip("/") or None
    credentials = unquote(parsed.auth) if parsed.auth else None
    return Url(parsed.scheme, host=parsed.host, port=parsed.port, path=path).url, credentials


def _build_error(response: Response) -> errors.DataOpsError:
    """Return the error that a response describes.

    The message is the `detail` of a problem document, the `message` of API Gateway, or the
    beginning of any other body.
    """
    try:
        body = response.json()
    except errors.UnexpectedResponse:
        body = {}
    if not isinstance(body, dict):
        body = {}
    detail = body.get("detail") or body.get("message") or body.get("Message") or response.excerpt
    code, request_id = (
        value if isinstance(value := body.get(name), str) else None
        for name in ("code", "request_id")
    )
    error_type = _ERRORS_BY_STATUS.get(response.status, errors.UnexpectedResponse)
    if code == "nothing_available":
        error_type = errors.NothingAvailable
    method, _, url = response.request.partition(" ")
    return error_type(
        f"{str(detail)[:_MAX_DETAIL_LENGTH] or 'no detail'} "
        f"(HTTP {response.status}, {method} {parse_url(url).path})",
        status=response.status,
        code=code,
        request_id=request_id,
    )


def build_resource_path(*values: str | None) -> str:
    """Return the path of a composition, run or sub-run; values that are None are left out.

    Raises:
        InvalidRequest: A value contains other characters than letters and digits.
    """
    parts = [value for value in values if value is not None]
    for value in parts:
        if not re.fullmatch(r"[A-Za-z0-9]{1,64}", value):
            raise errors.InvalidRequest(
                f"invalid composition, run or sub-run {value!r}; use letters and digits only"
            )
    return "/".join(parts)
