"""Attempts of calls to a data bucket that does not respond."""

from __future__ import annotations

import threading

import pytest

from chalicelib.adapters.aws.clients import Timeouts
from chalicelib.adapters.aws.errors import ObjectStoreError
from localdev.aws_environment import EMULATOR_CREDENTIALS
from tests.support.http_server import RawHandler, serve_raw
from tests.support.stores import connect


@pytest.mark.parametrize("call", ["read", "write"])
@pytest.mark.parametrize(("last_attempt_seconds", "attempts"), [(0, 1), (1000, 3)])
def test_an_unresponsive_data_bucket_gets_further_attempts_if_there_is_time(
    call: str, last_attempt_seconds: float, attempts: int
) -> None:
    requests: list[str] = []
    closed = threading.Event()

    class Silent(RawHandler):
        def _wait(self) -> None:
            requests.append(self.command)
            closed.wait(30)
            self.close_connection = True

        do_GET = do_PUT = _wait

    timeouts = Timeouts(0.5, 0.5, last_attempt_seconds, longest_pause_seconds=0.001)
    with serve_raw(Silent) as url:
        names = {**EMULATOR_CREDENTIALS, "AWS_ENDPOINT_URL": url}
        objects = connect(names, "data", timeouts).objects
        with pytest.raises(ObjectStoreError):
            if call == "read":
                objects.get("a")
            else:
                objects.write("a", [b"zip"], {})
        closed.set()
    assert requests == {"read": ["GET"], "write": ["PUT"]}[call] * attempts
