"""Downloads over a storage that cuts, throttles, expires, lies about ranges and sends error pages."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from dataops_client import ArchiveLink, ChecksumMismatch, DataOpsError, TransferFailed, retries, transfer

from tests.support.fault_server import FAULTS, FaultServer, fault_server

CONTENT = random.Random(1).randbytes(300_000)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "pauses", lambda: iter([0.0] * (retries.ATTEMPTS - 1)))


@pytest.fixture
def storage() -> Iterator[FaultServer]:
    with fault_server(CONTENT) as server:
        yield server


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


def link(server: FaultServer, content: bytes = CONTENT) -> ArchiveLink:
    return ArchiveLink(
        nc="Al2", id_run="1", sub_run="0", archive_key="archives/a.zip", download_url=server.url, expires_at=datetime.now(UTC),
        lifetime_seconds=900, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), filename="a.zip", profile="full",
        files=(), missing=(), cached=True,
    )  # fmt: skip


def fetch(http: httpx.Client, server: FaultServer, target: Path, wanted: ArchiveLink | None = None) -> None:
    wanted = wanted or link(server)
    transfer.fetch(http, wanted, lambda: wanted, target, lambda count: None)


def test_a_cut_download_goes_on_where_it_broke_off(http: httpx.Client, storage: FaultServer, tmp_path: Path) -> None:
    storage.faults = ["cut", "cut", "cut"]
    fetch(http, storage, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert storage.sent_bytes == len(CONTENT)
    assert [wanted is None for wanted in storage.ranges] == [True, False, False, False]
    assert storage.headers[1]["if-match"] == '"tag"'


def test_a_refused_url_is_replaced(http: httpx.Client, storage: FaultServer, tmp_path: Path) -> None:
    storage.faults = ["expire"]
    wanted = link(storage)
    renewed = iter([wanted])
    transfer.fetch(http, wanted, lambda: next(renewed), tmp_path / "a", lambda count: None)
    assert next(renewed, None) is None
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_storage_that_only_refuses_is_given_up(http: httpx.Client, storage: FaultServer, tmp_path: Path) -> None:
    storage.faults = ["expire"] * 100
    with pytest.raises(TransferFailed, match="HTTP 403"):
        fetch(http, storage, tmp_path / "a")
    assert not list(tmp_path.iterdir())
    assert len(storage.ranges) == retries.ATTEMPTS


def test_another_content_is_refused_and_not_kept(http: httpx.Client, storage: FaultServer, tmp_path: Path) -> None:
    with pytest.raises(ChecksumMismatch, match="SHA-256"):
        fetch(http, storage, tmp_path / "a", link(storage, b"x" * len(CONTENT)))
    with pytest.raises(ChecksumMismatch, match="longer"):
        fetch(http, storage, tmp_path / "a", link(storage, CONTENT[:-1]))
    assert not list(tmp_path.iterdir())


def test_progress_counts_every_byte_once(http: httpx.Client, storage: FaultServer, tmp_path: Path) -> None:
    storage.faults = ["cut", "whole", "cut"]
    counts: list[int] = []
    wanted = link(storage)
    transfer.fetch(http, wanted, lambda: wanted, tmp_path / "a", counts.append)
    assert sum(counts) == len(CONTENT)


def test_500_seeded_trials_end_with_the_right_bytes_or_a_named_error_and_no_file(http: httpx.Client, tmp_path: Path) -> None:
    good = bad = 0
    with fault_server(CONTENT, seed=7) as storage:
        for seed in range(500):
            chance = random.Random(seed)
            storage.faults = [chance.choice([*FAULTS, "good"]) for _ in range(chance.randint(0, 8))]
            target = tmp_path / f"{seed}"
            try:
                fetch(http, storage, target)
            except DataOpsError:
                bad += 1
                assert not target.exists()
            else:
                good += 1
                assert target.read_bytes() == CONTENT
                target.unlink()
    assert good > 250
    assert good + bad == 500


def test_bytes_fetched_again_after_cuts_stay_under_5_percent(http: httpx.Client, tmp_path: Path) -> None:
    with fault_server(CONTENT, seed=3) as storage:
        for trial in range(50):
            storage.faults = ["cut"] * (trial % 5)
            fetch(http, storage, tmp_path / f"{trial}")
        assert storage.sent_bytes <= 1.05 * 50 * len(CONTENT)


@pytest.mark.parametrize(
    ("header", "seconds"), [("3", 3.0), ("0", 0.0), (None, 1.5), ("soon", 1.5), ("nan", 1.5), ("-4", 0.0), ("86400", 60.0)]
)
def test_retry_after_is_understood_within_reason(header: str | None, seconds: float) -> None:
    assert retries.retry_after_seconds(header, 1.5) == seconds
