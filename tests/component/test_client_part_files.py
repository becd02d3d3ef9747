"""Part files: partial data survives kills, and is never written by two processes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from dataops_client import Cancelled, ChecksumMismatch, TransferFailed
from dataops_client.transfer import part_ownership
from dataops_client.transfer.engine import Downloader
from dataops_client.transfer.object_store import ObjectStoreClient
from dataops_client.transfer.part_file import PartFile

from tests.support.fault_server import FaultServer, fault_server
from tests.support.transfer_helpers import (
    CONTENT,
    SMALL_READS,
    Interrupted,
    build_link,
    fetch,
    ignore,
    interrupt_after,
    set_after,
)

ROOT = Path(__file__).parents[2]
CHILD = ROOT / "tests" / "support" / "transfer_child.py"
UNUSED_PID = 2**22 + 1
"""Linux assigns no PID as large as this."""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with fault_server(CONTENT, seed=11) as running:
        yield running


@pytest.fixture
def store() -> Iterator[ObjectStoreClient]:
    client = ObjectStoreClient("test", timeout_seconds=10)
    yield client
    client.close()


def write_part(server: FaultServer, folder: Path, count: int, **changes: object) -> PartFile:
    """Return a part in progress with so many bytes from the start."""
    part = PartFile(build_link(server, **changes), folder)  # type: ignore[arg-type]
    part.write(0, CONTENT[:count])
    part.save()
    return part


def give_to(path: Path, owner: str) -> Path:
    """Rename a part and its sidecar, as if another process owned them."""
    stem = path.name.removesuffix(".part").rpartition(".")[0]
    target = path.with_name(f"{stem}.{owner}.part")
    path.with_name(f"{path.name}.json").rename(target.with_name(f"{target.name}.json"))
    return path.rename(target)


def leave_part(server: FaultServer, folder: Path, count: int, owner: str) -> Path:
    """Return the path of a part of this owner, changed now, with so many bytes from the start."""
    earlier = set(folder.glob("*.part"))
    write_part(server, folder, count).release()
    (released,) = set(folder.glob("*.part")) - earlier
    os.utime(released)
    return give_to(released, owner)


def get_host_id() -> str:
    return part_ownership.new_owner_id().split("-")[0]


@pytest.mark.parametrize("sidecar", ["", "{", "[]", '{"present": [[0, 5]]}'])
def test_a_part_with_an_invalid_sidecar_is_downloaded_again(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path, sidecar: str
) -> None:
    with pytest.raises(Interrupted):
        fetch(store, server, tmp_path, progress=interrupt_after(100_000), config=SMALL_READS)
    next(tmp_path.glob("*.json")).write_text(sidecar)
    assert fetch(store, server, tmp_path) == CONTENT
    assert not list(tmp_path.iterdir())


def test_a_part_of_another_archive_is_deleted(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    other = build_link(server, archive_key="archives/other.zip")
    with pytest.raises(Interrupted):
        fetch(store, server, tmp_path, other, interrupt_after(1), SMALL_READS)
    assert fetch(store, server, tmp_path) == CONTENT
    assert not list(tmp_path.iterdir())


def test_a_part_in_use_is_not_touched(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    other = PartFile(build_link(server), tmp_path)
    other.write(0, b"not what it should be")
    other.save()
    assert fetch(store, server, tmp_path) == CONTENT
    assert other.path.read_bytes() == b"not what it should be"
    other.discard()


@pytest.mark.skipif(os.name != "posix", reason="processes can only be checked on POSIX")
@pytest.mark.parametrize(
    ("host", "pid", "age_seconds", "is_adopted"),
    [
        ("here", UNUSED_PID, 0, True),
        ("here", os.getpid(), 0, True),  # with the token of another process: a restarted container
        ("here", os.getppid(), 0, False),
        ("here", os.getppid(), 7200, True),  # the PID was reused
        ("elsewhere", UNUSED_PID, 0, False),
        ("elsewhere", UNUSED_PID, 7200, True),
    ],
    ids=["dead", "restarted", "alive", "reused pid", "other host", "idle on other host"],
)
def test_only_parts_of_dead_or_idle_owners_are_adopted(
    server: FaultServer, tmp_path: Path, host: str, pid: int, age_seconds: int, is_adopted: bool
) -> None:
    host_id = get_host_id() if host == "here" else "0123abcd"
    path = leave_part(server, tmp_path, 1000, f"{host_id}-{pid}-0123456789abcdef")
    os.utime(path, (path.stat().st_mtime - age_seconds,) * 2)
    part = PartFile(build_link(server), tmp_path)
    assert part.present_bytes == (1000 if is_adopted else 0)
    assert path.exists() is not is_adopted
    part.discard()


def test_an_adopted_part_looks_alive_to_other_hosts_at_once(
    server: FaultServer, tmp_path: Path
) -> None:
    path = leave_part(server, tmp_path, 1000, f"0123abcd-{UNUSED_PID}-0123456789abcdef")
    os.utime(path, (0, 0))
    part = PartFile(build_link(server), tmp_path)
    assert part.present_bytes == 1000
    owner_id = part.path.name.removesuffix(".part").rpartition(".")[2]
    of_another_host = owner_id.replace(get_host_id(), "fedcba98")
    assert not part_ownership.is_orphaned(of_another_host, part.path)
    part.discard()


def test_the_largest_of_several_parts_is_resumed_and_the_others_deleted(
    server: FaultServer, tmp_path: Path
) -> None:
    paths = [
        leave_part(server, tmp_path, count, owner)
        for count, owner in ((1000, "10-1-0"), (50_000, "20-1-0"), (20_000, "30-1-0"))
    ]
    for path in paths:
        os.utime(path, (0, 0))
    part = PartFile(build_link(server), tmp_path)
    assert part.present_bytes == 50_000
    assert part.read(0, 50_000) == CONTENT[:50_000]
    assert sorted(tmp_path.iterdir()) == [part.path, part.path.with_name(f"{part.path.name}.json")]
    part.discard()
    assert not list(tmp_path.iterdir())


def test_an_archive_is_not_downloaded_again_after_a_kill_during_extraction(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    link = build_link(server)
    part = Downloader(store, SMALL_READS).download(link, lambda: link, tmp_path, progress=ignore)
    give_to(part.path, f"{get_host_id()}-{UNUSED_PID}-0")
    server.sent_bytes = 0
    assert fetch(store, server, tmp_path) == CONTENT
    assert server.sent_bytes == (0 if os.name == "posix" else len(CONTENT))


def test_a_part_without_a_sidecar_is_downloaded_again(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    part = write_part(server, tmp_path, 1000)
    part.write(len(CONTENT) - 10, CONTENT[-10:])
    part.release()
    next(tmp_path.glob("*.json")).unlink()
    assert fetch(store, server, tmp_path) == CONTENT


def test_a_part_that_another_process_took_over_is_not_returned(
    server: FaultServer, tmp_path: Path
) -> None:
    part = write_part(server, tmp_path, len(CONTENT))
    give_to(part.path, "fedcba98-1-0")
    with pytest.raises(TransferFailed, match="taken over"):
        part.finish()
    part.release()
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".part", ".json"]


def test_resumed_data_with_another_checksum_is_not_kept(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    wrong = build_link(server, b"x" * len(CONTENT))
    with pytest.raises(Interrupted):
        fetch(store, server, tmp_path, wrong, interrupt_after(100_000), SMALL_READS)
    with pytest.raises(ChecksumMismatch):
        fetch(store, server, tmp_path, wrong)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_after_a_download_has_ended(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path
) -> None:
    """Check that a late response is not written to a reused file descriptor."""
    server.faults = ["late"]
    cancel, link = threading.Event(), build_link(server)
    canceller = threading.Thread(target=set_after, args=(server.stalled, cancel))
    canceller.start()
    with pytest.raises(Cancelled):
        Downloader(store, SMALL_READS).download(
            link, lambda: link, tmp_path, progress=ignore, cancel=cancel
        )
    canceller.join()
    with ExitStack() as stack:
        others = [stack.enter_context((tmp_path / str(number)).open("w+b")) for number in range(8)]
        server.released.set()
        for worker in [thread for thread in threading.enumerate() if thread.name == "transfer"]:
            worker.join()
        assert not any(os.fstat(other.fileno()).st_size for other in others)


def start_child(
    server: FaultServer, folder: Path, kind: str, *, kill_after: int = 0
) -> subprocess.Popen[str]:
    command = [sys.executable, str(CHILD), server.url, str(folder), str(kill_after), kind]
    path = f"{ROOT}{os.pathsep}{ROOT / 'client'}"
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    )


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("kind", ["single", "parallel"])
def test_the_data_of_killed_processes_is_resumed_by_others(
    store: ObjectStoreClient, server: FaultServer, tmp_path: Path, kind: str
) -> None:
    for present in (100_000, 200_000):
        with start_child(server, tmp_path, kind, kill_after=present) as process:
            process.communicate()
        assert process.returncode == -9
    server.sent_bytes = 0
    assert fetch(store, server, tmp_path) == CONTENT
    assert server.sent_bytes <= len(CONTENT) - 200_000
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["single", "parallel"])
def test_two_processes_on_one_target_both_get_the_right_bytes(
    server: FaultServer, tmp_path: Path, kind: str
) -> None:
    server.faults = ["together", "together", *["cut"] * 6]
    with start_child(server, tmp_path, kind) as one, start_child(server, tmp_path, kind) as other:
        digests = {one.communicate()[0].strip(), other.communicate()[0].strip()}
    assert (one.returncode, other.returncode) == (0, 0)
    assert digests == {hashlib.sha256(CONTENT).hexdigest()}
    assert not server.together.broken
    assert not list(tmp_path.iterdir())
