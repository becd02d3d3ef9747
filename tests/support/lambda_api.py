"""Lambda's `Invoke` operation for asynchronous events.

They are accepted at once and run one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response


@contextmanager
def lambda_api(invoke: Callable[[Any], Any]) -> Iterator[str]:
    """Serve a Lambda API whose every function is `invoke` and yield its URL.

    On exit, wait for the accepted events.
    """
    with ThreadPoolExecutor(1, "lambda") as queue, HTTPServer(threaded=True) as server:

        def handle(request: Request) -> Response:
            is_event = request.headers.get("X-Amz-Invocation-Type") == "Event"
            if not is_event or not request.path.endswith("/invocations"):
                return Response(status=400)
            queue.submit(invoke, request.get_json(force=True))
            return Response(status=202)

        server.expect_request(re.compile(""), method="POST").respond_with_handler(handle)
        yield f"http://127.0.0.1:{server.port}"
