"""What goes wrong between us and AWS, in the domain's words: anything that is not an answer is Unavailable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from chalicelib.domain.errors import Unavailable


def error_code(error: ClientError) -> str:
    """AWS's code for the error, such as `NoSuchKey`; for answers without a body (HEAD) the HTTP status as text."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def translate_errors(service: str) -> Iterator[None]:
    """Turn every failure of the calls inside into Unavailable that names the service and AWS's code, never its message.

    Catch the codes that are answers (a failed condition, a missing key) before they get here.
    """
    try:
        yield
    except ClientError as error:
        raise Unavailable(
            f"the {service} answered {error_code(error)} to {error.operation_name}"
        ) from error
    except (BotoCoreError, HTTPError, ResponseParserError) as error:
        # The latter two are what botocore lets through, of error answers that break off and of XML that ends too soon.
        raise Unavailable(f"the {service} does not answer ({type(error).__name__})") from error
