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
from typing import Any

from chalice.cli.factory import CLIFactory
from chalice.local import ChaliceRequestHandler, LocalDevServer, LocalGatewayException, ThreadedHTTPServer

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
    try:
        server.server.serve_forever()
    except KeyboardInterrupt:
        pass


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
        super()._generic_handle()

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_OPTIONS = _generic_handle

    def do_HEAD(self) -> None:
        self.close_connection = True  # chalice would send a body, which a client takes for the next answer
        self._send_http_response_no_body(405, {"Allow": "GET, POST"})

    def _send_error_response(self, error: LocalGatewayException) -> None:
        if b"Missing Authentication Token" in (error.body or b"") or b"requires 'Credential'" in (error.body or b""):
            self._send_problem(404, "no_such_route", f"there is nothing at {self.command} {self.path.partition('?')[0]!r}")
        else:
            super()._send_error_response(error)

    def _send_problem(self, status: int, code: str, detail: str) -> None:
        answer: Any = problem(status, code, detail, str(uuid.uuid4()))
        self._send_http_response_with_body(status, dict(answer.headers), answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        pass


if __name__ == "__main__":
    main()
