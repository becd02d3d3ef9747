"""Rejection of incomplete responses of DynamoDB.

After its last retry, botocore returns an empty result for a response that it cannot parse. A
truncated GetItem then looks like a missing item. Connections break, and proxies announce the
shorter length. Therefore the length is compared, and the CRC-32 (botocore only uses it to decide
on a retry). Without a CRC-32, the body must contain JSON.

IncompleteResponse  the response is not what the service sent
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import msgspec
from botocore.exceptions import BotoCoreError

if TYPE_CHECKING:
    from botocore.session import Session


class IncompleteResponse(BotoCoreError):
    """The response is not what the service sent."""

    fmt = "incomplete response to {operation}"


def verify_response_integrity(session: Session) -> None:
    """Raise IncompleteResponse from calls of DynamoDB after the last retry of botocore."""
    session.register("after-call.dynamodb", _check)


def _check(*, http_response: Any = None, model: Any = None, **_: Any) -> None:
    headers, length = http_response.headers, http_response.headers.get("content-length")
    content = http_response.content
    complete = length is None or len(content) == int(length)
    if http_response.status_code == 200:
        checksum = headers.get("x-amz-crc32")
        complete = complete and (crc32(content) == int(checksum) if checksum else _is_json(content))
    if not complete:
        raise IncompleteResponse(operation=model.name)


def _is_json(content: bytes) -> bool:
    try:
        msgspec.json.decode(content)
    except msgspec.DecodeError:
        return False
    return True
