"""File names that archives can contain.

An archive extracts to the same files on Linux, macOS and Windows.

The client has the same rule for what it extracts (`dataops_client.member_names`);
tests/contract/test_member_names.py compares both. Sources: "Naming Files, Paths, and Namespaces"
(Microsoft), `os.path.isreserved` of Python 3.13, APPNOTE 6.3.10 section 4.4.17.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

_WINDOWS_CHARACTERS = frozenset('<>:"|?*\\')
_WINDOWS_DEVICES = frozenset(
    {
        "con",
        "prn",
        "aux",
        "nul",
        "conin$",
        "conout$",
        *(f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"),
    }
)
_MAX_BYTES = 255
"""Limit of common file systems (ext4, XFS: bytes; NTFS, APFS: UTF-16 units, of which a name has no
more than bytes)."""

_RULES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("the name is empty", lambda name: not name),
    ("the file is in a folder below that of the sub-run", lambda name: "/" in name),
    (
        "the name ends with a space or a period, which Windows removes",
        lambda name: name.isspace() or name[-1] in " .",
    ),
    (
        "the name contains a control character",
        lambda name: any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in name),
    ),
    (
        'the name contains one of <>:"|?*\\, which Windows does not allow',
        lambda name: bool(_WINDOWS_CHARACTERS & set(name)),
    ),
    (
        "the name is that of a device on Windows",
        lambda name: name.partition(".")[0].rstrip(" ").casefold() in _WINDOWS_DEVICES,
    ),
    (
        "the name is not valid Unicode",
        lambda name: any("\ud800" <= letter <= "\udfff" for letter in name),
    ),
    (f"the name has more than {_MAX_BYTES} bytes", lambda name: len(name.encode()) > _MAX_BYTES),
)


@lru_cache(10_000)
def get_rejection_reason(name: str) -> str | None:
    """Return why an archive cannot contain a file name (one path segment), or None if it can."""
    return next((reason for reason, applies in _RULES if applies(name)), None)


def fold_name(name: str) -> str:
    """Return a form that is equal for names that a file system may treat as equal.

    File systems may ignore case or normalise Unicode.
    """
    return unicodedata.normalize("NFC", name).casefold()


def find_rejected_names(
    names: Iterable[str], *, reserved: str, preferred: Collection[str]
) -> dict[str, str]:
    """Return the names that one archive cannot contain together, each with the reason.

    `reserved` is the name of the metadata file. Of names that are equal on some file system, one is
    kept: a `preferred` name, or the first in code point order.
    """
    taken = {fold_name(reserved): reserved}
    rejected: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (name not in preferred, name)):
        if reason := get_rejection_reason(name):
            rejected[name] = reason
        elif (other := taken.setdefault(fold_name(name), name)) != name:
            rejected[name] = f"the name is the same as {other!r} on some file systems"
        elif name == reserved:
            rejected[name] = "the name is that of the archive's own metadata"
    return rejected
