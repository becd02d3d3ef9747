"""Training data from extracted sub-runs: structures, energies, forces, bonds and SOAP vectors.

Requires the extra `[ml]` (`pip install 'dataops-client[ml]'`). Names are imported on first use, so
that the command `dataops` starts without the extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dataops_client.ml.errors import require_ml_extra

if TYPE_CHECKING:
    from dataops_client.ml.export import export_bonds
    from dataops_client.ml.export_report import ExportReport
    from dataops_client.ml.lobster import Bond, read_bonds
    from dataops_client.ml.outcomes import Outcome
    from dataops_client.ml.plot import plot_bonds
    from dataops_client.ml.soaps import read_soaps
    from dataops_client.ml.sub_run import SubRun, load_sub_run
    from dataops_client.ml.table import BondTable, build_bond_table

__all__ = [
    "Bond",
    "BondTable",
    "ExportReport",
    "Outcome",
    "SubRun",
    "build_bond_table",
    "export_bonds",
    "load_sub_run",
    "plot_bonds",
    "read_bonds",
    "read_soaps",
]

_LAZY_IMPORTS = {
    "Bond": "lobster",
    "BondTable": "table",
    "ExportReport": "export_report",
    "Outcome": "outcomes",
    "SubRun": "sub_run",
    "build_bond_table": "table",
    "export_bonds": "export",
    "load_sub_run": "sub_run",
    "plot_bonds": "plot",
    "read_bonds": "lobster",
    "read_soaps": "soaps",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY_IMPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with require_ml_extra():
        return getattr(import_module(f"{__name__}.{_LAZY_IMPORTS[name]}"), name)
