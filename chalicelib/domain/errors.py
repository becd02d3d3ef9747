"""The error tree of the API. No HTTP numbers here: `routes.problems` maps it outward, and a test proves that map complete.

DataOpsError                 every error that a caller may be told about
├── MalformedRequest         the request cannot be understood: broken JSON, an unknown or repeated parameter
├── InvalidInput             understood, but a value breaks its rule
│   └── KeyReused                the idempotency key came before, with another request
├── Unauthorized             the request carries no credentials that are known
├── Forbidden                its credentials do not allow it
├── RequestTooLarge          the body is larger than the service reads
├── AnswerTooLarge           the answer would be larger than a gateway passes on: ask for pages
├── UnsupportedMediaType     the body is not JSON
├── NotFound                 a composition, run, sub-run or file that is not there
│   ├── SubRunNotScheduled   the sub-run must be scheduled before it can be downloaded
│   └── NothingAvailable     fewer runs of the composition are left in the data bucket than were asked for
├── Conflict                 the state forbids the request
│   └── KeyInFlight          another request with the same idempotency key is at work
└── Unavailable              the run table or the data bucket does not answer; worth another try
    └── SourceChanged        an artifact changed while its archive was being built
"""


class DataOpsError(Exception):
    """An error with a message for people and a stable `code` for machines.

    `retry_after_seconds` is what the caller should wait before the next try, where another try makes sense.
    """

    code = "error"
    retry_after_seconds: int | None = None


class MalformedRequest(DataOpsError):
    """The request cannot be understood: broken JSON, an unknown or repeated parameter."""

    code = "malformed_request"


class InvalidInput(DataOpsError):
    """A value breaks its rule."""

    code = "invalid_input"


class KeyReused(InvalidInput):
    """The idempotency key came before, with another request."""

    code = "idempotency_key_reused"


class Unauthorized(DataOpsError):
    """The request carries no credentials that are known."""

    code = "unauthorized"


class Forbidden(DataOpsError):
    """The credentials do not allow this request."""

    code = "forbidden"


class RequestTooLarge(DataOpsError):
    """The body is larger than the service reads."""

    code = "request_too_large"


class AnswerTooLarge(DataOpsError):
    """The answer would be too large: ask for pages with `limit`."""

    code = "answer_too_large"


class UnsupportedMediaType(DataOpsError):
    """The body is not JSON."""

    code = "unsupported_media_type"


class NotFound(DataOpsError):
    """A composition, run, sub-run or file is not there."""

    code = "not_found"


class NothingAvailable(NotFound):
    """Fewer runs of the composition are left than were asked for."""

    code = "nothing_available"


class Conflict(DataOpsError):
    """The state forbids the request."""

    code = "conflict"


class SubRunNotScheduled(NotFound):
    """The sub-run must be scheduled first: augment the run."""

    code = "sub_run_not_scheduled"


class KeyInFlight(Conflict):
    """Another request with the same idempotency key is at work."""

    code = "idempotency_key_in_flight"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(DataOpsError):
    """The run table or the data bucket does not answer; worth another try."""

    code = "unavailable"

    def __init__(self, message: str, retry_after_seconds: int = 2) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SourceChanged(Unavailable):
    """A file changed while it was read; worth another try."""

    code = "source_changed"
