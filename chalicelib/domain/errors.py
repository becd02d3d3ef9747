"""The errors of the domain and of its use cases.

`chalicelib.api.errors` adds those of HTTP requests.

DataOpsError                     base class of all errors that are reported to callers
├── InvalidInput                 a parameter value is invalid
│   └── IdempotencyKeyReused     the idempotency key was already used with a different request
├── NotFound                     the composition, run, sub-run or file does not exist
│   ├── SubRunNotScheduled       the sub-run is not scheduled
│   └── NothingAvailable         fewer runs are available than requested
├── Conflict                     the request conflicts with the current state
│   ├── IdempotencyKeyInUse      another request with this idempotency key is in progress
│   └── IncompleteSelection      a selected sub-run lacks files that a dataset requires
├── DatasetDeleted               the version of the dataset was deleted
└── Unavailable                  the run table or the data bucket does not respond
    └── SourceChanged            a file changed while it was read

The first line of each docstring is published in the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


class DataOpsError(Exception):
    """Base class: an error with a message for people and a stable `code` for programs.

    `retry_after_seconds` is the recommended delay before the next attempt, or None if a retry
    cannot succeed. `members` are further fields of the problem document.
    """

    code = "error"
    retry_after_seconds: int | None = None
    members: Mapping[str, str] = MappingProxyType({})


class InvalidInput(DataOpsError):
    """A parameter value is invalid."""

    code = "invalid_input"


class IdempotencyKeyReused(InvalidInput):
    """The idempotency key was already used with a different request."""

    code = "idempotency_key_reused"


class NotFound(DataOpsError):
    """The composition, run, sub-run or file does not exist."""

    code = "not_found"


class SubRunNotScheduled(NotFound):
    """The sub-run is not scheduled: augment the run first."""

    code = "sub_run_not_scheduled"


class NothingAvailable(NotFound):
    """Fewer runs of the composition are available than requested."""

    code = "nothing_available"


class Conflict(DataOpsError):
    """The request conflicts with the current state."""

    code = "conflict"


class IdempotencyKeyInUse(Conflict):
    """Another request with this idempotency key is in progress."""

    code = "idempotency_key_in_flight"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class IncompleteSelection(Conflict):
    """A selected sub-run lacks files that a dataset requires."""

    code = "incomplete_selection"


class DatasetDeleted(DataOpsError):
    """The version of the dataset was deleted."""

    code = "dataset_deleted"

    def __init__(self, message: str, members: Mapping[str, str]) -> None:
        super().__init__(message)
        self.members = members


class Unavailable(DataOpsError):
    """The run table or the data bucket does not respond; retry later."""

    code = "unavailable"

    def __init__(self, message: str, retry_after_seconds: int = 2) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SourceChanged(Unavailable):
    """A file changed while it was read; retry later."""

    code = "source_changed"
