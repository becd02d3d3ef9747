"""Errors of the training-data part of the client, a branch of DataOpsError; every message names the file and the value.

MlError
├── ExtraMissing        a package of the extra `[ml]` is not installed (also an ImportError)
├── NotASubRun          the folder does not hold the files of one sub-run
├── MissingFile         a file that the question needs is not there
├── MalformedFile       a file is there and does not read as what it should be
│   └── RefusedPickle   a SOAPS.vec asks for more than float64 arrays, or is broken
├── UnknownFormat       the suffix of a picture is none that can be drawn
└── NothingToExport     no usable sub-run in the folder
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dataops_client.errors import DataOpsError

EXTRA = frozenset({"numpy", "pyarrow", "ase", "matplotlib"})


class MlError(DataOpsError):
    """Root of the errors of `dataops_client.ml`."""


class MissingDependency(MlError, ImportError):
    """A package of the extra `[ml]` is not installed."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"{package} is not installed; this needs the extra: pip install 'dataops-client[ml]'"
        )


class NotASubRun(MlError):
    """The folder does not hold the files of one sub-run."""


class MissingFile(MlError):
    """A file that the question needs is not there."""


class MalformedFile(MlError):
    """A file does not read as what it should be."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


class RefusedPickle(MalformedFile):
    """A SOAPS.vec holds something other than float64 vectors of one length; nothing of it was run."""


class UnknownFormat(MlError):
    """The suffix of a picture is none that can be drawn."""


class NothingToExport(MlError):
    """No sub-run of the folder can give rows."""


class MixedData(UserWarning):
    """Real and synthetic sub-runs are in one table or picture."""


@contextmanager
def require_ml_extra() -> Iterator[None]:
    """Turn the absence of a package of the extra into ExtraMissing; other import errors pass."""
    try:
        yield
    except ModuleNotFoundError as absent:
        package = (absent.name or "").partition(".")[0]
        if package not in EXTRA:
            raise
        raise MissingDependency(package) from absent
