"""Downloads over a storage that cuts, stalls, throttles, expires, lies about ranges and sends error pages."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dataops_client import (
    ArchiveLink,
    Cancelled,
    ChecksumMismatch,
    DataOpsError,
    TransferFailed,
    retry,
)
from dataops_client.transfer import engine, presigned_url
from dataops_client.transfer.object_store import ObjectStoreClient

from tests.support.fault_server import FAULTS, FaultServer, fault_server
from tests.support.transfers import CONTENT, Interrupted, fetch, interrupted_after, link, nothing


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "backoff_delays", lambda: iter([0.0] * (retry.ATTEMPTS - 1)))
    monkeypatch.setattr(retry, "MIN_RETRY_AFTER_SECONDS", 0.0)


@pytest.fixture
def storage() -> Iterator[FaultServer]:
    with fault_server(CONTENT) as server:
        yield server


@pytest.fixture
def http() -> Iterator[ObjectStoreClient]:
    storage = ObjectStoreClient("test", timeout_seconds=0.3)
    yield storage
    storage.close()


@pytest.fixture
def side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges at once for small archives, however fast one connection is."""
    monkeypatch.setattr(engine, "MULTIPART_THRESHOLD", 100_000)
    monkeypatch.setattr(engine, "CHUNK_BYTES", 60_000)
    monkeypatch.setattr(engine, "SINGLE_CONNECTION_BYTES_PER_SECOND", float("inf"))
    monkeypatch.setattr(engine, "_READ_BYTES", 10_000)


