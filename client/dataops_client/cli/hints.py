"""What to do about an error, for the command line."""

from __future__ import annotations

from collections.abc import Iterator

from dataops_client import errors

_BY_CODE = {
    "no_such_route": "the API is older than this command, or the URL leads to another API",
    "dataset_deleted": "`dataops dataset show NAME` lists the versions",
    "incomplete_selection": "`--allow-missing` accepts sub-runs without these files",
    "nothing_available": "`dataops list NC` lists the runs that are scheduled already",
    "sub_run_not_scheduled": "`dataops augment NC RUN` schedules the sub-runs of a run",
}


def get_hint(error: BaseException) -> Iterator[str]:
    """Yield lines that say what to do."""
    if isinstance(error, errors.DataOpsError):
        if error.code in _BY_CODE:
            yield f"hint: {_BY_CODE[error.code]}"
        elif error.status == 401:
            yield (
                "hint: `dataops login` stores a token; or set DATAOPS_TOKEN. "
                "`dataops-admin create` of the service prints one"
            )
        elif error.status == 403:
            yield "hint: `dataops whoami` prints the scopes of your token"
        elif "/files/" in (error.request or "") and error.status == 404:
            yield "hint: `dataops files NC RUN SUB_RUN` lists the files"
        elif "/datasets" in (error.request or "") and error.status == 404:
            yield "hint: `dataops dataset list` lists the datasets"
        elif isinstance(error, errors.NotFound) and error.status == 404:
            yield "hint: `dataops compositions` and `dataops list` list what exists"
        if error.request_id and (error.status or 0) >= 500:
            yield f"request id: {error.request_id}"
