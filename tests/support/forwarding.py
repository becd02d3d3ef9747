"""The part that proxies share: forward a request to a store, and return its response."""

from __future__ import annotations

from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse

from tests.support.http_server import RawHandler

_OWN_HEADERS = ("connection", "content-length", "transfer-encoding", "date", "server")


class ForwardingHandler(RawHandler):
    """A handler with one kept connection to `upstream` (host, port) per connection of a client.

    It forwards the Host header, which signatures cover. Subclasses define `handle_request`.
    """

    upstream: tuple[str, int]
    _connection: HTTPConnection | None = None

    def _handle(self) -> None:
        self.handle_request(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle

    def handle_request(self, body: bytes) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        if self._connection:
            self._connection.close()
        with suppress(OSError):
            super().finish()

    def forward(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        """Send the request to the service. Return its response and the content of it."""
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("connection", "expect")
        }
        for fresh in (self._connection is None, True):
            if fresh:
                if self._connection:
                    self._connection.close()
                self._connection = HTTPConnection(*self.upstream, timeout=60)
            assert self._connection
            try:
                self._connection.putrequest(
                    self.command, self.path, skip_host=True, skip_accept_encoding=True
                )
                for name, value in headers.items():
                    self._connection.putheader(name, value)
                self._connection.endheaders(body)
                response = self._connection.getresponse()
                return response, response.read()
            except (HTTPException, OSError):  # the service has closed a kept connection meanwhile
                if fresh:
                    raise
        raise AssertionError

    def respond(self, response: HTTPResponse, content: bytes, announced: int) -> None:
        """Send the head of `response`, with this Content-Length, and `content`."""
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _OWN_HEADERS or (
                name.lower() == "content-length" and self.command == "HEAD"
            ):
                self.send_header(name, value)
        if self.command != "HEAD" and response.status not in (204, 304):
            self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(content)

    def send_content(self, status: int, media_type: str, content: bytes) -> None:
        """Send a response of the proxy itself."""
        self.send_response_only(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def build_store_error(code: str, *, is_table: bool) -> tuple[str, bytes]:
    """Return media type and content of an error response of DynamoDB or S3."""
    if is_table:
        content = f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"by the proxy"}}'
        return "application/x-amz-json-1.0", content.encode()
    content = (
        f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>"
    )
    return "application/xml", content.encode()