def test_a_cut_download_goes_on_where_it_broke_off(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    storage.faults = ["cut", "cut", "cut"]
    assert fetch(http, storage, tmp_path) == CONTENT
    assert storage.sent_bytes == len(CONTENT)
    assert [wanted is None for wanted in storage.ranges] == [True, False, False, False]
    assert storage.headers[1]["if-match"] == '"tag"'
    assert not list(tmp_path.iterdir())


def test_a_body_that_stalls_is_continued(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    storage.faults = ["stall"]
    assert fetch(http, storage, tmp_path) == CONTENT
    assert len(storage.ranges) == 2


def test_a_refused_url_is_replaced(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    storage.faults = ["cut", "expire"]
    wanted = link(storage)
    renewed = iter([wanted])
    path = engine.fetch(http, wanted, lambda: next(renewed), tmp_path, nothing)
    assert next(renewed, None) is None
    assert path.read_bytes() == CONTENT


def test_a_url_that_is_about_to_expire_is_replaced_before_it_is_refused(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(0, 100_000, 500))
    monkeypatch.setattr(presigned_url, "monotonic", lambda: float(next(times)))
    storage.faults = ["cut", "cut"]
    asked: list[int] = []

    def renew() -> ArchiveLink:
        asked.append(len(storage.ranges))
        return link(storage)

    path = engine.fetch(http, link(storage), renew, tmp_path, nothing)
    assert path.read_bytes() == CONTENT
    assert asked
    assert storage.statuses == [200, 206, 206]


def test_a_url_is_only_replaced_by_one_of_the_same_archive(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    storage.faults = ["expire"]
    with pytest.raises(TransferFailed, match="changed while it was downloaded"):
        engine.fetch(http, link(storage), lambda: link(storage, sha256="0" * 64), tmp_path, nothing)


def test_a_storage_that_only_refuses_is_given_up(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    storage.faults = ["expire"] * 100
    with pytest.raises(TransferFailed, match="HTTP 403"):
        fetch(http, storage, tmp_path)
    assert not list(tmp_path.iterdir())
    assert len(storage.ranges) == retry.ATTEMPTS


def test_nobody_there_is_a_failed_transfer(http: ObjectStoreClient, tmp_path: Path) -> None:
    with fault_server(CONTENT) as server:
        wanted = link(server)
    with pytest.raises(TransferFailed, match="did not arrive"):
        engine.fetch(http, wanted, lambda: wanted, tmp_path, nothing)


def test_another_content_is_refused_and_not_kept(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    with pytest.raises(ChecksumMismatch, match="SHA-256"):
        fetch(http, storage, tmp_path, link(storage, b"x" * len(CONTENT)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("announced", [CONTENT[:-1], CONTENT + b"x"])
def test_an_archive_of_another_length_than_announced_is_not_even_begun(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path, announced: bytes
) -> None:
    with pytest.raises(
        TransferFailed, match=f"answered 300000 bytes of '', announced were {len(announced)}"
    ):
        fetch(http, storage, tmp_path, link(storage, announced))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "fault",
    [
        "page",
        "chunked page",
        "short",
        "longer",
        "missing",
        "credentials",
        "expire",
        "refuse",
        "wrong range",
    ],
)
@pytest.mark.parametrize("begun", [False, True])
def test_what_is_no_answer_to_the_request_costs_nothing_of_what_is_there(
    http: ObjectStoreClient,
    storage: FaultServer,
    tmp_path: Path,
    fault: str,
    begun: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "_READ_BYTES", 5_000)
    if begun:
        with pytest.raises(Interrupted):
            fetch(http, storage, tmp_path, progress=interrupted_after(250_000))
        storage.sent_bytes = 0
    storage.faults = [fault]
    assert fetch(http, storage, tmp_path) == CONTENT
    again = (
        len(CONTENT) - 50 if fault in ("short", "longer") and not begun else 0
    )  # of which the server counts what nobody took
    assert storage.sent_bytes <= (55_000 if begun else len(CONTENT)) + again + 100
    assert len(storage.ranges) <= 3


def test_a_weak_etag_is_not_asked_for(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    storage.etag, storage.faults = 'W/"tag"', ["cut"]
    assert fetch(http, storage, tmp_path) == CONTENT
    assert "if-match" not in storage.headers[1]


def test_parts_of_two_objects_are_not_put_together(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    """Where the storage passes over `If-Match`."""
    storage.faults = ["cut", "swapped"]
    assert fetch(http, storage, tmp_path) == CONTENT


@pytest.mark.usefixtures("side_by_side")
def test_large_archives_come_in_ranges_at_once(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    storage.faults = ["good", "together", "together", "cut", "throttle"]
    assert fetch(ObjectStoreClient("test", timeout_seconds=60), storage, tmp_path) == CONTENT
    assert None not in storage.ranges
    assert storage.sent_bytes == len(CONTENT)
    assert not storage.together.broken


@pytest.mark.usefixtures("side_by_side")
def test_a_storage_without_ranges_gives_the_whole_at_once(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    storage.faults = ["whole"] * 4
    assert fetch(http, storage, tmp_path) == CONTENT


def test_progress_counts_every_byte_once(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    storage.faults = ["cut", "whole", "cut"]
    counts: list[int] = []
    fetch(http, storage, tmp_path, progress=counts.append)
    assert sum(counts) == len(CONTENT)


@pytest.mark.parametrize("ranges", [False, True])
def test_what_an_interrupted_download_has_is_continued_by_the_next(
    http: ObjectStoreClient,
    storage: FaultServer,
    tmp_path: Path,
    ranges: bool,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if ranges:
        request.getfixturevalue("side_by_side")
    monkeypatch.setattr(engine, "_READ_BYTES", 5_000)
    with pytest.raises(Interrupted):
        fetch(http, storage, tmp_path, progress=interrupted_after(200_000))
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".part"]
    sent, counts = storage.sent_bytes, list[int]()
    present = sum(
        stop - start
        for start, stop in json.loads(next(tmp_path.glob("*.json")).read_text())["present"]
    )
    assert present >= 200_000
    storage.sent_bytes = 0
    assert fetch(http, storage, tmp_path, progress=counts.append) == CONTENT
    assert storage.sent_bytes == len(CONTENT) - present
    assert (counts[0], sum(counts)) == (present, len(CONTENT))
    assert sent <= len(CONTENT)
    assert not list(tmp_path.iterdir())


def test_a_download_that_is_told_to_stop_stops_and_is_kept(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    stop = threading.Event()
    storage.faults = ["stall"]
    with pytest.raises(Cancelled, match="are kept"):
        http = ObjectStoreClient("test", timeout_seconds=60)
        engine.fetch(
            http,
            link(storage),
            lambda: link(storage),
            tmp_path,
            lambda count: stop.set() if count else None,
            stop,
        )
    assert fetch(http, storage, tmp_path) == CONTENT
    assert [wanted is None for wanted in storage.ranges] == [True, False]


def test_a_download_that_is_told_to_stop_does_not_wait_for_a_storage_that_is_mute(
    storage: FaultServer, tmp_path: Path
) -> None:
    stop = threading.Event()
    storage.faults = ["mute"]
    http = ObjectStoreClient("test", timeout_seconds=60)
    set_stop = threading.Thread(target=lambda: stop.set() if storage.stalled.wait(60) else None)
    set_stop.start()
    with pytest.raises(Cancelled, match="0 of 300000 bytes"):
        engine.fetch(http, link(storage), lambda: link(storage), tmp_path, nothing, stop)
    set_stop.join()
    assert storage.waiting  # still: nobody gave up the connection, nor waited until it was
    assert not list(tmp_path.iterdir())


def test_a_part_that_is_damaged_on_the_disk_is_found_out_and_fetched_anew(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_READ_BYTES", 5_000)
    with pytest.raises(Interrupted):
        fetch(http, storage, tmp_path, progress=interrupted_after(100_000))
    (part,) = tmp_path.glob("*.part")
    part.write_bytes(bytes(part.stat().st_size))
    counts: list[int] = []
    assert fetch(http, storage, tmp_path, progress=counts.append) == CONTENT
    assert sum(counts) == len(CONTENT)


def test_two_on_one_target_at_once_both_end_with_the_right_bytes(
    http: ObjectStoreClient, tmp_path: Path
) -> None:
    results: list[bytes] = []
    with fault_server(CONTENT, seed=5) as server:
        server.faults = ["cut"] * 12

        def one() -> None:
            results.append(fetch(http, server, tmp_path))

        threads = [threading.Thread(target=one) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [CONTENT] * 4
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("half", range(5))
def test_500_seeded_trials_end_with_the_right_bytes_or_a_named_error_and_no_file(
    tmp_path: Path, half: int, request: pytest.FixtureRequest
) -> None:
    """A hundred at a time; every second hundred in ranges at once. In some the process is interrupted, and started again."""
    if half % 2:
        request.getfixturevalue("side_by_side")
    good = bad = 0
    http = ObjectStoreClient("test", timeout_seconds=0.05)
    with fault_server(CONTENT, seed=half) as storage:
        for seed in range(100 * half, 100 * (half + 1)):
            chance = random.Random(seed)
            storage.faults = [chance.choice([*FAULTS, "good"]) for _ in range(chance.randint(0, 8))]
            folder = tmp_path / f"{seed}"
            for progress in (
                interrupted_after(chance.randrange(1, 400_000))
                if chance.random() < 0.4
                else nothing,
                nothing,
            ):
                try:
                    assert fetch(http, storage, folder, progress=progress) == CONTENT, seed
                except DataOpsError:
                    bad += 1
                except Interrupted:
                    continue
                else:
                    good += 1
                break
            left = [path.name for path in folder.iterdir()]
            assert all(
                name.startswith(".a.zip.") and name.endswith((".part", ".part.json"))
                for name in left
            ), (seed, left)
            if left:  # is true, and continued
                storage.faults = []
                assert fetch(http, storage, folder) == CONTENT, seed
                assert not list(folder.iterdir())
    http.close()
    assert good > 60
    assert good + bad == 100


@pytest.mark.parametrize("ranges", [False, True])
def test_bytes_fetched_again_after_cuts_stay_under_5_percent(
    http: ObjectStoreClient, tmp_path: Path, ranges: bool, request: pytest.FixtureRequest
) -> None:
    if ranges:
        request.getfixturevalue("side_by_side")
    with fault_server(CONTENT, seed=3) as storage:
        for trial in range(50):
            storage.faults = ["cut"] * (trial % 5)
            fetch(http, storage, tmp_path / f"{trial}")
        assert storage.sent_bytes <= 1.05 * 50 * len(CONTENT)
