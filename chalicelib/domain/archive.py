"""Archives: what goes into one, what it is called, and what a caller is told about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from .artifacts import ESSENTIAL_ROLES, Artifact, Role, archives_prefix, essential_names
from .errors import InvalidInput
from .runs import RunKey, SubRunKey

FORMAT_VERSION = 1
"""Part of every fingerprint: raise it when the same members would give an archive with other content."""

METADATA_NAME = "ro-crate-metadata.json"
_MAX_INCLUDES = 20
_MAX_GLOB_LENGTH = 100


class Profile(StrEnum):
    FULL = "full"
    ESSENTIAL = "essential"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files of a sub-run a caller wants: those of the profile whose name matches one of the globs (all, if there are none)."""

    profile: Profile = Profile.FULL
    include: tuple[str, ...] = ()

    @classmethod
    def parse(cls, profile: str, include: Sequence[str]) -> Selection:
        """InvalidInput for an unknown profile, and for globs that are too many, too long or could never match a file name."""
        if profile not in set(Profile):
            raise InvalidInput(f"profile {profile!r} is not known: expected one of {', '.join(map(repr, map(str, Profile)))}")
        if len(include) > _MAX_INCLUDES:
            raise InvalidInput(f"{len(include)} include globs given: at most {_MAX_INCLUDES} are allowed")
        for glob in include:
            if not 0 < len(glob) <= _MAX_GLOB_LENGTH or not glob.isprintable() or "/" in glob:
                raise InvalidInput(f"include {glob!r} is not a glob over file names: expected 1-{_MAX_GLOB_LENGTH} characters without '/'")
        return cls(Profile(profile), tuple(sorted(set(include))))

    def takes(self, name: str, role: Role) -> bool:
        """Whether a file of this name and role is wanted."""
        if self.profile is Profile.ESSENTIAL and role not in ESSENTIAL_ROLES:
            return False
        return not self.include or any(fnmatchcase(name, glob) for glob in self.include)

    def __str__(self) -> str:
        return f"profile {str(self.profile)!r}" + (f" and include {list(self.include)!r}" if self.include else "")


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: `name` is its path in the ZIP."""

    name: str
    artifact: Artifact


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive of `key` holds: members by name, and the expected files that are `missing`."""

    key: RunKey | SubRunKey
    selection: Selection
    members: tuple[Member, ...]
    missing: tuple[str, ...]

    @classmethod
    def of_sub_run(cls, key: SubRunKey, artifacts: Iterable[Artifact], selection: Selection) -> Manifest:
        """The manifest of one sub-run from the listing of its artifacts."""
        taken = {artifact.name: artifact for artifact in artifacts if selection.takes(artifact.name, artifact.role)}
        expected = [name for name, role in essential_names(key.run.nc).items() if selection.takes(name, role)]
        members = tuple(Member(name, taken[name]) for name in sorted(taken))
        return cls(key, selection, members, tuple(name for name in expected if name not in taken))

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over the format version, the selection and the (name, size, ETag) of the members: equal inputs, equal name."""
        digest = hashlib.sha256()
        for field in (str(FORMAT_VERSION), self.selection.profile, *self.selection.include):
            digest.update(field.encode() + b"\0")
        for member in self.members:
            digest.update(f"\n{member.name}\0{member.artifact.size_bytes}\0{member.artifact.etag}".encode())
        return digest.hexdigest()

    @property
    def archive_key(self) -> str:
        return f"{archives_prefix(self.key)}{self.fingerprint}.zip"

    @property
    def filename(self) -> str:
        """What the archive is called on the caller's disk: `<nc>_<id_run>_<sub_run>.zip`."""
        return f"{str(self.key).replace('/', '_')}.zip"

    @property
    def size_bytes(self) -> int:
        """The sum of the members' sizes, unpacked."""
        return sum(member.artifact.size_bytes for member in self.members)


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file as it is in the archive; `sha256` is of its unpacked content, in hex."""

    name: str
    size_bytes: int
    sha256: str
    role: Role


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """What is kept beside a built archive. An archive exists for callers once its record does."""

    size_bytes: int
    sha256: str
    files: tuple[PackedFile, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PresignedLink:
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ArchiveLink:
    """The answer to a download: an archive that is there, and where to get it. `cached` tells that nothing had to be built."""

    manifest: Manifest
    record: ArchiveRecord
    link: PresignedLink
    cached: bool
