"""Freezes: requests to create a version of a dataset, their progress, and their plans."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .datasets import DatasetDescription
from .manifest import SkippedFile
from .outcomes import CalculationFacts
from .runs import RunKey
from .selection import Profile

Where = Mapping[str, str | bool | int | float]
"""A filter of sub-runs by facts, in the form of `FactFilter.to_dict`."""


@dataclass(frozen=True, slots=True)
class SelectedRun:
    """A run that a request names, and its sub-runs; None for all that are scheduled."""

    key: RunKey
    sub_runs: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class FreezeRequest:
    """A request to create a version.

    Either `where` selects the sub-runs, or `items` lists them. `license`, `creators` and
    `description` are those of the data set if they are None.
    """

    name: str
    title: str
    where: Where | None
    items: tuple[SelectedRun, ...] | None
    profile: Profile
    license: str | None = None
    creators: tuple[str, ...] | None = None
    description: str | None = None
    allow_missing: bool = False

    def to_json(self) -> str:
        """Return the request as text. Equal requests result in equal texts."""
        fields = {
            "name": self.name,
            "title": self.title,
            "where": None if self.where is None else dict(self.where),
            "items": None if self.items is None else list(map(_format_item, self.items)),
            "profile": str(self.profile),
            "license": self.license,
            "creators": None if self.creators is None else list(self.creators),
            "description": self.description,
            "allow_missing": self.allow_missing,
        }
        return json.dumps(fields, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> FreezeRequest:
        """Return the request that `to_json` formatted."""
        fields = json.loads(text)
        items, creators = fields["items"], fields["creators"]
        return cls(
            name=fields["name"],
            title=fields["title"],
            where=fields["where"],
            items=None if items is None else tuple(map(_parse_item, items)),
            profile=Profile(fields["profile"]),
            license=fields["license"],
            creators=None if creators is None else tuple(creators),
            description=fields["description"],
            allow_missing=fields["allow_missing"],
        )

    def get_id(self, idempotency_key: str | None) -> str:
        """Return the id of the freeze: repeated requests have the same one."""
        text = self.to_json() if idempotency_key is None else f"key {idempotency_key}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Freeze:
    """A freeze and its progress.

    `runs_total` is None until the files are selected. At the end either `version` is set, the
    number of the result (`created` unless it existed before), or `error_code` and `error`.
    """

    freeze_id: str
    request: FreezeRequest
    created_at: datetime
    runs_done: int = 0
    runs_total: int | None = None
    version: str | None = None
    created: bool = False
    error_code: str | None = None
    error: str | None = None

    @property
    def has_ended(self) -> bool:
        return self.version is not None or self.error_code is not None


@dataclass(frozen=True, slots=True)
class FreezeTask:
    """The event that makes the builder continue a freeze, whose lease `holder` holds."""

    freeze_id: str
    holder: str | None

    @property
    def task_id(self) -> str:
        """Return what identifies the work: it is queued once in a process."""
        return self.freeze_id

    def to_event(self) -> dict[str, str | None]:
        """Return the task as JSON types."""
        return {"freeze_id": self.freeze_id, "holder": self.holder}

    @classmethod
    def from_event(cls, event: Mapping[str, str | None]) -> FreezeTask:
        """Return the task that `to_event` encoded."""
        return cls(str(event["freeze_id"]), event["holder"])


@dataclass(frozen=True, slots=True)
class PlannedSubRun:
    """A selected sub-run, and its facts when it was selected. None if they cannot be read."""

    sub_run: int
    facts: CalculationFacts | None
    energy_above_reference_ry: float | None
    missing: tuple[str, ...]
    skipped: tuple[SkippedFile, ...]


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A selected run; the fingerprint identifies the files of its archive."""

    key: RunKey
    fingerprint: str
    sub_runs: tuple[PlannedSubRun, ...]

    @property
    def archive_key(self) -> str:
        """Return the key of the frozen archive."""
        return get_frozen_archive_key(self.key, self.fingerprint)


@dataclass(frozen=True, slots=True)
class FreezePlan:
    """What a freeze stores: the files as they were at `created_at`."""

    created_at: datetime
    description: DatasetDescription
    runs: tuple[PlannedRun, ...]


@dataclass(frozen=True, slots=True)
class BondTypeMean:
    """The number of bonds of a type, and their mean -ICOHP in eV."""

    bonds: int
    mean_minus_icohp_ev: float


BondMeans = Mapping[str, BondTypeMean]
"""Means by bond type, of a sub-run."""


def get_lease_key(freeze_id: str) -> str:
    """Return the key of the lease of a freeze."""
    return f"freezes/{freeze_id}"


def get_plan_key(freeze: Freeze) -> str:
    """Return the key of the plan of a freeze in the data bucket.

    It is below `archives/`, where the lifecycle rule deletes it. A later freeze with the same id
    has another plan.
    """
    return f"archives/freezes/{freeze.freeze_id}-{freeze.created_at:%Y%m%dT%H%M%S.%f}.json"


def get_frozen_archive_key(run: RunKey, fingerprint: str) -> str:
    """Return the key of the archive of a run that versions of datasets contain."""
    return f"datasets/archives/{run}/{fingerprint}.zip"


def get_bond_means_key(archive_key: str) -> str:
    """Return the key of the bond means of a frozen run, next to its archive."""
    return archive_key.removesuffix(".zip") + ".bonds.json"


def _format_item(item: SelectedRun) -> dict[str, object]:
    sub_runs = None if item.sub_runs is None else list(map(str, item.sub_runs))
    return {"nc": str(item.key.nc), "id_run": str(item.key.id_run), "sub_runs": sub_runs}


def _parse_item(fields: Mapping[str, list[str] | str | None]) -> SelectedRun:
    sub_runs = fields["sub_runs"]
    return SelectedRun(
        RunKey.parse(str(fields["nc"]), str(fields["id_run"])),
        None if sub_runs is None else tuple(map(int, sub_runs)),
    )
