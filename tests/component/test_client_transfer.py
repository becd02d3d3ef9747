"""Downloads from an object store that truncates, stalls, throttles and sends other content."""

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
    TransferConfig,
    TransferFailed,
)
from dataops_client.transfer.engine import Downloader
from dataops_client.transfer.object_store import ObjectStoreClient

from tests.support.fault_server import FAULTS, FaultServer, fault_server
from tests.support.transfer_helpers import (
    ATTEMPTS,
    CONTENT,
    PARALLEL,
    SINGLE,
    SMALL_READS,
    Interrupted,
    build_link,
    fetch,
    ignore,
    interrupt_after,
    set_after,
)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server(CONTENT) as running:
        yield running


@pytest.fixture
def store() -> Iterator[ObjectStoreClient]:
    client = ObjectStoreClient("test", timeout_seconds=0.3)
    yield client
    client.close()


@pytest.fixture
def patient_store() -> Iterator[ObjectStoreClient]:
    """Client whose time-out no test reaches."""
    client = ObjectStoreClient("test", timeout_seconds=60)
    yield client
    client.close()


def test_a_truncated_download_is_resumed_at_the_last_byte(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.faults = ["cut", "cut", "cut"]
    assert fetch(store, server, tmp_path) == CONTENT
    assert server.sent_bytes == len(CONTENT)
    assert [requested is None for requested in server.ranges] == [True, False, False, False]
    assert server.headers[1]["if-match"] == '"tag"'
    assert not list(tmp_path.iterdir())


def test_a_stalled_body_is_resumed(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.faults = ["stall"]
    assert fetch(store, server, tmp_path) == CONTENT
    assert len(server.ranges) == 2


def test_a_rejected_url_is_replaced(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.faults = ["cut", "expire"]
    link = build_link(server)
    refreshed = iter([link])
    part = Downloader(store, SINGLE).download(
        link, lambda: next(refreshed), tmp_path, progress=ignore
    )
    assert next(refreshed, None) is None
    assert part.path.read_bytes() == CONTENT
    part.discard()


def test_a_url_is_replaced_before_it_expires(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    times = iter(range(0, 100_000, 500))
    server.faults = ["cut", "cut"]
    refreshed: list[int] = []

    def refresh() -> ArchiveLink:
        refreshed.append(len(server.ranges))
        return build_link(server)

    downloader = Downloader(store, SINGLE, clock=lambda: float(next(times)))
    part = downloader.download(build_link(server), refresh, tmp_path, progress=ignore)
    assert part.path.read_bytes() == CONTENT
    assert refreshed
    assert server.statuses == [200, 206, 206]
    part.discard()


def test_a_url_of_another_archive_fails_the_download(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.faults = ["expire"]
    with pytest.raises(TransferFailed, match="changed during the download"):
        Downloader(store, SINGLE).download(
            build_link(server),
            lambda: build_link(server, sha256="0" * 64),
            tmp_path,
            progress=ignore,
        )


def test_a_store_that_only_rejects_is_given_up(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.faults = ["expire"] * 100
    with pytest.raises(TransferFailed, match="HTTP 403"):
        fetch(store, server, tmp_path)
    assert not list(tmp_path.iterdir())
    assert len(server.ranges) == ATTEMPTS


def test_an_unreachable_store_fails_the_download(store: ObjectStoreClient, tmp_path: Path) -> None:
    with fault_server(CONTENT) as stopped:
        link = build_link(stopped)
    with pytest.raises(TransferFailed, match=r"download of 'a\.zip' failed"):
        fetch(store, link.download_url, tmp_path, link)


def test_other_content_is_rejected_and_not_kept(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    with pytest.raises(ChecksumMismatch, match="SHA-256"):
        fetch(store, server, tmp_path, build_link(server, b"x" * len(CONTENT)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("announced", [CONTENT[:-1], CONTENT + b"x"])
def test_an_archive_of_another_length_is_not_downloaded(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path, announced: bytes
) -> None:
    expected = f"returned 300000 bytes of ''; expected {len(announced)} bytes"
    with pytest.raises(TransferFailed, match=expected):
        fetch(store, server, tmp_path, build_link(server, announced))
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
def test_invalid_responses_do_not_discard_partial_data(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path, fault: str, begun: bool
) -> None:
    if begun:
        with pytest.raises(Interrupted):
            fetch(store, server, tmp_path, progress=interrupt_after(250_000), config=SMALL_READS)
        server.sent_bytes = 0
    server.faults = [fault]
    assert fetch(store, server, tmp_path, config=SMALL_READS) == CONTENT
    # The server also counts bytes of rejected responses, which the client does not read.
    unread = len(CONTENT) - 50 if fault in ("short", "longer") and not begun else 0
    assert server.sent_bytes <= (55_000 if begun else len(CONTENT)) + unread + 100
    assert len(server.ranges) <= 3


def test_a_weak_etag_is_not_sent_in_if_match(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.etag, server.faults = 'W/"tag"', ["cut"]
    assert fetch(store, server, tmp_path) == CONTENT
    assert "if-match" not in server.headers[1]


def test_parts_of_two_objects_are_not_combined_if_if_match_is_ignored(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.faults = ["cut", "swapped"]
    assert fetch(store, server, tmp_path) == CONTENT


def test_large_archives_are_fetched_in_concurrent_ranges(
    patient_store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.faults = ["none", "together", "together", "cut", "throttle"]
    assert fetch(patient_store, server, tmp_path, config=PARALLEL) == CONTENT
    assert None not in server.ranges
    assert server.sent_bytes == len(CONTENT)
    assert not server.together.broken


def test_a_store_without_ranges_sends_the_archive_at_once(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.faults = ["whole"] * 4
    assert fetch(store, server, tmp_path, config=PARALLEL) == CONTENT


def test_progress_counts_every_byte_once(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    server.faults = ["cut", "whole", "cut"]
    counts: list[int] = []
    fetch(store, server, tmp_path, progress=counts.append)
    assert sum(counts) == len(CONTENT)


@pytest.mark.parametrize("config", [SMALL_READS, PARALLEL], ids=["single", "parallel"])
def test_an_interrupted_download_is_resumed_by_the_next(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path, config: TransferConfig
) -> None:
    with pytest.raises(Interrupted):
        fetch(store, server, tmp_path, progress=interrupt_after(200_000), config=config)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".part"]
    sent, counts = server.sent_bytes, list[int]()
    sidecar = json.loads(next(tmp_path.glob("*.json")).read_text())
    present = sum(end - start for start, end in sidecar["present"])
    assert present >= 200_000
    server.sent_bytes = 0
    assert fetch(store, server, tmp_path, progress=counts.append, config=config) == CONTENT
    assert server.sent_bytes == len(CONTENT) - present
    assert (counts[0], sum(counts)) == (present, len(CONTENT))
    assert sent <= len(CONTENT)
    assert not list(tmp_path.iterdir())


def test_a_cancelled_download_stops_and_keeps_its_data(
    store: ObjectStoreClient, patient_store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    cancel, link = threading.Event(), build_link(server)
    server.faults = ["stall"]
    with pytest.raises(Cancelled, match="are kept"):
        Downloader(patient_store, SINGLE).download(
            link,
            lambda: link,
            tmp_path,
            progress=lambda count: cancel.set() if count else None,
            cancel=cancel,
        )
    assert fetch(store, server, tmp_path) == CONTENT
    assert [requested is None for requested in server.ranges] == [True, False]


def test_cancelling_does_not_wait_for_an_unresponsive_store(
    patient_store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    cancel, link = threading.Event(), build_link(server)
    server.faults = ["unresponsive"]
    canceller = threading.Thread(target=set_after, args=(server.stalled, cancel))
    canceller.start()
    with pytest.raises(Cancelled, match="0 of 300000 bytes"):
        Downloader(patient_store, SINGLE).download(
            link, lambda: link, tmp_path, progress=ignore, cancel=cancel
        )
    canceller.join()
    assert server.waiting  # the connection is still open: the download did not wait for it
    assert not list(tmp_path.iterdir())


def test_damaged_partial_data_is_detected_and_downloaded_again(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        fetch(store, server, tmp_path, progress=interrupt_after(100_000), config=SMALL_READS)
    (part,) = tmp_path.glob("*.part")
    part.write_bytes(bytes(part.stat().st_size))
    counts: list[int] = []
    assert fetch(store, server, tmp_path, progress=counts.append) == CONTENT
    assert sum(counts) == len(CONTENT)


def test_four_threads_on_one_target_all_get_the_right_bytes(
    store: ObjectStoreClient, tmp_path: Path
) -> None:
    results: list[bytes] = []
    with fault_server(CONTENT, seed=5) as server:
        server.faults = ["cut"] * 12
        threads = [
            threading.Thread(target=lambda: results.append(fetch(store, server, tmp_path)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [CONTENT] * 4
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("block", range(5))
def test_500_random_fault_sequences_give_the_right_bytes_or_an_error(
    patient_store: ObjectStoreClient, tmp_path: Path, block: int
) -> None:
    """Fetch concurrent ranges in every second block. Interrupt and repeat some downloads."""
    config = PARALLEL if block % 2 else SINGLE
    succeeded = failed = 0
    store = ObjectStoreClient("test", timeout_seconds=0.2)
    with fault_server(CONTENT, seed=block) as server:
        for seed in range(100 * block, 100 * (block + 1)):
            chance = random.Random(seed)
            server.faults = [chance.choice([*FAULTS, "none"]) for _ in range(chance.randint(0, 8))]
            interruption = (
                interrupt_after(chance.randrange(1, 400_000)) if chance.random() < 0.4 else ignore
            )
            folder = tmp_path / f"{seed}"
            for progress in (interruption, ignore):
                try:
                    content = fetch(store, server, folder, progress=progress, config=config)
                    assert content == CONTENT, seed
                except DataOpsError:
                    failed += 1
                except Interrupted:
                    continue
                else:
                    succeeded += 1
                break
            left = [path.name for path in folder.iterdir()]
            assert all(
                name.startswith(".a.zip.") and name.endswith((".part", ".part.json"))
                for name in left
            ), (seed, left)
            if left:  # the partial data is valid and can be resumed
                server.faults = []
                assert fetch(patient_store, server, folder, config=config) == CONTENT, seed
                assert not list(folder.iterdir())
    store.close()
    assert succeeded > 50
    assert succeeded + failed == 100


@pytest.mark.parametrize("config", [SINGLE, PARALLEL], ids=["single", "parallel"])
def test_truncated_downloads_repeat_less_than_5_percent_of_the_bytes(
    store: ObjectStoreClient, tmp_path: Path, config: TransferConfig
) -> None:
    with fault_server(CONTENT, seed=3) as server:
        for trial in range(50):
            server.faults = ["cut"] * (trial % 5)
            fetch(store, server, tmp_path / f"{trial}", config=config)
        assert server.sent_bytes <= 1.05 * 50 * len(CONTENT)
