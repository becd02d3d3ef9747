"""Arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Nc = Annotated[str, typer.Argument(help="Nominal composition, such as Zr49Cu49Al2.")]
RunNumber = Annotated[str, typer.Argument(metavar="RUN", help="Number of the run.")]
