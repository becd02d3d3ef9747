"""Runs and sub-runs: their identities, what the run table knows of them, and how they stand."""

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


class JobStatus(StrEnum):
    """How a scheduled simulation stands, in the words of the wire contract."""

    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    DONE = "DONE"


def parse_id_run(text: str) -> int:
    """The number that `text` spells in plain ASCII digits without leading zeros; InvalidInput otherwise."""
    if not _ID_RUN.fullmatch(text):
        raise InvalidInput(
            f"id_run {text!r} is not a run number: expected 1 to 999999999 without leading zeros ({ID_RUN_PATTERN})"
        )
    return int(text)


def parse_sub_run(text: str) -> int:
    """The sub-run 0-14 that `text` spells; InvalidInput otherwise."""
    if not _SUB_RUN.fullmatch(text):
        raise InvalidInput(f"sub_run {text!r} is not a sub-run: expected '0' to '14'")
    return int(text)


def parse_sub_runs(text: str | None) -> tuple[int, ...] | None:
    """The sub-runs of a list such as `0,3,7`, each once and ascending; None stays None. InvalidInput for anything else."""
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
        return cls(NominalComposition.parse(nc), parse_id_run(id_run))

    def __str__(self) -> str:
        return f"{self.nc}/{self.id_run}"


@dataclass(frozen=True, order=True, slots=True)
class SubRunKey:
    """One cell of a run: `0` is the reference cell, 1-14 are its deformations (see `deformation`)."""

    run: RunKey
    sub_run: int

    @classmethod
    def parse(cls, nc: str, id_run: str, sub_run: str) -> SubRunKey:
        return cls(RunKey.parse(nc, id_run), parse_sub_run(sub_run))

    def __str__(self) -> str:
        return f"{self.run}/{self.sub_run}"


@dataclass(frozen=True, slots=True)
class Run:
    """What the run table knows of a run. Times are in UTC; `sub_runs_scheduled_at` is None until the run is augmented."""

    key: RunKey
    sub_runs: frozenset[int]
    run_scheduled_at: datetime
    sub_runs_scheduled_at: datetime | None = None

    @property
    def augmented(self) -> bool:
        return self.sub_runs_scheduled_at is not None
