"""Errors of the training-data tools. Messages contain the file and the invalid value.

MlError                      root, a DataOpsError
├── MissingDependency        a package of the extra `[ml]` is not installed (also an ImportError)
├── NotASubRun               the folder does not contain the files of exactly one sub-run
├── MissingFile              a required file does not exist
├── MalformedFile            a file cannot be parsed
│   └── RefusedPickle        a SOAPS.vec contains more than float64 arrays, or is damaged
├── UnknownFormat            the suffix of a picture or table is not supported
├── TableExists              the table to write exists already
└── NothingToExport          the folder has no usable sub-run
    └── TooFewBonds          a mix requires more bonds of a type than exist
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataops_client.errors import DataOpsError

EXTRA_PACKAGES = frozenset({"numpy", "pyarrow", "ase", "matplotlib"})


class MlError(DataOpsError):
    """Root of the errors of `dataops_client.ml`."""


class MissingDependency(MlError, ImportError):
    """Package of the extra `[ml]` that is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"package {package!r} is not installed; in a clone of the repository of this client: "
            "pip install './client[ml]'"
        )


class NotASubRun(MlError):
    """Folder that does not contain the files of exactly one sub-run."""


class MissingFile(MlError):
    """Required file that does not exist."""


class MalformedFile(MlError):
    """File that cannot be parsed."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


class RefusedPickle(MalformedFile):
    """SOAPS.vec with other content than float64 vectors of one length. None of it was executed."""


class UnknownFormat(MlError):
    """Suffix of a picture or table that is not supported."""


class TableExists(MlError):
    """Table to write that exists already."""


class NothingToExport(MlError):
    """Folder without usable sub-runs."""


class TooFewBonds(NothingToExport):
    """Mix that requires more bonds of a type than exist."""


class MixedData(UserWarning):
    """Real and synthetic sub-runs in one table or picture."""


@contextmanager
def require_ml_extra() -> Iterator[None]:
    """Raise MissingDependency if the block imports a package of the extra that is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRA_PACKAGES:
            raise
        raise MissingDependency(package) from error
