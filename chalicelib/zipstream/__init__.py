"""Streaming ZIP writer: deterministic, without I/O of its own, in constant memory.

PackingError (ValueError)
+- BadMemberName    a name is empty, absolute, outside the target folder, or repeated
+- WrongMemberSize  a member has more or fewer bytes than announced
+- DamagedMember    a precompressed member does not inflate to the announced content

BadMemberName is raised before the first byte. A member that raises one of the others is not packed.
"""

from .members import (
    AnyMember,
    BadMemberName,
    DamagedMember,
    Member,
    PackedMember,
    PackingError,
    PrecompressedMember,
    WrongMemberSize,
)
from .stream import ZipStream

__all__ = [
    "AnyMember",
    "BadMemberName",
    "DamagedMember",
    "Member",
    "PackedMember",
    "PackingError",
    "PrecompressedMember",
    "WrongMemberSize",
    "ZipStream",
]
