"""The error tree of the API. No HTTP numbers here: `routes.problems` maps it outward, and a test proves that map complete.

    DataOpsError                 every error that a caller may be told about
    ├── MalformedRequest         the request cannot be understood: broken JSON, an unknown or repeated parameter
    ├── InvalidInput             understood, but a value breaks its rule
    ├── RequestTooLarge          the body is larger than the service reads
    ├── UnsupportedMediaType     the body is not JSON
    ├── NotFound                 a composition, run, sub-run or file that is not there
    │   └── NothingAvailable     every run of the composition in the data bucket is scheduled already
    ├── Conflict                 the state forbids the request
    │   └── SubRunNotScheduled   the sub-run must be scheduled before it can be downloaded
    └── Unavailable              the run table or the data bucket does not answer; worth another try
        └── SourceChanged        an artifact changed while its archive was being built
"""


class DataOpsError(Exception):
    """An error with a message for people and a stable `code` for machines."""

    code = "error"


class MalformedRequest(DataOpsError):
    code = "malformed_request"


class InvalidInput(DataOpsError):
    code = "invalid_input"


class RequestTooLarge(DataOpsError):
    code = "request_too_large"


class UnsupportedMediaType(DataOpsError):
    code = "unsupported_media_type"


class NotFound(DataOpsError):
    code = "not_found"


class NothingAvailable(NotFound):
    code = "nothing_available"


class Conflict(DataOpsError):
    code = "conflict"


class SubRunNotScheduled(Conflict):
    code = "sub_run_not_scheduled"


class Unavailable(DataOpsError):
    """`retry_after_seconds` is what the caller should wait before the next try."""

    code = "unavailable"

    def __init__(self, message: str, retry_after_seconds: int = 2) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SourceChanged(Unavailable):
    code = "source_changed"
