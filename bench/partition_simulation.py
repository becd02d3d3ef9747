"""Simulation of the partitions of the run table: the highest rates before requests are throttled.

    python -m bench.partition_simulation

A partition of DynamoDB serves 3,000 read units and 1,000 write units per second. A partition that
stays at its limit is split where the traffic halves ("split for heat"), which gives no relief if
the traffic goes to neighboring keys, as that of new runs does. Two designs are compared: all runs
under one partition key, and one partition key per composition. The model is a fluid: it has rates
instead of single requests, and no burst capacity. docs/explanation/scale.md uses its results.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, pairwise

READ_UNITS, WRITE_UNITS = 3_000.0, 1_000.0
"""Limits of a partition per second."""
_NEW_TABLE_PARTITIONS = 4
"""A new on-demand table serves 12,000 read and 4,000 write units."""
_NEW_RUN_BYTES, _RUN_BYTES = 180, 260
"""Size of a run in DynamoDB before and after it is augmented."""
_READ_UNIT_BYTES = 4_096
_CLAIM_SECONDS = 60
"""Scheduling reads all runs that were scheduled in the last minute: they may be released."""
_RANGES = 32
"""Ranges of run numbers per composition, between which a partition can be split."""
_PERIODS = 6
"""A partition that is at its limit in one period is split before the next."""
_TOLERATED = 0.01


class Design(Enum):
    """The partition key of a run."""

    ONE_KEY = "one key"
    KEY_PER_COMPOSITION = "key per composition"


class Kind(Enum):
    """A kind of request. New runs are the last keys of a composition; the others use any run."""

    SCHEDULE = "schedule"
    SCHEDULE_BOUNDED = "schedule, if it read at most 100 runs"
    STATUS = "status, download"
    PAGE = "available?limit=100"
    LIST_1000 = "available?nc=, 1,000 runs"


_SCHEDULING = (Kind.SCHEDULE, Kind.SCHEDULE_BOUNDED)


@dataclass(frozen=True, slots=True)
class Cost:
    """Read and write units of one request."""

    reads: float
    writes: float


def get_cost(kind: Kind, rate_of_composition: float) -> Cost:
    """Return the cost; that of scheduling depends on the rate, because it reads recent runs."""
    if kind in _SCHEDULING:
        recent = 1 + _CLAIM_SECONDS * rate_of_composition
        read = recent if kind is Kind.SCHEDULE else min(recent, 100)
        return Cost(count_read_units(read * _NEW_RUN_BYTES), 1)
    runs = {Kind.PAGE: 101, Kind.LIST_1000: 1_000}.get(kind, 1)
    return Cost(count_read_units(runs * _RUN_BYTES), 0)


def count_read_units(size_bytes: float) -> int:
    """Return the read units of one consistent query that reads so many bytes."""
    return max(1, math.ceil(size_bytes / _READ_UNIT_BYTES))


def get_popularity(compositions: int) -> list[float]:
    """Return the share of each composition in the traffic, by Zipf's law."""
    weights = [1 / rank for rank in range(1, compositions + 1)]
    return [weight / sum(weights) for weight in weights]


def simulate(kind: Kind, rate: float, compositions: int, design: Design) -> list[float]:
    """Return the share of throttled requests in each period."""
    cells = compositions * _RANGES
    count = 1 if design is Design.ONE_KEY else min(_NEW_TABLE_PARTITIONS, compositions)
    borders = [round(cells * part / count) for part in range(count + 1)]
    shares = _spread(get_popularity(compositions))
    throttled = []
    for _ in range(_PERIODS):
        reads, writes = [0.0] * cells, [0.0] * cells
        for composition, share in enumerate(shares):
            cost = get_cost(kind, rate * share)
            ranges = [_RANGES - 1] if kind in _SCHEDULING else range(_RANGES)
            for cell in (composition * _RANGES + part for part in ranges):
                reads[cell] = rate * share * cost.reads / len(ranges)
                writes[cell] = rate * share * cost.writes / len(ranges)
        parts = list(pairwise(borders))
        throttled.append(
            max(_share_above(reads, parts, READ_UNITS), _share_above(writes, parts, WRITE_UNITS))
        )
        borders = sorted(
            {
                *borders,
                *_find_splits(reads, parts, READ_UNITS),
                *_find_splits(writes, parts, WRITE_UNITS),
            }
        )
    return throttled


def find_highest_rate(kind: Kind, compositions: int, design: Design, period: int) -> float:
    """Return the highest rate, in requests per second, that is not throttled in a period."""
    low, high = 0.0, 1e6
    while high - low > max(0.02 * low, 0.1):
        middle = (low + high) / 2 if low else high / 10
        if simulate(kind, middle, compositions, design)[period] <= _TOLERATED:
            low = middle
        else:
            high = middle
        if high < 0.2:
            break
    return low


def _spread(shares: Sequence[float]) -> list[float]:
    """Return the shares in the order of a hash: popular compositions are not neighbors."""
    step = next(
        step
        for step in range(len(shares) // 3 + 1, len(shares) + 2)
        if math.gcd(step, len(shares)) == 1
    )
    return [shares[position * step % len(shares)] for position in range(len(shares))]


def _share_above(units: Sequence[float], parts: Sequence[tuple[int, int]], limit: float) -> float:
    """Return the share of the units that exceeds the limits of the partitions."""
    above = sum(max(0.0, sum(units[begin:end]) - limit) for begin, end in parts)
    return above / sum(units) if above else 0.0


def _find_splits(
    units: Sequence[float], parts: Sequence[tuple[int, int]], limit: float
) -> Iterator[int]:
    """Yield the cell at which each partition above its limit is split."""
    for begin, end in parts:
        total = sum(units[begin:end])
        if total < limit or end - begin < 2:
            continue
        sums = list(accumulate(units[begin:end]))
        best = min(range(len(sums) - 1), key=lambda place: max(sums[place], total - sums[place]))
        yield begin + best + 1


def list_rates() -> Iterator[tuple[Kind, int, Mapping[tuple[Design, int], float]]]:
    """Yield the highest rates of each kind: at first, and after the splits."""
    for kind in Kind:
        for compositions in (1, 10, 100):
            yield (
                kind,
                compositions,
                {
                    (design, period): find_highest_rate(kind, compositions, design, period)
                    for design in Design
                    for period in (0, _PERIODS - 1)
                },
            )


def main() -> None:
    names = [
        f"{design.value}, {when}" for design in Design for when in ("at first", "after splits")
    ]
    print(f"| request | compositions | {' | '.join(names)} |")
    print(f"|---|---:|{'---:|' * len(names)}")
    for kind, compositions, rates in list_rates():
        values = " | ".join(f"{_round(rate):,}" for rate in rates.values())
        print(f"| {kind.value} | {compositions} | {values} |")


def _round(rate: float) -> int:
    """Round to two digits."""
    digits = max(0, math.floor(math.log10(max(rate, 1))) - 1)
    return int(round(rate / 10**digits) * 10**digits)


if __name__ == "__main__":
    main()
