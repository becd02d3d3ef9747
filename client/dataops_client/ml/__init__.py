"""Training data from extracted sub-runs: structures, energies, forces, bonds and SOAP vectors.

Requires the extra `[ml]` (in the repository: `pip install './client[ml]'`). Names are imported on
first use, so that the command `dataops` starts without the extra.

    from dataops_client.ml import load_dataset, load_tree, split_by_cell

    table = load_dataset("cuzr@1.2.0")  # a frozen dataset, pulled and verified
    table = load_tree("data")  # a pyarrow.Table; table.to_pandas() is a DataFrame
    train, test = split_by_cell(table, test_fraction=0.2, seed=1)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dataops_client.ml.errors import require_ml_extra

if TYPE_CHECKING:
    from dataops_client.ml.dataset_cache import load_dataset
    from dataops_client.ml.export import export_bonds, load_tree
    from dataops_client.ml.export_report import ExportReport
    from dataops_client.ml.formats import Format
    from dataops_client.ml.lobster import Bond, Bonds, read_bonds
    from dataops_client.ml.lobsterpy_folder import write_lobsterpy_folder
    from dataops_client.ml.outcomes import Outcome
    from dataops_client.ml.plot import plot_bonds
    from dataops_client.ml.soaps import read_soaps
    from dataops_client.ml.splits import split_by_cell
    from dataops_client.ml.sub_run import SubRun, load_sub_run
    from dataops_client.ml.table import BondTable, build_bond_table

__all__ = [
    "Bond",
    "BondTable",
    "Bonds",
    "ExportReport",
    "Format",
    "Outcome",
    "SubRun",
    "build_bond_table",
    "export_bonds",
    "load_dataset",
    "load_sub_run",
    "load_tree",
    "plot_bonds",
    "read_bonds",
    "read_soaps",
    "split_by_cell",
    "write_lobsterpy_folder",
]

_LAZY_IMPORTS = {
    "Bond": "lobster",
    "BondTable": "table",
    "Bonds": "lobster",
    "ExportReport": "export_report",
    "Format": "formats",
    "Outcome": "outcomes",
    "SubRun": "sub_run",
    "build_bond_table": "table",
    "export_bonds": "export",
    "load_dataset": "dataset_cache",
    "load_sub_run": "sub_run",
    "load_tree": "export",
    "plot_bonds": "plot",
    "read_bonds": "lobster",
    "read_soaps": "soaps",
    "split_by_cell": "splits",
    "write_lobsterpy_folder": "lobsterpy_folder",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY_IMPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with require_ml_extra():
        return getattr(import_module(f"{__name__}.{_LAZY_IMPORTS[name]}"), name)


def __dir__() -> list[str]:
    return __all__
