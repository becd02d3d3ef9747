"""Calls of obstore, their results, and the translation of their errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from obstore.exceptions import BaseError, InvalidPathError, PreconditionError

from .errors import ObjectChanged, ObjectStoreError, ObjectVanished

if TYPE_CHECKING:
    from obstore import GetResult, ObjectMeta

_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"Server returned .{0,40}status code: (\d{3})")
_Result = TypeVar("_Result")
_CHUNK_BYTES = 256 * 1024
_SINGLE_READ_BYTES = 1024 * 1024
"""Objects up to this size are read at once, larger ones in chunks."""


class StoredObject(NamedTuple):
    """An object of the bucket. ETags are compared, not interpreted."""

    key: str
    size_bytes: int
    etag: str
    modified_at: datetime

    @classmethod
    def of_meta(cls, meta: ObjectMeta) -> StoredObject:
        return cls(meta["path"], meta["size"], meta["e_tag"] or "", meta["last_modified"])


class Listing(NamedTuple):
    """Objects, and the names of the folders if the listing has a delimiter.

    `truncated` is True if a listing with a limit may lack objects.
    """

    objects: Sequence[StoredObject]
    folders: Sequence[str]
    truncated: bool = False


def call(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Return the result of a function of obstore.

    Raises:
        ObjectStoreError: The store does not respond, or responds with an error.
        ObjectChanged: The object has another ETag.
        ObjectVanished: The object does not exist.
        InvalidPathError: A listing contains a key that obstore rejects.
    """
    try:
        return function(*arguments, **options)
    except InvalidPathError:
        raise
    except PreconditionError as error:
        raise ObjectChanged(_shorten(error)) from None
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise ObjectStoreError(_shorten(error), "NoSuchBucket") from None
        raise ObjectVanished(_shorten(error)) from None
    except BaseError as error:
        found = _CODE.search(str(error)) or _STATUS.search(str(error))
        raise ObjectStoreError(_shorten(error), found[1] if found else "") from None


def call_twice(function: Callable[[], _Result]) -> _Result:
    """Repeat a listing whose response breaks off. obstore repeats requests, but not reads of it."""
    try:
        result: _Result = call(function)
    except ObjectStoreError as error:
        if "list response" not in str(error):
            raise
        result = call(function)
    return result


def reject_many_empty(found: Sequence[ObjectMeta], limit: int) -> None:
    """Raise InvalidPathError if a listing has more empty objects than `limit`.

    Each of them may be a folder marker, whose key has lost its final slash.
    """
    if sum(not meta["size"] for meta in found) > limit:
        raise InvalidPathError(f"more than {limit} keys may lack a final slash")


def iter_content(result: GetResult, size_bytes: int) -> Iterator[bytes]:
    """Yield the body of a response in chunks."""
    if size_bytes <= _SINGLE_READ_BYTES:
        yield bytes(call(result.bytes))
        return
    stream = iter(result.stream(_CHUNK_BYTES))
    while chunk := call(next, stream, b""):
        yield chunk


def incomplete(key: str, received_bytes: int, expected_bytes: int) -> ObjectStoreError:
    """Return the error of a body that is too short."""
    return ObjectStoreError(f"received {received_bytes} of {expected_bytes} bytes of {key!r}", "")


def _shorten(error: Exception) -> str:
    return str(error).partition("\n\nDebug source")[0]


class Pieces:
    """An iterator that keeps its error."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.error: BaseException | None = None
        self._pieces = iter(pieces)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            raise
        except BaseException as error:
            self.error = error
            raise

    def close(self) -> None:
        """End the source of the pieces."""
        if isinstance(self._pieces, Generator):
            self._pieces.close()
