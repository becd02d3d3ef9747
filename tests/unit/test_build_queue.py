"""Builds in the background of one process: one for each order, a few at a time."""

from __future__ import annotations

import threading
from queue import SimpleQueue

import pytest

from chalicelib.adapters.local.build_queue import LocalBuildQueue
from chalicelib.domain.builds import ArchiveSpec, BuildRequest
from chalicelib.domain.runs import SubRunKey
from chalicelib.domain.selection import Selection
from chalicelib.usecases.build_ports import BuilderTask
from chalicelib.usecases.build_slots import BuildSlots

SPECS = [
    ArchiveSpec(SubRunKey.parse("Zr49Cu49Al2", "21", str(number)), Selection())
    for number in range(5)
]


class Build:
    """A build that signals its start, and ends when it is released."""

    def __init__(self) -> None:
        self.begun: SimpleQueue[BuildRequest] = SimpleQueue()
        self._may_end = threading.Semaphore(0)

    def __call__(self, request: BuilderTask) -> None:
        assert isinstance(request, BuildRequest)
        self.begun.put(request)
        assert self._may_end.acquire(timeout=30)
        if request.holder == "fails":
            raise RuntimeError("no space")

    def end(self) -> None:
        self._may_end.release()


@pytest.fixture
def build() -> Build:
    return Build()


def builder_threads() -> int:
    return sum(thread.name == "builder" for thread in threading.enumerate())


def test_many_polls_of_one_queued_build_add_no_thread_and_build_once(build: Build) -> None:
    queue = LocalBuildQueue(build, BuildSlots(1))
    before = builder_threads()
    queue.submit(BuildRequest(SPECS[0], "working"))
    assert build.begun.get(timeout=30) == BuildRequest(SPECS[0], "working")
    for number in range(2000):
        queue.submit(BuildRequest(SPECS[1], f"poll {number}"))
    assert builder_threads() == before + 1
    build.end()
    assert build.begun.get(timeout=30) == BuildRequest(SPECS[1], "poll 1999")
    queue.submit(BuildRequest(SPECS[2], "next"))
    build.end()
    assert build.begun.get(timeout=30) == BuildRequest(SPECS[2], "next")
    build.end()


def test_as_many_builds_run_at_a_time_as_there_are_slots(build: Build) -> None:
    queue = LocalBuildQueue(build, BuildSlots(2))
    before = builder_threads()
    for spec in SPECS:
        queue.submit(BuildRequest(spec, "holder"))
    first = {build.begun.get(timeout=30).spec, build.begun.get(timeout=30).spec}
    assert (builder_threads(), build.begun.empty()) == (before + 2, True)
    for _ in SPECS:
        build.end()
    assert first | {build.begun.get(timeout=30).spec for _ in SPECS[2:]} == set(SPECS)


def test_a_build_that_fails_does_not_end_the_queue(build: Build) -> None:
    queue = LocalBuildQueue(build, BuildSlots(1))
    queue.submit(BuildRequest(SPECS[0], "fails"))
    queue.submit(BuildRequest(SPECS[1], "holder"))
    build.end()
    assert [build.begun.get(timeout=30).spec for _ in range(2)] == SPECS[:2]
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
