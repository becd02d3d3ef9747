"""Plans of freezes: the files that a version of a dataset will contain, as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.datasets import DatasetDescription
from chalicelib.domain.errors import IncompleteSelection, InvalidInput, NotFound, SubRunNotScheduled
from chalicelib.domain.facts import FactFilter, list_rows
from chalicelib.domain.freezes import FreezePlan, FreezeRequest, PlannedRun, PlannedSubRun
from chalicelib.domain.manifest import Manifest
from chalicelib.domain.outcomes import CalculationFacts
from chalicelib.domain.runs import Run, SubRunKey
from chalicelib.domain.selection import Selection

from .freeze_dependencies import FreezeDependencies
from .run_queries import get_run

MAX_RUNS = 10_000
"""Runs of a version. A plan of this size takes about 60 MB of memory."""


def make_plan(request: FreezeRequest, freezes: FreezeDependencies) -> FreezePlan:
    """Select sub-runs by their current files, and return what is to be stored.

    Each candidate run is listed once, and facts that are not cached are read from its files: a
    filter never depends on facts of earlier files.

    Raises:
        NotFound: Nothing matches, or a requested run is not scheduled.
        SubRunNotScheduled: A requested sub-run is not scheduled.
        IncompleteSelection: A sub-run lacks files, or its facts cannot be read; unless the request
            allows it.
    """
    now, info = freezes.clock.now(), freezes.dataset.get_valid()
    filter_ = FactFilter.parse(request.where or {})
    planned: list[PlannedRun] = []
    for run, wanted in _list_candidates(request, filter_, freezes):
        if found := _plan_run(run, wanted, filter_, request, freezes):
            planned.append(found)
        if len(planned) > MAX_RUNS:
            raise InvalidInput(f"more than {MAX_RUNS} runs match; create several datasets")
    if not planned:
        raise NotFound("no sub-run matches the selection; list sub-runs with the same filter")
    soaps = any("SOAPS.vec" not in each.missing for run in planned for each in run.sub_runs)
    description = DatasetDescription(
        title=request.title,
        description=info.description if request.description is None else request.description,
        license=info.license if request.license is None else request.license,
        creators=info.creators if request.creators is None else request.creators,
        citation=info.citation,
        synthetic=info.synthetic,
        soap_descriptor=info.soap.text if info.soap and soaps else None,
    )
    return FreezePlan(now, description, tuple(planned))


def _list_candidates(
    request: FreezeRequest, filter_: FactFilter, freezes: FreezeDependencies
) -> Iterator[tuple[Run, frozenset[int]]]:
    """Yield the runs that may match, with the sub-runs that may, by composition and number."""
    if request.items is None:
        compositions: Iterable[NominalComposition | None] = sorted(filter_.get("nc") or ()) or (
            None,
        )
        for nc in compositions:
            for run in freezes.runs.list_runs(nc):
                yield (
                    run,
                    frozenset(each for each in run.sub_runs if filter_.includes_sub_run(run, each)),
                )
        return
    for item in sorted(request.items, key=lambda item: item.key):
        run = get_run(item.key, runs=freezes.runs)
        wanted = run.sub_runs if item.sub_runs is None else frozenset(item.sub_runs)
        if unscheduled := wanted - run.sub_runs:
            raise SubRunNotScheduled(
                f"sub-run {str(min(unscheduled))!r} of run {str(item.key)!r} is not scheduled; "
                "augment the run first"
            )
        yield run, wanted


def _plan_run(
    run: Run,
    wanted: frozenset[int],
    filter_: FactFilter,
    request: FreezeRequest,
    freezes: FreezeDependencies,
) -> PlannedRun | None:
    if not wanted:
        return None
    artifacts = freezes.bucket.list_run_artifacts(run.key)
    facts = freezes.outcomes.read(run, artifacts)
    if request.items is None:
        _require_facts(run, wanted, facts, request)
        rows = list_rows(run, facts, filter_)
        energies = {row.key.sub_run: row.energy_above_reference_ry for row in rows}
        selected = sorted(energies)
    else:
        rows = list_rows(run, facts, FactFilter.parse({}))
        energies = {row.key.sub_run: row.energy_above_reference_ry for row in rows}
        selected = sorted(wanted)
    info, selection = freezes.dataset.get_valid(), Selection(request.profile)
    parts = [
        Manifest.of_sub_run(
            SubRunKey(run.key, sub_run), artifacts.get(sub_run, ()), selection, info
        )
        for sub_run in selected
    ]
    for part in parts:
        _require_files(part, request)
    parts = [part for part in parts if part.members]
    if not parts:
        return None
    sub_runs = [
        PlannedSubRun(
            sub_run=sub_run,
            facts=facts.get(sub_run),
            energy_above_reference_ry=energies.get(sub_run),
            missing=part.missing,
            skipped=part.skipped,
        )
        for part in parts
        if (sub_run := part.key.sub_run_or_none) is not None
    ]
    return PlannedRun(run.key, Manifest.of_run(run.key, parts).fingerprint, tuple(sub_runs))


def _require_facts(
    run: Run,
    wanted: frozenset[int],
    facts: Mapping[int, CalculationFacts],
    request: FreezeRequest,
) -> None:
    """IncompleteSelection if a sub-run cannot be compared with the filter."""
    unread = wanted - facts.keys()
    if unread and not request.allow_missing:
        raise IncompleteSelection(
            f"the facts of sub-run {f'{run.key}/{min(unread)}'!r} cannot be read, because its "
            "files change or are too large; name it in items, or allow missing files"
        )


def _require_files(part: Manifest, request: FreezeRequest) -> None:
    """IncompleteSelection if a sub-run lacks a file that the profile contains."""
    if request.allow_missing or (part.members and not part.missing):
        return
    missing = ", ".join(map(repr, part.missing)) or "all files"
    raise IncompleteSelection(
        f"sub-run {str(part.key)!r} lacks {missing}; select other sub-runs, for example with "
        "outcome 'DONE', or allow missing files"
    )
