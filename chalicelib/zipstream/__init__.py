"""Members -> the bytes of a ZIP archive: pure, deterministic, in memory that does not grow with the archive.

PackingError (ValueError)
+- BadMemberName   empty, absolute, climbing out, repeated: raised before the first byte
+- WrongMemberSize a source gave more or fewer bytes than it announced: never packed
+- DamagedMember   a DEFLATE stream to be copied inflates to something else than announced: never packed
"""

from .members import (
    AnyMember,
    BadMemberName,
    DamagedMember,
    PackedMember,
    PackingError,
    PrecompressedMember,
    Source,
    WrongMemberSize,
)
from .stream import ZipStream

__all__ = [
    "AnyMember",
    "BadMemberName",
    "DamagedMember",
    "PackedMember",
    "PackingError",
    "PrecompressedMember",
    "Source",
    "WrongMemberSize",
    "ZipStream",
]
