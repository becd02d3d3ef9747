"""Builds in the background of one process: one for each order, a few at a time."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from chalicelib.adapters.local.build_queue import BuildQueue
from chalicelib.domain.archive import BuildOrder, Selection
from chalicelib.domain.runs import SubRunKey
from chalicelib.usecases.build_slots import BuildSlots

ORDERS = [
    BuildOrder(SubRunKey.parse("Zr49Cu49Al2", "21", str(number)), Selection())
    for number in range(5)
]


class Build:
    """A build that tells when it begins and ends when it is allowed to."""

    def __init__(self) -> None:
        self.begun: SimpleQueue[tuple[BuildOrder, str]] = SimpleQueue()
        self._may_end = threading.Semaphore(0)

    def __call__(self, order: BuildOrder, holder: str) -> None:
        self.begun.put((order, holder))
        assert self._may_end.acquire(timeout=30)
        if holder == "fails":
            raise RuntimeError("no space")

    def end(self) -> None:
        self._may_end.release()


@pytest.fixture
def build() -> Build:
    return Build()


def builder_threads() -> int:
    return sum(thread.name == "builder" for thread in threading.enumerate())


def test_many_polls_of_one_queued_build_add_no_thread_and_build_once(build: Build) -> None:
    queue = BuildQueue(build, BuildSlots(1))
    before = builder_threads()
    queue.start(ORDERS[0], "working")
    assert build.begun.get(timeout=30) == (ORDERS[0], "working")
    for number in range(2000):
        queue.start(ORDERS[1], f"poll {number}")
    assert builder_threads() == before + 1
    build.end()
    assert build.begun.get(timeout=30) == (ORDERS[1], "poll 1999")
    queue.start(ORDERS[2], "next")
    build.end()
    assert build.begun.get(timeout=30) == (ORDERS[2], "next")
    build.end()


def test_as_many_builds_run_at_a_time_as_there_are_slots(build: Build) -> None:
    queue = BuildQueue(build, BuildSlots(2))
    before = builder_threads()
    for order in ORDERS:
        queue.start(order, "holder")
    first = {build.begun.get(timeout=30)[0], build.begun.get(timeout=30)[0]}
    assert (builder_threads(), build.begun.empty()) == (before + 2, True)
    for _ in ORDERS:
        build.end()
    assert first | {build.begun.get(timeout=30)[0] for _ in ORDERS[2:]} == set(ORDERS)


def test_a_build_that_fails_does_not_end_the_queue(build: Build) -> None:
    queue = BuildQueue(build, BuildSlots(1))
    queue.start(ORDERS[0], "fails")
    queue.start(ORDERS[1], "holder")
    build.end()
    assert [build.begun.get(timeout=30)[0] for _ in range(2)] == ORDERS[:2]
    build.end()


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_request_gets_a_slot_if_one_is_free(taken: int) -> None:
    slots = BuildSlots(2, wait_seconds=0)
    held = [slots.within_request() for _ in range(taken)]
    assert all(slot.__enter__() for slot in held)
    with slots.within_request() as has_slot:
        assert has_slot == (taken < 2)
    for slot in held:
        slot.__exit__(None, None, None)
    with (
        slots.within_request() as has_slot,
        slots.within_request() as has_second,
        slots.within_request() as has_third,
    ):
        assert (has_slot, has_second, has_third) == (True, True, False)
