"""Numbers of runs and sub-runs as ranges, such as `0-5,8`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dataops_client.errors import InvalidRequest

_PART = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)
_MAX_NUMBERS = 10_000


def parse_ranges(*texts: str) -> list[str]:
    """Return the numbers of ranges, without repetitions, in the order given.

    Args:
        texts: Numbers and ranges, separated by commas.

    Raises:
        InvalidRequest: A part is not a number or a range, or a range is reversed.

    Example:
        >>> parse_ranges("0-2,8", "2")
        ['0', '1', '2', '8']
    """
    found: dict[str, None] = {}
    for part in ",".join(texts).split(","):
        match = _PART.fullmatch(part.strip())
        if not match:
            raise InvalidRequest(f"{part!r} is not a number or a range; use for example 0-5,8")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise InvalidRequest(f"range {part!r} is reversed; use {last}-{first}")
        if last - first >= _MAX_NUMBERS:
            raise InvalidRequest(f"range {part!r} has more than {_MAX_NUMBERS} numbers")
        found |= dict.fromkeys(map(str, range(first, last + 1)))
    return list(found)


def format_ranges(numbers: Iterable[str]) -> str:
    """Return numbers in ascending order, with successive ones as ranges, then other texts.

    Example:
        >>> format_ranges(["0", "1", "2", "8"])
        '0-2,8'
    """
    texts, ranges = list(numbers), list[list[int]]()
    for number in sorted(int(text) for text in texts if text.isdecimal()):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    parts = [f"{first}" if first == last else f"{first}-{last}" for first, last in ranges]
    return ",".join([*parts, *(text for text in texts if not text.isdecimal())])
