"""Report of an export: used, discarded and skipped data."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from dataops_client.ml.errors import MixedData
from dataops_client.ml.outcomes import Outcome

_MAX_REASONS = 5


@dataclass(frozen=True, slots=True)
class DiscardedClusterOfSubRun:
    """Cluster that was not used.

    `atom` is the number of its central atom, from 1. `bonds_without_label` are its bonds that
    ICOHPLIST.lobster has no label for.
    """

    nc: str
    id_run: int
    sub_run: int
    atom: int
    bonds_without_label: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SkippedSubRun:
    """Sub-run without rows, and the reason.

    `outcome` is None if it depends on a file that the download left out. `missing_files` are the
    files of the table that its folder does not contain.
    """

    nc: str
    id_run: int
    sub_run: int
    outcome: Outcome | None
    missing_files: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        return f"{self.nc}/{self.id_run}/{self.sub_run} {self.reason}"


@dataclass(slots=True, repr=False)
class ExportReport:
    """Numbers of an export.

    `sub_runs` counts those with rows, `synthetic_sub_runs` those of them with made-up data.
    """

    sub_runs: int = 0
    synthetic_sub_runs: int = 0
    rows_per_bond_type: dict[str, int] = field(default_factory=dict)
    discarded_clusters: list[DiscardedClusterOfSubRun] = field(default_factory=list)
    skipped: list[SkippedSubRun] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.rows_per_bond_type.values())

    @property
    def real_sub_runs(self) -> int:
        return self.sub_runs - self.synthetic_sub_runs

    def __repr__(self) -> str:
        return (
            f"ExportReport({self.rows} bonds, {self.sub_runs} sub-runs, "
            f"{len(self.skipped)} skipped)"
        )

    def _repr_html_(self) -> str:
        counts = {**dict(sorted(self.rows_per_bond_type.items())), "all": self.rows}
        rows = "".join(
            f"<tr><th>{name}</th><td>{count}</td></tr>" for name, count in counts.items()
        )
        skipped = "".join(f"<li>{escape(str(one))}</li>" for one in self.skipped)
        return f"<table><caption>bonds</caption>{rows}</table><p>skipped</p><ul>{skipped}</ul>"

    def warn_if_mixed(self) -> None:
        """Warn with MixedData if the data is partly real and partly synthetic."""
        if self.real_sub_runs and self.synthetic_sub_runs:
            counts = f"{self.real_sub_runs} real and {self.synthetic_sub_runs} synthetic sub-runs"
            warnings.warn(
                f"{counts} are mixed; the numbers of the latter are made up",
                MixedData,
                stacklevel=3,
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the report for JSON, in which `skipped` is named `left_out`."""
        fields = asdict(self)
        fields["left_out"] = fields.pop("skipped")
        return {"rows": self.rows, "real_sub_runs": self.real_sub_runs} | fields


def summarize_skipped(skipped: Sequence[SkippedSubRun]) -> str:
    """Return the first skipped sub-runs with their reasons."""
    shown = "; ".join(str(sub_run) for sub_run in skipped[:_MAX_REASONS])
    return shown + (" ..." if len(skipped) > _MAX_REASONS else "")
