"""Runs and sub-runs: their keys, their records in the run table, and the status of their jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .composition import NominalComposition
from .errors import InvalidInput

ID_RUN_PATTERN = r"^[1-9][0-9]{0,8}$"
SUB_RUN_PATTERN = r"^(?:[0-9]|1[0-4])$"
AUGMENTED_SUB_RUN_PATTERN = r"^(?:[1-9]|1[0-4])$"
_ID_RUN = re.compile(ID_RUN_PATTERN.strip("^$"), re.ASCII)
_SUB_RUN = re.compile(SUB_RUN_PATTERN.strip("^$"), re.ASCII)

REFERENCE_SUB_RUN = 0
AUGMENTED_SUB_RUNS = tuple(range(1, 15))
SUB_RUNS = (REFERENCE_SUB_RUN, *AUGMENTED_SUB_RUNS)


class JobStatus(StrEnum):
    """Status of a scheduled simulation, as in the HTTP contract."""

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    DONE = "DONE"


def parse_id_run(text: str) -> int:
    """Return the run number.

    InvalidInput unless it is written in ASCII digits without leading zeros.
    """
    if not _ID_RUN.fullmatch(text):
        raise InvalidInput(
            f"invalid id_run {text!r}; expected the number of a run, such as '21': 1 to 999999999 "
            "without leading zeros"
        )
    return int(text)


def parse_sub_run(text: str) -> int:
    """Return the sub-run, 0-14. InvalidInput for any other text."""
    if not _SUB_RUN.fullmatch(text):
        raise InvalidInput(f"invalid sub_run {text!r}; expected '0' to '14'")
    return int(text)


def parse_sub_runs(text: str | None) -> tuple[int, ...] | None:
    """Return the sub-runs of a list such as `0,3,7`, ascending and without duplicates.

    None for None. InvalidInput for any other text.
    """
    if text is None:
        return None
    return tuple(sorted({parse_sub_run(part) for part in text.split(",")}))


@dataclass(frozen=True, order=True, slots=True)
class RunKey:
    """One 100-atom cell of a composition, numbered as in the data bucket."""

    nc: NominalComposition
    id_run: int

    @classmethod
    def parse(cls, nc: str, id_run: str) -> RunKey:
        """Return the key of the texts in a URL. InvalidInput if one is invalid."""
        return cls(NominalComposition.parse(nc), parse_id_run(id_run))

    @property
    def run(self) -> RunKey:
        """Return this key, so that code can handle runs and sub-runs alike."""
        return self

    @property
    def sub_run_or_none(self) -> int | None:
        """Return None: the key is that of a whole run."""
        return None

    def __str__(self) -> str:
        return f"{self.nc}/{self.id_run}"


@dataclass(frozen=True, order=True, slots=True)
class SubRunKey:
    """One cell of a run: 0 is the reference cell, 1-14 are deformed (see `deformation`)."""

    run: RunKey
    sub_run: int

    @classmethod
    def parse(cls, nc: str, id_run: str, sub_run: str) -> SubRunKey:
        """Return the key of the texts in a URL. InvalidInput if one is invalid."""
        return cls(RunKey.parse(nc, id_run), parse_sub_run(sub_run))

    @property
    def sub_run_or_none(self) -> int | None:
        """Return the sub-run; see `RunKey.sub_run_or_none`."""
        return self.sub_run

    def __str__(self) -> str:
        return f"{self.run}/{self.sub_run}"


@dataclass(frozen=True, slots=True)
class Run:
    """A scheduled run.

    Times are in UTC; `sub_runs_scheduled_at` is None until the run is augmented.
    """

    key: RunKey
    sub_runs: frozenset[int]
    run_scheduled_at: datetime
    sub_runs_scheduled_at: datetime | None = None

    @property
    def augmented(self) -> bool:
        return self.sub_runs_scheduled_at is not None
