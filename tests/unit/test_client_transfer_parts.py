"""What has arrived stays, through kills and between processes: whose it is, and who may take it over."""

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
from dataops_client import Cancelled, ChecksumMismatch
from dataops_client.transfer import engine, part_file, part_ownership
from dataops_client.transfer.object_store import ObjectStoreClient
from dataops_client.transfer.part_file import PartFile

from tests.support.fault_server import FaultServer, fault_server
from tests.support.transfers import CONTENT, Interrupted, fetch, interrupted_after, link, nothing

ROOT = Path(__file__).parents[2]
CHILD = ROOT / "tests" / "support" / "transfer_child.py"
NOBODY = 2**22 + 1
"""A process number that Linux gives to none."""


@pytest.fixture
def storage() -> Iterator[FaultServer]:
    with fault_server(CONTENT, seed=11) as server:
        yield server


@pytest.fixture
def http() -> Iterator[ObjectStoreClient]:
    storage = ObjectStoreClient("test", timeout_seconds=10)
    yield storage
    storage.close()


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_READ_BYTES", 5_000)


def part_of(server: FaultServer, folder: Path, count: int, **changes: object) -> PartFile:
    """Somebody's part, with so many bytes from the beginning."""
    part = PartFile(link(server, **changes), folder)  # type: ignore[arg-type]
    part.write(0, CONTENT[:count])
    part.save()
    return part


def given_to(part: PartFile, host: str, pid: int) -> Path:
    """The part, as that process would have named it."""
    name = part.path.name.removesuffix(".part").rsplit(".", 1)[0]
    path = part.path.with_name(f"{name}.{host}-{pid}-0123456789abcdef.part")
    part.path.with_name(f"{part.path.name}.json").rename(path.with_name(f"{path.name}.json"))
    return part.path.rename(path)


@pytest.mark.parametrize("sidecar", ["", "{", "[]", '{"present": [[0, 5]]}'])
def test_a_part_without_a_sidecar_that_can_be_read_is_fetched_anew(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path, sidecar: str
) -> None:
    with pytest.raises(Interrupted):
        fetch(http, storage, tmp_path, progress=interrupted_after(100_000))
    next(tmp_path.glob("*.json")).write_text(sidecar)
    assert fetch(http, storage, tmp_path) == CONTENT
    assert not list(tmp_path.iterdir())


