"""Blocks wait for the hashing thread in order, within a limit of memory."""

from __future__ import annotations

from dataops_client.transfer.arrived_blocks import ArrivedBlocks


def test_blocks_that_arrive_in_order_are_taken_once() -> None:
    arrived = ArrivedBlocks()
    arrived.add(0, b"ab")
    arrived.add(2, b"c")
    assert arrived.take(3) == ([b"ab", b"c"], 3)
    assert arrived.take(3) == ([], 3)


def test_blocks_out_of_order_are_left_to_the_part_file() -> None:
    arrived = ArrivedBlocks()
    arrived.add(5, b"late")
    assert arrived.take(0) == ([], 0)
    arrived.add(0, b"first")
    assert arrived.take(9) == ([b"first"], 5)
    assert arrived.take(9) == ([], 9)


def test_data_of_an_earlier_attempt_is_followed_by_blocks() -> None:
    arrived = ArrivedBlocks()
    assert arrived.take(100) == ([], 100)
    arrived.add(100, b"next")
    assert arrived.take(104) == ([b"next"], 104)


def test_blocks_that_exceed_the_limit_are_left_to_the_part_file() -> None:
    block, arrived = bytes(3 * 2**20), ArrivedBlocks()
    for number in range(5):
        arrived.add(number * len(block), block)
    blocks, end = arrived.take(5 * len(block))
    assert (len(blocks), end) == (3, 3 * len(block))
    assert arrived.take(5 * len(block)) == ([], 5 * len(block))
    arrived.add(5 * len(block), block)
    assert arrived.take(6 * len(block)) == ([block], 6 * len(block))
