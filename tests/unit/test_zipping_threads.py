"""What the packer does behind the iteration.

Reads ahead, within bounds, and leaves nothing behind.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from chalicelib.zipstream import Member, ZipStream
from chalicelib.zipstream.pipeline import BLOCK_BYTES, READERS
from tests.support.zip_sources import source

BLOCK = bytes(BLOCK_BYTES)
ENDLESS = 2**50


class Tap:
    """Members that say how much was read of them, and whether they were closed."""

    def __init__(self) -> None:
        self.read_bytes = 0
        self.opened = 0
        self.closed = 0
        self._lock = threading.Lock()

    def member(
        self, name: str, size_bytes: int = ENDLESS, fails: Callable[[], None] = lambda: None
    ) -> Member:
        return Member(name, size_bytes, lambda: self._flow(size_bytes, fails))

    def _flow(self, size_bytes: int, fails: Callable[[], None]) -> Iterator[bytes]:
        with self._lock:
            self.opened += 1
        try:
            for _ in range(size_bytes // len(BLOCK)):
                fails()
                with self._lock:
                    self.read_bytes += len(BLOCK)
                yield BLOCK
        finally:
            with self._lock:
                self.closed += 1


def packer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("zip-")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(packer_threads())
    yield
    assert set(packer_threads()) <= before


def test_members_are_opened_ahead_of_their_turn() -> None:
    together = threading.Barrier(READERS)  # passes once that many are open at a time

    def meet() -> Iterator[bytes]:
        together.wait(timeout=30)
        yield b"x"

    b"".join(ZipStream([Member(f"{number}", 1, meet) for number in range(READERS)]))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_reading_ahead_is_bounded(workers: int) -> None:
    tap = Tap()
    size = 64 * BLOCK_BYTES
    stream = ZipStream([tap.member(f"{number}", size) for number in range(20)], workers=workers)
    ahead = (workers + 4) * BLOCK_BYTES * READERS
    for _ in stream:
        delivered = sum(member.size_bytes for member in stream.members)
        assert tap.read_bytes - delivered <= size + ahead
    assert tap.closed == tap.opened == 20


def test_one_endless_member_is_read_no_further_than_its_window() -> None:
    tap = Tap()
    pieces = iter(ZipStream([tap.member("a")], workers=2))
    next(pieces)
    threads = packer_threads()
    pieces.close()  # waits for the readers, so what is counted is final
    assert threads
    # Zeros deflate 250-fold: a first piece of 128 KiB takes some 130 blocks.
    assert tap.read_bytes < 500 * BLOCK_BYTES
    assert tap.closed == 1


def test_an_abandoned_iteration_ends_its_threads_and_closes_its_sources() -> None:
    tap = Tap()
    pieces = iter(ZipStream([tap.member(f"{number}") for number in range(2 * READERS)]))
    next(pieces)
    del pieces
    assert not packer_threads()
    assert tap.opened == tap.closed > 0


def test_an_iteration_that_never_began_has_no_threads() -> None:
    ZipStream([source("a", b"x")])
    iter(ZipStream([source("a", b"x")]))
    assert packer_threads() == []


def test_a_failing_source_fails_the_iteration_with_its_own_error() -> None:
    tap = Tap()

    def broken() -> Iterator[bytes]:
        raise ConnectionResetError("gone")

    stream = ZipStream([tap.member("a", 3 * BLOCK_BYTES), Member("b", 1, broken), tap.member("c")])
    with pytest.raises(ConnectionResetError, match="gone"):
        b"".join(stream)
    assert tap.opened == tap.closed
    assert not hasattr(stream, "sha256")


def test_a_failure_ahead_is_not_waited_for() -> None:
    tap = Tap()

    def refuse() -> Iterator[bytes]:
        raise PermissionError("no")

    with pytest.raises(PermissionError):
        for _ in ZipStream([tap.member("endless"), Member("refused", 1, refuse)]):
            pass
    assert tap.closed == 1


def test_a_source_that_fails_midway_is_never_a_member() -> None:
    tap = Tap()

    def fail_late() -> None:
        if tap.read_bytes >= 5 * BLOCK_BYTES:
            raise TimeoutError("late")

    stream = ZipStream([tap.member("a", 8 * BLOCK_BYTES, fail_late)])
    with pytest.raises(TimeoutError):
        b"".join(stream)
    assert not stream.members
    assert tap.closed == 1


def test_a_failure_of_the_consumer_ends_the_threads() -> None:
    tap = Tap()
    stream = ZipStream([tap.member(f"{number}") for number in range(3)])

    def consume() -> None:
        for _ in stream:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        consume()
    assert not packer_threads()
    assert tap.opened == tap.closed
