"""Exit codes of the command `dataops`."""

from __future__ import annotations

from dataops_client import errors
from dataops_client.ml.errors import MlError

EXIT_FAILURE = 1
EXIT_INVALID = 2
"""Also used by typer for invalid arguments."""
EXIT_NOT_FOUND = 3
EXIT_TEMPORARY = 4
"""Repeating the command later may succeed. Partial downloads are resumed."""
EXIT_TIME_LIMIT = 5
"""The time limit of `--timeout` was exceeded."""
EXIT_ADVISORY = 6
"""`dataops dataset verify`: the dataset is complete, and has advisories or was deleted."""
EXIT_INTERRUPTED = 130

EXIT_CODES: dict[type[BaseException], int] = {
    errors.InvalidRequest: EXIT_INVALID,
    errors.NotFound: EXIT_NOT_FOUND,
    errors.Unavailable: EXIT_TEMPORARY,
    errors.TransferFailed: EXIT_TEMPORARY,
    errors.AccessDenied: EXIT_FAILURE,
    errors.Conflict: EXIT_FAILURE,
    errors.UnexpectedResponse: EXIT_FAILURE,
    errors.InvalidArchive: EXIT_FAILURE,
    errors.TargetNotEmpty: EXIT_FAILURE,
    MlError: EXIT_FAILURE,
    OSError: EXIT_FAILURE,
}
"""Exit code by error class; subclasses have the code of their closest listed base."""


def get_exit_code(error: BaseException) -> int:
    """Return the exit code of an error."""
    return next(
        (EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), EXIT_FAILURE
    )
