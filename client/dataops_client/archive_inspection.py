"""Rules of safe extraction, checked for a whole archive before any member is written."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Mapping, Sequence

from dataops_client.errors import UnsafeArchive
from dataops_client.member_names import fold_name, is_portable
from dataops_client.models.archives import ArchiveFile
from dataops_client.ro_crate import METADATA_NAME

_MAX_MEMBERS = 200_000
_MAX_RATIO = 1_200
"""DEFLATE cannot compress anything by more than about 1,032 to 1."""
_LOCAL_HEADER_BYTES = 30
_ENCRYPTION_FLAGS = 0x2041


def inspect_archive(
    archive: zipfile.ZipFile, size_bytes: int, expected: Mapping[str, ArchiveFile]
) -> list[zipfile.ZipInfo]:
    """Return the members of an archive if none of them breaks a rule.

    Args:
        archive: Archive to inspect.
        size_bytes: Size of the archive.
        expected: Announced files by name.

    Raises:
        UnsafeArchive: A rule is broken; `rule` names it.
    """
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        raise UnsafeArchive("count", f"{len(members)} members; the limit is {_MAX_MEMBERS}")
    seen: dict[str, str] = {}
    for member in members:
        _check_name(member)
        folded = fold_name(member.filename)
        if folded in seen:
            names = f"{member.filename!r} and {seen[folded]!r}"
            raise UnsafeArchive("duplicate", f"{names} are the same file on some systems")
        seen[folded] = member.filename
        _check_kind(member)
        _check_size(member, expected)
    if missing := sorted(expected.keys() - {member.filename for member in members}):
        raise UnsafeArchive("missing", f"announced file {missing[0]!r} is not in the archive")
    _check_positions(members, size_bytes)
    for folder in {parent for name in seen for parent in _list_parents(name)} & seen.keys():
        raise UnsafeArchive("overlap", f"{folder!r} is both a file and a folder")
    return members


def _check_name(member: zipfile.ZipInfo) -> None:
    name = member.filename
    # zipfile cuts names at a NUL and converts the separators of the system. Only names that it left
    # unchanged are accepted.
    if (
        member.orig_filename != name
        or not name
        or "\\" in name
        or any(ord(letter) < 32 for letter in name)
    ):
        raise UnsafeArchive("name", f"{member.orig_filename!r} is not a plain name")
    if name.startswith("/") or name[1:2] == ":":
        raise UnsafeArchive("absolute", f"{name!r} is an absolute path")
    for part in name.split("/"):
        if part in ("", ".", ".."):
            raise UnsafeArchive("climbing", f"{name!r} has the part {part!r}")
        if not is_portable(part):
            raise UnsafeArchive("name", f"{name[:300]!r} is not portable to every platform")


def _check_kind(member: zipfile.ZipInfo) -> None:
    mode, method = member.external_attr >> 16, member.compress_type
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise UnsafeArchive("kind", f"{member.filename!r} is not a regular file (mode {mode:o})")
    if member.flag_bits & _ENCRYPTION_FLAGS:
        raise UnsafeArchive("encrypted", f"{member.filename!r} is encrypted")
    if method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsafeArchive("method", f"{member.filename!r} has compression method {method}")


def _check_size(member: zipfile.ZipInfo, expected: Mapping[str, ArchiveFile]) -> None:
    announced, name, size_bytes = expected.get(member.filename), member.filename, member.file_size
    if announced is None and name != METADATA_NAME:
        raise UnsafeArchive("unexpected", f"{name!r} was not announced")
    if announced is not None and size_bytes != announced.size_bytes:
        raise UnsafeArchive("size", f"{name!r} has {size_bytes}, not {announced.size_bytes} bytes")
    if size_bytes > _MAX_RATIO * max(member.compress_size, 1) + 1024:
        sizes = f"from {member.compress_size} to {size_bytes} bytes"
        raise UnsafeArchive("ratio", f"{name!r} expands {sizes}")


def _check_positions(members: Sequence[zipfile.ZipInfo], size_bytes: int) -> None:
    """Reject members that share bytes (Fifield's ZIP bomb) or lie outside of the archive."""
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise UnsafeArchive("overlap", f"{member.filename!r} overlaps another member")
        name_bytes = len(member.orig_filename.encode())
        end = member.header_offset + _LOCAL_HEADER_BYTES + name_bytes + member.compress_size
        if end > size_bytes:
            raise UnsafeArchive("overlap", f"{member.filename!r} exceeds the archive")


def _list_parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
