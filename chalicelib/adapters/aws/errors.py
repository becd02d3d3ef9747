"""Translation of AWS errors to errors of the domain.

ObjectStoreError  the data bucket does not respond, or responds with an error
ObjectChanged     the object is no longer the requested version
ObjectVanished    the object no longer exists
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from chalicelib.domain.errors import SourceChanged, Unavailable

DATA_BUCKET = "data bucket"


class ObjectStoreError(Exception):
    """A failed call to the data bucket.

    `code` is the error code of S3, or the HTTP status if there is none, or empty without response.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class ObjectChanged(Exception):
    """The object is no longer the requested version."""


class ObjectVanished(Exception):
    """The object no longer exists."""


def error_code(error: ClientError) -> str:
    """Return the AWS error code, such as `NoSuchKey`, or the HTTP status if the body is empty."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def translate_errors(service: str) -> Iterator[None]:
    """Raise Unavailable for failed calls, with the service and the AWS code, but no AWS message.

    Codes that are results (a failed condition, a missing key) must be caught inside the context.
    """
    try:
        yield
    except ClientError as error:
        raise Unavailable(
            f"the {service} returned {error_code(error)} for {error.operation_name}"
        ) from error
    except ObjectStoreError as error:
        raise Unavailable(
            f"the {service} returned {error.code}"
            if error.code
            else f"the {service} does not respond"
        ) from error
    except (BotoCoreError, HTTPError, ResponseParserError) as error:
        # botocore does not wrap the last two: urllib3 errors from truncated error responses, and
        # parser errors from truncated XML.
        raise Unavailable(f"the {service} does not respond ({type(error).__name__})") from error


@contextmanager
def translate_read_errors(key: str) -> Iterator[None]:
    """Raise SourceChanged if the object was replaced or removed, Unavailable for other failures."""
    try:
        with translate_errors(DATA_BUCKET):
            yield
    except (ObjectChanged, ObjectVanished) as error:
        raise SourceChanged(f"{key!r} changed while it was read; repeat the request") from error
