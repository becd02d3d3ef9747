"""Errors of the API: of its responses, and of connections that cannot be made."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from dataops_client import errors
from dataops_client.connections import is_loopback
from dataops_client.responses import Response
from dataops_client.retry import RETRYABLE_STATUSES

_ERRORS_BY_STATUS: dict[int, type[errors.DataOpsError]] = {
    400: errors.InvalidRequest,
    401: errors.AccessDenied,
    403: errors.AccessDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.NotFound,
    413: errors.InvalidRequest,
    415: errors.InvalidRequest,
    422: errors.InvalidRequest,
} | dict.fromkeys(RETRYABLE_STATUSES, errors.Unavailable)
_MAX_DETAIL_LENGTH = 1_000
_CHECK_URL = "check the URL (DATAOPS_URL or --url)"


def build_response_error(response: Response) -> errors.DataOpsError:
    """Return the error that a response describes.

    The message is the `detail` of a problem document, the `message` of API Gateway, or the
    beginning of any other body. A page of HTML is not printed.
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
    method, _, url = response.request.partition(" ")
    address = urlsplit(url)
    error_type = _ERRORS_BY_STATUS.get(response.status, errors.UnexpectedResponse)
    if code == "nothing_available":
        error_type = errors.NothingAvailable
    if not body and response.is_html:
        detail = f"the response of {address.netloc} is a page of HTML, HTTP {response.status}"
        if error_type in (errors.NotFound, errors.InvalidRequest, errors.UnexpectedResponse):
            error_type = errors.UnexpectedResponse
            detail += f"; {_describe_other_server(address.scheme, response.body)}"
    return error_type(
        str(detail)[:_MAX_DETAIL_LENGTH] or f"HTTP {response.status} without a message",
        status=response.status,
        code=code,
        request_id=request_id or response.headers.get("X-Request-ID"),
        request=f"{method} {address.path}",
    )


def _describe_other_server(scheme: str, body: bytes) -> str:
    if scheme == "http" and b"HTTPS" in body:
        return "the server uses https: write https:// in the URL"
    return f"it is not a DataOps API: {_CHECK_URL}"


def build_connection_error(url: str, error: HTTPError) -> errors.Unavailable:
    """Return the error of a connection that failed, with its commonest cause."""
    if isinstance(error, NameResolutionError):
        host = urlsplit(url).hostname
        return errors.Unavailable(f"host {host!r} is unknown; {_CHECK_URL} and the network")
    if isinstance(error, NewConnectionError) and isinstance(
        error.__cause__, ConnectionRefusedError
    ):
        hint = "start `make serve`, or set DATAOPS_URL or --url" if is_loopback(url) else _CHECK_URL
        return errors.Unavailable(f"nothing listens on {url}; {hint}")
    return errors.Unavailable(_describe_connection_error(url, error))


def _describe_connection_error(url: str, error: HTTPError) -> str:
    if isinstance(error, ProxyError):
        names = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY"
        return f"cannot connect to {url} through its proxy; check {names}"
    if isinstance(error, (ConnectTimeoutError, ReadTimeoutError)) and not error.__cause__:
        return f"{url} did not respond in time; {_CHECK_URL}, or try again later"
    if isinstance(error, SSLError):
        return _describe_tls_error(url, next(iter(error.args), error))
    if isinstance(error, ProtocolError) and url.startswith("http:"):
        return (
            f"{url} closed the connection without a complete response; "
            "write https:// in the URL if the server uses https"
        )
    return f"{url} is unreachable: {error.__cause__ or error}"


def _describe_tls_error(url: str, error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {url} is not trusted ({error.verify_message}); "
            "set SSL_CERT_FILE to the file of your certificate authority"
        )
    if any(text in f"{error}" for text in ("WRONG_VERSION", "RECORD_LAYER", "PACKET_LENGTH")):
        plain = url.replace("https:", "http:", 1)
        return f"{url} does not use TLS; write http:// in the URL: {plain}"
    return f"the TLS connection to {url} failed: {error}"
