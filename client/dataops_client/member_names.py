"""Names of archive members that can be extracted on Linux, macOS and Windows alike.

The API leaves files with other names out of its archives by the same rule
(`chalicelib.domain.member_names`). tests/contract/test_member_names.py compares both.
"""

from __future__ import annotations

import unicodedata

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


def is_portable(name: str) -> bool:
    """Return True if a path segment names the same file on every platform."""
    if (
        not name
        or "/" in name
        or name.isspace()
        or name[-1] in " ."
        or _WINDOWS_CHARACTERS & set(name)
    ):
        return False
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in name):
        return False
    if name.partition(".")[0].rstrip(" ").casefold() in _WINDOWS_DEVICES:
        return False
    try:
        return len(name.encode()) <= _MAX_BYTES
    except UnicodeEncodeError:
        return False


def fold_name(name: str) -> str:
    """Return the form that is equal for names of one file on systems that fold case or Unicode."""
    return unicodedata.normalize("NFC", name).casefold()
