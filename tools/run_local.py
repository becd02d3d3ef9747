"""`chalice local` as it should be: no 44 ms per kept connection, room for bursts, an orderly end, answers for broken requests.

    python -m tools.run_local [--host H] [--port P] [--end-with-parent]

Plain `chalice local` works as well. This uses its server with Nagle's algorithm off (headers and body go out in two writes, which
with delayed acknowledgements costs 44 ms each), a longer queue, and problem documents where API Gateway has gateway responses.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import uuid
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from chalice.cli.factory import CLIFactory
from chalice.local import ChaliceRequestHandler, LocalDevServer, LocalGatewayException, ThreadedHTTPServer

from chalicelib.domain.errors import Unavailable
from chalicelib.routes.gateway import local_answer
from chalicelib.routes.problems import problem

from .lifeline import ROOT, end_with_parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--end-with-parent", action="store_true", help="end when standard input is closed")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    config = CLIFactory(str(ROOT)).create_config_obj(chalice_stage_name="local")
    try:
        server = LocalDevServer(config.chalice_app, config, arguments.host, arguments.port, handler_cls=_Handler, server_cls=_Server)
    except OSError as error:
        sys.exit(f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}")
    print(f"http://{arguments.host}:{server.server.server_port}", flush=True)
    if arguments.end_with_parent:
        end_with_parent()
    with suppress(KeyboardInterrupt):
        server.server.serve_forever()


class _Server(ThreadedHTTPServer):
    request_queue_size = 128


class _Handler(ChaliceRequestHandler):
    disable_nagle_algorithm = True

    def _generic_handle(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdecimal():
            self.close_connection = True  # where the body ends is not known
            self._send_problem(411, "length_required", f"Content-Length {length!r}: send the body with its length, in bytes")
            return
        try:
            super()._generic_handle()
        except Unavailable:  # what a failed Lambda authorizer is to API Gateway; the app itself answers its errors
            self._send(local_answer(500, "AuthorizerConfigurationException", str(uuid.uuid4())))

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle  # noqa: N815 - the base class names them

    def do_HEAD(self) -> None:  # noqa: N802 - the base class names it
        self.close_connection = True  # chalice would send a body, which a client takes for the next answer
        self._send_http_response_no_body(405, {"Allow": "GET, POST"})

    def _send_error_response(self, error: LocalGatewayException) -> None:
        request_id = error.headers.get("x-amzn-RequestId") or str(uuid.uuid4())
        self._send(local_answer(error.CODE, str(error.headers.get("x-amzn-ErrorType")), str(request_id)))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - as the base class
        """What http.server itself refuses: a version, a request line or a header that it cannot read."""
        self.close_connection = True
        status = HTTPStatus(code)
        self._send_problem(status, status.name.lower(), message or status.description)

    def __getattr__(self, name: str) -> Any:
        """Every other method goes the same way: the app knows what it offers at a path."""
        if name.startswith("do_"):
            return self._generic_handle
        raise AttributeError(name)

    def _send_problem(self, status: int, code: str, detail: str) -> None:
        self._send(problem(status, code, detail, str(uuid.uuid4())))

    def _send(self, answer: Any) -> None:
        self._send_http_response_with_body(answer.status_code, dict(answer.headers), answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        pass


if __name__ == "__main__":
    main()
