"""Group `dataops dataset`: its commands and their examples."""

from __future__ import annotations

from collections.abc import Callable

import typer

from dataops_client.cli import dataset, dataset_admin, dataset_diff, dataset_files
from dataops_client.cli.commands import add_command
from dataops_client.cli.filter_options import with_filter_options
from dataops_client.cli.global_options import with_global_options

_COMMANDS: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "create": (
        with_filter_options(dataset.create),
        (
            "dataops dataset create cuzr --title 'Cu-Zr glasses' \\",
            "    --nc Zr49Cu49Al2 --outcome DONE --labels-complete",
        ),
    ),
    "list": (dataset.list_datasets, ("dataops dataset list",)),
    "show": (dataset.show, ("dataops dataset show cuzr@1.2.0",)),
    "pull": (dataset_files.pull, ("dataops dataset pull cuzr@1.2.0 -o cuzr",)),
    "verify": (dataset_files.verify, ("dataops dataset verify cuzr",)),
    "diff": (
        dataset_diff.diff,
        ("dataops dataset diff cuzr@1.2.0 cuzr@2.0.0 --science",),
    ),
    "cite": (dataset.cite, ("dataops dataset cite cuzr@1.2.0 --bibtex",)),
    "bag": (dataset_files.bag, ("dataops dataset bag cuzr@1.2.0 bag",)),
    "advise": (
        dataset_admin.advise,
        (
            "dataops dataset advise cuzr@1.2.0 --kind withdrawn \\",
            "    --reason 'wrong k-points' --sub-run Zr49Cu49Al2/21/3",
        ),
    ),
    "doi": (dataset_admin.doi, ("dataops dataset doi cuzr@1.2.0 10.5281/zenodo.1",)),
    "delete": (dataset_admin.delete, ("dataops dataset delete cuzr@1.0.0 --reason 'a test'",)),
}

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
for _name, (_command, _examples) in _COMMANDS.items():
    add_command(group, _name, with_global_options(_command), _examples)
