"""Errors of the client.

    DataOpsError                 root of all errors that this package raises
    ├── InvalidRequest           a parameter value is invalid
    ├── AccessDenied             the token (DATAOPS_TOKEN) is missing, invalid or lacks a scope
    ├── NotFound                 the composition, run, sub-run or file does not exist
    │   └── NothingAvailable     all runs of the composition are already scheduled
    ├── Conflict                 the request conflicts with the current state
    ├── Unavailable              the API is unreachable or unavailable after all retries
    │   └── TimedOut             a build or a run did not finish within the time allowed
    ├── UnexpectedResponse       the response does not follow the contract of the API
    ├── TransferFailed           the download failed; partial data is kept for the next attempt
    │   └── Cancelled            the caller cancelled; partial data is kept for the next attempt
    ├── InvalidArchive           the archive is damaged or unsafe; nothing was extracted
    │   ├── ChecksumMismatch     the archive or one of its files has another SHA-256 than announced
    │   └── UnsafeArchive        the archive breaks a rule of safe extraction, named by `rule`
    ├── TargetNotEmpty           the target folder contains other files, or is not a folder
    └── MlError                  root of the errors of `dataops_client.ml`, see `ml/errors.py`

Errors of the operating system (no space, no permission) are raised as `OSError`.
"""

from __future__ import annotations

_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)))
_SPACES = dict.fromkeys(map(ord, "\t\n\r"), " ")


def to_one_line(text: str) -> str:
    """Return `text` on one line, without the control characters that terminals interpret."""
    return text.translate(_CONTROLS | _SPACES)


def to_printable(text: str) -> str:
    """Return `text` on one line, with the lone surrogates of file names escaped."""
    return to_one_line(text).encode("utf-8", "backslashreplace").decode()


class DataOpsError(Exception):
    """Root of the errors of this package.

    Attributes:
        status: HTTP status of the API's response, or None.
        code: Stable error code of the API, or None.
        request_id: Identifier of the request in the logs of the API, or None.
        request: Method and path of the request that the API rejected, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        request: str | None = None,
    ) -> None:
        super().__init__(to_printable(message))
        self.status = status
        self.code = code
        self.request_id = to_one_line(request_id) if request_id else None
        self.request = request


class InvalidRequest(DataOpsError):
    """Invalid parameter value."""


class AccessDenied(DataOpsError):
    """Missing, invalid or insufficient token."""


class NotFound(DataOpsError):
    """Composition, run, sub-run or file that does not exist or is not scheduled."""


class NothingAvailable(NotFound):
    """Composition whose runs are all scheduled."""


class Conflict(DataOpsError):
    """Request that conflicts with the current state."""


class Unavailable(DataOpsError):
    """API that is unreachable or unavailable after all retries."""


class TimedOut(Unavailable):
    """Build or run that did not finish within the time allowed."""


class UnexpectedResponse(DataOpsError):
    """Response that does not follow the contract of the API."""


class TransferFailed(DataOpsError):
    """Failed download. Partial data is kept for the next attempt."""


class Cancelled(TransferFailed):
    """Download or wait that the caller cancelled. Partial data is kept."""


class InvalidArchive(DataOpsError):
    """Damaged or unsafe archive, of which nothing was extracted."""


class ChecksumMismatch(InvalidArchive):
    """Archive or file with another SHA-256 than announced."""


class UnsafeArchive(InvalidArchive):
    """Archive that breaks a rule of safe extraction.

    `rule` is the stable name of the rule; `archive_inspection.inspect_archive` checks the rules.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"unsafe archive ({rule}): {message}")
        self.rule = rule


class TargetNotEmpty(DataOpsError):
    """Target folder that contains other files, or that is not a folder."""
