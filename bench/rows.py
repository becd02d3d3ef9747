"""The results of a benchmark, their JSON form, and the comparison with an earlier result."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec

RATES = ("requests/s", "MB/s")
"""Units of which more is better. Of all others, less is better."""
EXPONENT = "exponent"
_WORSE = 1.2
_EXPONENT_WORSE = 0.2


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One measured quantity, with what the prototype and the least possible work need.

    `goal` is the value that `ours` must reach in this run.
    """

    section: str
    name: str
    unit: str
    ours: float
    baseline: float | None = None
    floor: float | None = None
    goal: float | None = None
    note: str = ""

    @property
    def over_floor(self) -> float | None:
        """Return how many times the floor ours costs."""
        return self._cost_ratio(self.floor)

    @property
    def over_baseline(self) -> float | None:
        """Return how many times the baseline ours costs; 0.25 is four times as fast."""
        return self._cost_ratio(self.baseline)

    @property
    def is_goal_met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.ours >= self.goal if self.unit in RATES else self.ours <= self.goal

    def _cost_ratio(self, reference: float | None) -> float | None:
        if not reference or not self.ours:
            return None
        return reference / self.ours if self.unit in RATES else self.ours / reference


class RequestCalls(msgspec.Struct, frozen=True):
    """A request: its duration with delayed stores, and its calls by operation."""

    name: str
    ms: float
    calls: Mapping[str, int]


class Report(msgspec.Struct, frozen=True):
    """The result of a whole benchmark."""

    date: str
    machine: str
    data: str
    seconds: float
    rows: tuple[Row, ...]
    requests: tuple[RequestCalls, ...]


def fit_exponent(small: float, large: float, small_value: float, large_value: float) -> float:
    """Return the exponent e of `value ~ size ** e` through two measured sizes."""
    return math.log(large_value / small_value) / math.log(large / small)


def list_regressions(report: Report, earlier: Report) -> Iterator[str]:
    """Yield a warning for each ratio that is worse by a fifth, or exponent that is higher by 0.2.

    Absolute values are not compared: they differ between machines and runs.
    """
    before = {(row.section, row.name): row for row in earlier.rows}
    for row in report.rows:
        old = before.get((row.section, row.name))
        if old is None:
            continue
        label = f"{row.section}: {row.name}"
        if row.unit == EXPONENT:
            if row.ours > max(old.ours, 0) + _EXPONENT_WORSE:
                yield f"{label}: exponent {row.ours:.2f}, was {old.ours:.2f}"
            continue
        for reference, now, then in (
            ("floor", row.over_floor, old.over_floor),
            ("baseline", row.over_baseline, old.over_baseline),
        ):
            if now and then and now > then * _WORSE:
                yield f"{label}: {now:.2f} times the {reference}, was {then:.2f}"
