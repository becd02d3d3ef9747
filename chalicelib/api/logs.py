"""Structured logs: one JSON object per line.

Signatures of presigned URLs and secrets of tokens are redacted.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

_URL_SECRETS = re.compile(
    r"(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"'\\]+", re.IGNORECASE
)
_TOKENS = re.compile(r"(dataops(?:_|%5F)[a-z2-7]{12})(?:_|%5F)[^\s\"'\\/?&]+", re.IGNORECASE)
"""Tokens that were typed into a path by mistake. The token id is not redacted, so that the token
can be revoked."""


class JsonLines(logging.Formatter):
    """Formats a record and its `extra={"fields": {...}}` as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        text = msgspec.json.encode(line).decode()
        return _TOKENS.sub(r"\1_REDACTED", _URL_SECRETS.sub(r"\1REDACTED", text))


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to the current `sys.stderr`, not to that of the import."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _create_logger() -> logging.Logger:
    log = logging.getLogger("dataops")
    if not log.handlers:
        handler = _Stderr()
        handler.setFormatter(JsonLines())
        log.addHandler(handler)
        log.setLevel(logging.INFO)
        log.propagate = False  # the handler of Lambda would write each line again
    return log


LOG = _create_logger()
