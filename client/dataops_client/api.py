"""Requests to the API, with retries. Other responses than 200, 201, 202 and 304 are errors."""

from __future__ import annotations

import json
import logging
import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlencode

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError
from urllib3.util import Url, parse_url

from dataops_client import errors
from dataops_client.api_errors import build_connection_error, build_response_error
from dataops_client.connections import Connections, is_loopback
from dataops_client.responses import Response, read_response
from dataops_client.retry import DEFAULT_RETRY, RetryPolicy

_LOG = logging.getLogger("dataops_client")
"""Each request is logged at level DEBUG, with its status, duration and request id."""
_FIRST_CONNECT_RETRIES = 1
"""An API that responded before may be restarting: it is retried as often as other failures."""
_BEARER_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1


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
        self.has_responded = False
        self._connections, self._sleep = Connections(timeout_seconds), sleep

    def close(self) -> None:
        self._connections.close()

    def get(
        self,
        path: str,
        query: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        redirect: bool = False,
    ) -> Response:
        """Send a GET. The status is 304 only if `headers` contain If-None-Match.

        With `redirect`, the status can be 303. The caller follows it, without the token.
        """
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        headers = self._headers | dict(headers or {})
        if redirect:
            headers["Accept"] = "*/*"
        return self._request("GET", target, headers, None, DEFAULT_RETRY, redirect=redirect)

    def post(self, path: str, body: Any = None, idempotency_key: str | None = None) -> Response:
        """Send a POST. It is only retried with an idempotency key."""
        return self.send("POST", path, body, idempotency_key)

    def send(
        self, method: str, path: str, body: Any = None, idempotency_key: str | None = None
    ) -> Response:
        """Send a request with a JSON body. It is only retried with an idempotency key."""
        headers, retries = dict(self._headers), DEFAULT_RETRY
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
            retries = retries.new(allowed_methods=None)
        if body is None:
            return self._request(method, path, headers, None, retries)
        headers["Content-Type"] = "application/json"
        return self._request(method, path, headers, json.dumps(body).encode(), retries)

    def _request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        retries: RetryPolicy,
        *,
        redirect: bool = False,
    ) -> Response:
        connect_retries = _FIRST_CONNECT_RETRIES
        while True:
            retry_after, cause = None, None
            try:
                response = self._send(method, path, headers, body)
            except ValueError:
                raise errors.InvalidRequest(f"invalid path {path!r} for {self.url}") from None
            except HTTPError as error:
                failure: errors.DataOpsError = build_connection_error(self.url, error)
                if not self.has_responded and isinstance(error, (NewConnectionError, SSLError)):
                    if not connect_retries:
                        raise failure from None
                    connect_retries -= 1
                cause = error
            else:
                if (
                    response.status in (200, 201, 202)
                    or (response.status == 304 and "If-None-Match" in headers)
                    or (response.status == 303 and redirect)
                ):
                    return response
                failure = build_response_error(response)
                retry_after = response.headers.get("Retry-After")
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
        began = time.monotonic()
        response = self._connections.request(method, self.url + path, headers, body)
        self.has_responded = True
        try:
            found = read_response(response, f"{method} {self.url}{path}")
            seconds, request_id = time.monotonic() - began, response.headers.get("X-Request-ID")
            text = "%s %s: HTTP %d in %.3f s, %d bytes, request id %s"
            _LOG.debug(text, method, path, found.status, seconds, len(found.body), request_id)
            return found
        except BaseException:
            response.close()  # the rest of the body is not read
            raise
        finally:
            response.release_conn()


def _split_credentials(url: str) -> tuple[str, str | None]:
    """Return the URL of the API without `/v1` and trailing slashes, and its `user:password`."""
    try:
        parsed = parse_url(url)
    except ValueError:
        parsed = Url()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        shown = url.rpartition("@")[2]
        hint = "use for example http://localhost:8000"
        if re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?(/.*)?", shown):
            hint = f"write http:// or https:// before it, such as http://{shown}"
        raise errors.InvalidRequest(f"invalid API URL {shown!r}; {hint}")
    path = (parsed.path or "").rstrip("/").removesuffix("/v1").rstrip("/") or None
    credentials = unquote(parsed.auth) if parsed.auth else None
    return Url(parsed.scheme, host=parsed.host, port=parsed.port, path=path).url, credentials
