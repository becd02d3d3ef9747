"""Requests and responses of the endpoints of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.outcomes import Outcome
from chalicelib.domain.runs import JobStatus, Run, RunKey
from chalicelib.usecases.run_status import RunStatusView
from chalicelib.usecases.scheduling import MAX_COUNT

from .paging import CURSOR_PATTERN
from .schemas import AugmentedSubRun, IdRun, Nc, SubRun, Timestamp

Count = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_COUNT,
        description="Number of runs; either all or none are scheduled",
        examples=[1],
    ),
]


class ScheduleBody(Struct, forbid_unknown_fields=True):
    """The number of runs to schedule; one if the body is missing.

    `num_simulations` is another name of `count`: send one of them.
    """

    EXTRA_SCHEMA: ClassVar[dict[str, Any]] = {"not": {"required": ["count", "num_simulations"]}}

    count: Count | UnsetType = UNSET
    num_simulations: Count | UnsetType = UNSET

    @property
    def number(self) -> int | None:
        """Return the number of runs, or None if the body has none. InvalidInput for two."""
        given = [value for value in (self.count, self.num_simulations) if value is not UNSET]
        if len(given) > 1:
            raise InvalidInput("count and num_simulations are the same; send one of them")
        return given[0] if given else None


class AugmentBody(Struct, forbid_unknown_fields=True):
    """The sub-runs to add; all of 1-14 if the body is missing."""

    sub_runs: (
        Annotated[list[AugmentedSubRun], Meta(min_length=1, examples=[["1", "2"]])] | UnsetType
    ) = UNSET


class AvailableQuery(Struct):
    """The runs to list: all of them, or the first `limit` runs after `cursor`."""

    nc: Nc | UnsetType = UNSET
    id_run: IdRun | UnsetType = UNSET
    limit: (
        Annotated[int, Meta(ge=1, le=1000, description="Runs per page", examples=[100])] | UnsetType
    ) = UNSET
    cursor: (
        Annotated[
            str,
            Meta(pattern=CURSOR_PATTERN, description="From `Link: rel=next` of the previous page"),
        ]
        | UnsetType
    ) = UNSET


class Scheduled(Struct):
    """A scheduled run."""

    nc: Nc
    id_run: IdRun
    status: JobStatus

    @classmethod
    def of(cls, key: RunKey) -> Scheduled:
        return cls(str(key.nc), str(key.id_run), JobStatus.SCHEDULED)


class ScheduledRuns(Scheduled):
    """The first scheduled run, and all of them in `runs` if the request has a `count`."""

    runs: list[Scheduled] | UnsetType = UNSET

    @classmethod
    def of_keys(cls, keys: Sequence[RunKey], *, with_list: bool) -> ScheduledRuns:
        first = Scheduled.of(keys[0])
        runs = [Scheduled.of(key) for key in keys] if with_list else UNSET
        return cls(first.nc, first.id_run, first.status, runs)


class ScheduledRun(Struct, kw_only=True):
    """A run in the run table: sub-runs in numeric order, times in ISO 8601 with UTC offset."""

    id_run: IdRun
    sub_runs: list[SubRun]
    run_scheduled_at: Timestamp
    sub_runs_scheduled_at: Timestamp | UnsetType = UNSET

    @classmethod
    def of(cls, run: Run) -> ScheduledRun:
        return cls(**_format_run(run))


class SubRunOutcome(Struct):
    """Facts read from the files of a sub-run.

    `scf_converged` is null without `<nc>.scf.out`, `bond_labels` without a line of labels.

    `labels_complete` is true if the number of labels equals the number of expected bonds; the
    `outcome` does not depend on it.
    """

    outcome: Annotated[
        Outcome, Meta(description="The first case of the published rules that applies")
    ]
    scf_converged: Annotated[
        bool | None, Meta(description="Quantum ESPRESSO reports that convergence was achieved")
    ]
    scf_iterations: Annotated[
        int | None,
        Meta(description="Iterations until convergence, or started without it", examples=[61]),
    ]
    total_energy_ry: Annotated[
        float | None,
        Meta(description="Total energy in Ry, of a converged cell", examples=[-38989.8030177]),
    ]
    lobster_finished: Annotated[bool, Meta(description="LOBSTER reports that it finished")]
    bonds_expected: Annotated[
        int | None, Meta(description="Interactions that LOBSTER found", examples=[738])
    ]
    bond_labels: Annotated[
        int | None, Meta(description="Lines of ICOHPLIST.lobster minus its header", examples=[738])
    ]
    labels_complete: bool


class RunStatus(ScheduledRun, kw_only=True):
    """A run, the status of its jobs, and the outcomes of its sub-runs.

    `sub_runs_status` and `sub_runs_scheduled_at` exist once the run is augmented.
    `sub_run_outcomes` lacks a sub-run while its files change.
    """

    run_status: JobStatus
    sub_runs_status: JobStatus | UnsetType = UNSET
    sub_run_outcomes: dict[SubRun, SubRunOutcome]

    @classmethod
    def of_view(cls, view: RunStatusView) -> RunStatus:
        return cls(
            **_format_run(view.run),
            run_status=view.run_status,
            sub_runs_status=UNSET if view.sub_runs_status is None else view.sub_runs_status,
            sub_run_outcomes={
                str(sub_run): msgspec.convert(facts, SubRunOutcome, from_attributes=True)
                for sub_run, facts in sorted(view.facts.items())
            },
        )


def _format_run(run: Run) -> dict[str, Any]:
    augmented_at = run.sub_runs_scheduled_at
    return {
        "id_run": str(run.key.id_run),
        "sub_runs": [str(sub_run) for sub_run in sorted(run.sub_runs)],
        "run_scheduled_at": run.run_scheduled_at.isoformat(),
        "sub_runs_scheduled_at": UNSET if augmented_at is None else augmented_at.isoformat(),
    }
