"""A front like API Gateway's: HTTP under a stage prefix becomes REST-API events for the app in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalice.local import RouteMatcher

from app import app


@contextmanager
def gateway_front(prefix: str) -> Iterator[str]:
    """The address of the front, prefix included, while the context lasts. Requests are taken one by one, as by one Lambda."""
    turn = threading.Lock()
    matcher = RouteMatcher(list(app.routes))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not url.path.startswith(f"{prefix}/"):
                self.respond(403, {}, '{"message":"Forbidden"}')
                return
            try:
                matched = matcher.match_route(self.path.removeprefix(prefix))
            except ValueError:
                self.respond(404, {}, '{"message":"Missing Authentication Token"}')
                return
            with turn:
                answer = app(self.event(url.path, url.query, matched, body), None)
            self.respond(answer["statusCode"], answer["headers"], answer["body"])

        do_GET = do_POST = answer

        def event(self, path: str, query: str, matched: Any, body: bytes) -> dict[str, Any]:
            return {
                "resource": matched.route,
                "path": path.removeprefix(prefix),
                "httpMethod": self.command,
                "headers": dict(self.headers),
                "multiValueQueryStringParameters": parse_qs(query, keep_blank_values=True) or None,
                "pathParameters": matched.captured or None,
                "stageVariables": None,
                "requestContext": {
                    "resourcePath": matched.route,
                    "httpMethod": self.command,
                    "path": path,
                    "stage": prefix.strip("/"),
                    "requestId": "gateway-request",
                    "identity": {"sourceIp": "127.0.0.1"},
                },
                "body": body.decode() or None,
                "isBase64Encoded": False,
            }

        def respond(self, status: int, headers: dict[str, str], body: str) -> None:
            content = (body or "").encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{prefix}"
        finally:
            server.shutdown()
            thread.join()