def test_a_part_of_another_content_is_not_continued_and_goes_away(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        fetch(
            http,
            storage,
            tmp_path,
            link(storage, archive_key="archives/other.zip"),
            interrupted_after(1),
        )
    assert fetch(http, storage, tmp_path) == CONTENT
    assert not list(tmp_path.iterdir())


def test_a_part_that_somebody_works_on_is_left_alone(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    other = PartFile(link(storage), tmp_path)
    other.write(0, b"not what it should be")
    other.save()
    assert fetch(http, storage, tmp_path) == CONTENT
    assert other.path.read_bytes() == b"not what it should be"
    other.discard()


@pytest.mark.skipif(os.name != "posix", reason="other systems do not tell whether a process lives")
@pytest.mark.parametrize(
    ("host", "pid", "age_seconds", "is_taken"),
    [
        ("here", NOBODY, 0, True),
        ("here", os.getpid(), 0, True),  # with a token that is not ours: a container started again
        ("here", os.getppid(), 0, False),
        ("here", os.getppid(), 7200, True),  # the number is another process's by now
        ("elsewhere", NOBODY, 0, False),
        ("elsewhere", NOBODY, 7200, True),
    ],
    ids=[
        "ended",
        "restarted",
        "alive",
        "number taken by another",
        "elsewhere",
        "elsewhere and at rest",
    ],
)
def test_a_part_is_taken_over_from_the_dead_alone(
    storage: FaultServer, tmp_path: Path, host: str, pid: int, age_seconds: int, is_taken: bool
) -> None:
    here = part_ownership.new_owner_id().split("-")[0]
    path = given_to(part_of(storage, tmp_path, 1000), here if host == "here" else "0123abcd", pid)
    os.utime(path, (path.stat().st_mtime - age_seconds,) * 2)
    part = PartFile(link(storage), tmp_path)
    assert part.present_bytes == (1000 if is_taken else 0)
    assert path.exists() is not is_taken
    part.discard()


def test_a_part_that_was_taken_over_looks_alive_to_other_machines_at_once(
    storage: FaultServer, tmp_path: Path
) -> None:
    path = given_to(part_of(storage, tmp_path, 1000), "0123abcd", NOBODY)
    os.utime(path, (0, 0))
    part = PartFile(link(storage), tmp_path)
    assert part.present_bytes == 1000
    as_elsewhere = (
        part.path.name.removesuffix(".part")
        .rsplit(".", 1)[-1]
        .replace(part_ownership.new_owner_id().split("-")[0], "fedcba98")
    )
    assert not part_ownership.is_orphaned(as_elsewhere, part.path)
    part.discard()


def test_of_several_parts_the_largest_is_continued_and_the_others_go_away(
    storage: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter("abc")
    monkeypatch.setattr(part_file, "orphan_id", lambda: next(names))
    for part in [part_of(storage, tmp_path, count) for count in (1000, 50_000, 20_000)]:
        part.release()
    assert len(list(tmp_path.glob("*.part"))) == 3
    part = PartFile(link(storage), tmp_path)
    assert part.present_bytes == 50_000
    assert part.read(0, 50_000) == CONTENT[:50_000]
    assert sorted(tmp_path.iterdir()) == [part.path, part.path.with_name(f"{part.path.name}.json")]
    part.discard()
    assert not list(tmp_path.iterdir())


def test_an_archive_whose_extraction_was_killed_is_not_fetched_again(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    fetched = engine.fetch(http, link(storage), lambda: link(storage), tmp_path, nothing)
    stem = fetched.name.removesuffix(".part").rsplit(".", 1)[0]
    fetched.rename(
        tmp_path / f"{stem}.{part_ownership.new_owner_id().split('-')[0]}-{NOBODY}-0.part"
    )
    storage.sent_bytes = 0
    assert fetch(http, storage, tmp_path) == CONTENT
    assert storage.sent_bytes == (0 if os.name == "posix" else len(CONTENT))


def test_a_file_of_the_full_length_with_holes_is_found_out(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    part = part_of(storage, tmp_path, 1000)
    part.write(len(CONTENT) - 10, CONTENT[-10:])
    part.release()
    next(tmp_path.glob("*.json")).unlink()
    assert fetch(http, storage, tmp_path) == CONTENT


def test_what_arrives_of_another_content_than_was_resumed_is_not_kept(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    wrong = link(storage, b"x" * len(CONTENT))
    with pytest.raises(Interrupted):
        fetch(http, storage, tmp_path, wrong, interrupted_after(100_000))
    with pytest.raises(ChecksumMismatch):
        fetch(http, storage, tmp_path, wrong)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_once_a_download_has_ended(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path
) -> None:
    """By a worker that got its answer too late: the number of its file is another file's by then."""
    storage.faults = ["late"]
    stop = threading.Event()
    set_stop = threading.Thread(target=lambda: stop.set() if storage.stalled.wait(60) else None)
    set_stop.start()
    with pytest.raises(Cancelled):
        engine.fetch(http, link(storage), lambda: link(storage), tmp_path, nothing, stop)
    set_stop.join()
    with ExitStack() as stack:
        others = [stack.enter_context((tmp_path / str(number)).open("w+b")) for number in range(8)]
        storage.released.set()
        for worker in [thread for thread in threading.enumerate() if thread.name == "transfer"]:
            worker.join()
        assert not any(os.fstat(other.fileno()).st_size for other in others)


def child(
    storage: FaultServer, folder: Path, *, killed_after: int = 0, ranges: bool = False
) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        str(CHILD),
        storage.url,
        str(folder),
        str(killed_after),
        "ranges" if ranges else "whole",
    ]
    paths = f"{ROOT}{os.pathsep}{ROOT / 'client'}"
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("ranges", [False, True])
def test_what_killed_processes_had_is_continued_by_others(
    http: ObjectStoreClient, storage: FaultServer, tmp_path: Path, ranges: bool
) -> None:
    for present in (100_000, 200_000):
        with child(storage, tmp_path, killed_after=present, ranges=ranges) as process:
            process.communicate()
        assert process.returncode == -9
    storage.sent_bytes = 0
    assert fetch(http, storage, tmp_path) == CONTENT
    assert storage.sent_bytes <= len(CONTENT) - 200_000
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ranges", [False, True])
def test_two_processes_at_once_on_one_target_both_end_with_the_right_bytes(
    storage: FaultServer, tmp_path: Path, ranges: bool
) -> None:
    storage.faults = ["together", "together", *["cut"] * 6]
    with (
        child(storage, tmp_path, ranges=ranges) as one,
        child(storage, tmp_path, ranges=ranges) as other,
    ):
        said = {one.communicate()[0].strip(), other.communicate()[0].strip()}
    assert (one.returncode, other.returncode) == (0, 0)
    assert said == {hashlib.sha256(CONTENT).hexdigest()}
    assert not storage.together.broken
    assert not list(tmp_path.iterdir())
