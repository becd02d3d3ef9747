"""Arguments that several commands share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from dataops_client.deformations import DEFORMATIONS
from dataops_client.errors import InvalidRequest
from dataops_client.sub_run_ranges import parse_ranges

Nc = Annotated[
    str, typer.Argument(metavar="NC", help="Composition, such as Zr49Cu49Al2.", show_default=False)
]
OptionalNc = Annotated[
    str | None,
    typer.Argument(metavar="NC", help="Composition; all by default.", show_default=False),
]
RunNumber = Annotated[
    str, typer.Argument(metavar="RUN", help="Number of the run.", show_default=False)
]
SubRunNumber = Annotated[
    str,
    typer.Argument(metavar="SUB_RUN", help="Number of the sub-run, 0-14.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def parse_sub_runs(texts: Iterable[str], *, first: int = 0) -> list[str]:
    """Return the sub-runs of arguments such as `1-6,8`.

    Raises:
        InvalidRequest: An argument is not a number or range, or not a sub-run from `first` on.
    """
    found = parse_ranges(*texts)
    last = len(DEFORMATIONS) - 1
    for number in map(int, found):
        if number > last:
            raise InvalidRequest(
                f"sub-run {number} does not exist; use {first} to {last} "
                "(several runs are written as one argument, such as 21,22)"
            )
        if number < first:
            raise InvalidRequest(
                f"sub-run {number} is scheduled together with its run; use {first} to {last}"
            )
    return found
