"""Many first downloads at once, on one self-hosted process: all succeed, in bounded memory."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Aws
from tests.support.server import Server, needs_proc, server

CALLERS = 64
SUB_RUN_BYTES = 32 * 1024**2
MAX_GROWTH_BYTES = 400 * 1024**2


def request(running: Server, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(f"{running.url}{path}", body, headers, method=method), timeout=120
    ) as response:
        return response.status, json.load(response)


def download(running: Server, id_run: int) -> tuple[list[int], dict[str, Any]]:
    """Poll a download. Return the statuses before the link, and the link."""
    statuses = []
    while True:
        status, response = request(running, "GET", f"/v1/generate/Al2/{id_run}/0/download?wait=20")
        statuses.append(status)
        if status == 200:
            return statuses, response


@needs_proc
@pytest.mark.heavy
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_first_downloads_at_once_all_succeed_in_bounded_memory(
    aws: Aws, aws_environment: dict[str, str], bucket: str, table: str
) -> None:
    def key(id_run: int) -> str:
        return f"Al2/c/md/lammps/100/{id_run}/2000/0/Al2.scf.in"

    aws.s3.put_object(Bucket=bucket, Key=key(1), Body=os.urandom(SUB_RUN_BYTES // 2).hex().encode())
    for id_run in range(2, CALLERS + 1):
        aws.s3.copy_object(
            Bucket=bucket, Key=key(id_run), CopySource={"Bucket": bucket, "Key": key(1)}
        )
    with server({**aws_environment, "DATA_BUCKET": bucket, "RUN_TABLE": table}) as running:
        assert (
            request(running, "POST", "/v1/generate/Al2", json.dumps({"count": CALLERS}).encode())[0]
            == 200
        )
        before = running.peak_bytes
        with ThreadPoolExecutor(CALLERS) as pool:
            downloads = list(
                pool.map(lambda id_run: download(running, id_run), range(1, CALLERS + 1))
            )
        grown = running.peak_bytes - before
        print(
            f"peak RSS grew by {grown / 1024**2:.0f} MiB; "
            f"{sum(len(statuses) for statuses, _ in downloads)} requests"
        )
        for statuses, _ in downloads:
            assert set(statuses[:-1]) <= {202}
        assert grown < MAX_GROWTH_BYTES
        _, link = downloads[-1]
        with urllib.request.urlopen(link["download_url"]) as archive:
            assert hashlib.sha256(archive.read()).hexdigest() == link["sha256"]
