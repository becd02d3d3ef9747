"""The client of the tests leaves the environment of the process as it was."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from tests.support.api import serving


def test_concurrent_requests_leave_the_environment_object_in_place(
    environment: dict[str, str],
) -> None:
    before = os.environ
    with serving(environment) as api, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: api.call("GET", "/health"), range(64)))
    assert os.environ is before
