"""Exit codes of the command `dataops`."""

from __future__ import annotations

import pytest
from dataops_client import errors
from dataops_client.cli.exit_codes import EXIT_CODES, get_exit_code
from dataops_client.ml import errors as ml_errors


def list_subclasses(root: type[BaseException]) -> set[type[BaseException]]:
    found = set(root.__subclasses__())
    return found.union(*map(list_subclasses, found))


def test_every_error_of_the_client_has_an_exit_code() -> None:
    for error in list_subclasses(errors.DataOpsError):
        listed = [kind for kind in error.__mro__ if kind in EXIT_CODES]
        assert listed, error


def test_every_listed_error_exists() -> None:
    assert EXIT_CODES.keys() <= {OSError, *list_subclasses(errors.DataOpsError)}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidRequest("x"), 2),
        (errors.NothingAvailable("x"), 3),
        (errors.TimedOut("x"), 4),
        (errors.TransferFailed("x"), 4),
        (errors.AccessDenied("x"), 1),
        (errors.UnsafeArchive("size", "x"), 1),
        (ml_errors.MissingDependency("numpy"), 1),
        (FileNotFoundError("x"), 1),
        (ValueError("x"), 1),
    ],
)
def test_subclasses_have_the_code_of_their_closest_listed_base(
    error: BaseException, code: int
) -> None:
    assert get_exit_code(error) == code
