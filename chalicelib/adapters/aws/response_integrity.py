"""Answers that are not whole are none.

What botocore cannot parse it takes, once its tries are used up, for an answer with nothing in it: a run that is in the table looks as if
it were not, and a page of a listing as if it were the last. Connections break off, and proxies that give up announce the shorter length.
So lengths are compared, DynamoDB's CRC-32 is (botocore uses it only to decide on another try), and where there is none, JSON and XML
must be there.

BrokenAnswer  the answer is not what the service sent
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec
from botocore.exceptions import BotoCoreError

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from botocore.session import Session


class IncompleteResponse(BotoCoreError):
    fmt = "the answer to {operation} is not whole"


def verify_response_integrity(session: Session) -> None:
    """Calls of S3 and DynamoDB by the session's clients raise BrokenAnswer, once botocore has tried again in vain.

    Not for the contents of objects, which are read as they come: who reads them knows their length.
    """
    session.register("after-call.dynamodb", _check)
    session.register("after-call.s3", _check)


def _check(*, http_response: Any = None, model: Any = None, **_: Any) -> None:
    headers, length = http_response.headers, http_response.headers.get("content-length")
    if model.has_streaming_output or model.http.get("method") == "HEAD":
        return
    content = http_response.content
    is_whole = length is None or len(content) == int(length)
    if http_response.status_code == 200 and model.service_model.protocol == "json":
        checksum = headers.get("x-amz-crc32")
        is_whole = is_whole and (crc32(content) == int(checksum) if checksum else _is_json(content))
    elif http_response.status_code == 200 and not content:
        is_whole = is_whole and not _tells_in_body(model)
    if not is_whole:
        raise IncompleteResponse(operation=model.name)


def _is_json(content: bytes) -> bool:
    try:
        msgspec.json.decode(content)
    except msgspec.DecodeError:
        return False
    return True


def _tells_in_body(model: OperationModel) -> bool:
    """Whether the answer has anything to say beyond its headers. (XML that ends too soon is refused by the parser.)"""
    shape = model.output_shape
    return shape is not None and any(
        "location" not in member.serialization for member in shape.members.values()
    )
