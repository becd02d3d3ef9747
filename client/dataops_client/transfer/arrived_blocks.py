"""Blocks of an archive between the thread that receives them and the thread that hashes them."""

from __future__ import annotations

_MAX_BYTES = 8 * 1024 * 1024


class ArrivedBlocks:
    """Blocks that arrived in order and are not hashed yet, so that they are not read back.

    Blocks out of order, and those that exceed 8 MiB, are left to the part file.
    """

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._start = self._end = 0

    def add(self, position: int, block: bytes) -> None:
        if position == self._end and position - self._start < _MAX_BYTES:
            self._blocks.append(block)
            self._end += len(block)

    def take(self, available: int) -> tuple[list[bytes], int]:
        """Return the blocks, and the position of their end, or `available` if there are none."""
        blocks, self._blocks = self._blocks, []
        self._start = self._end = self._end if blocks else max(available, self._end)
        return blocks, self._end
