"""The error tree of the client. Every error says in its message which values were involved.

    DataOpsError                 every error that this package raises on purpose
    ├── InvalidRequest           the API refused a value, or a value could not be sent at all
    ├── AccessDenied             the API requires a token (DATAOPS_TOKEN), or another one; or the token cannot be one
    ├── NotFound                 no such composition, run, sub-run or file, or the sub-run is not scheduled
    │   └── NothingAvailable     every run of the composition is scheduled already
    ├── Conflict                 the state forbids the request
    ├── Unavailable              the API did not answer, or only that it cannot, for as long as we tried
    │   └── TimedOut             a build or a run did not come to its end within the time allowed
    ├── UnexpectedAnswer         the API, or what stands in its place, answered something that is not the contract
    ├── TransferFailed           the storage did not deliver the archive; what has arrived is kept for the next try
    │   └── Stopped                  whoever asked for it wants it no longer; what has arrived is kept as well
    ├── ArchiveRefused           an archive arrived that must not be used; nothing of it was extracted
    │   ├── ChecksumMismatch     its bytes, or those of a file in it, are not the announced ones
    │   └── UnsafeArchive        it breaks a rule of safe extraction; `rule` names which
    └── FolderOccupied           the target folder holds files that are not from the archive, or is no folder

What the operating system refuses (no space, no permission) stays an `OSError`.
"""

from __future__ import annotations

_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)))
_SPACES = dict.fromkeys(map(ord, "\t\n\r"), " ")


def one_line(text: str) -> str:
    """Return `text` on one line, without the control characters that a terminal would obey."""
    return text.translate(_CONTROLS | _SPACES)


def printable(text: str) -> str:
    """Return `text` on one line, and with escapes in place of the lone surrogates that file names can have."""
    return one_line(text).encode("utf-8", "backslashreplace").decode()


class DataOpsError(Exception):
    """An error with a message for people, on one line. `status`, `code` and `request_id` are set if the API's response has them."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(printable(message))
        self.status = status
        self.code = code
        self.request_id = request_id


class InvalidRequest(DataOpsError):
    pass


class AccessDenied(DataOpsError):
    pass


class NotFound(DataOpsError):
    pass


class NothingAvailable(NotFound):
    pass


class Conflict(DataOpsError):
    pass


class Unavailable(DataOpsError):
    pass


class TimedOut(Unavailable):
    pass


class UnexpectedResponse(DataOpsError):
    pass


class TransferFailed(DataOpsError):
    pass


class Cancelled(TransferFailed):
    pass


class InvalidArchive(DataOpsError):
    pass


class ChecksumMismatch(InvalidArchive):
    pass


class UnsafeArchive(InvalidArchive):
    """`rule` is the stable name of the broken rule; `inspection` lists them."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"unsafe archive ({rule}): {message}")
        self.rule = rule


class TargetNotEmpty(DataOpsError):
    pass
