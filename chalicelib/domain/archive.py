"""Archives: what goes into one, what it is called, and what a caller is told about it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from .artifacts import Artifact, Role, archives_prefix, training_files
from .composition import NominalComposition
from .dataset_info import DatasetInfo
from .errors import InvalidInput
from .member_names import rejected_names
from .runs import RunKey, SubRunKey, parse_sub_run
from .soap import SoapDescriptor

FORMAT_VERSION = 3
"""Part of every fingerprint: raise it when the same members would give an archive of other bytes, by another version of `isal` too."""

METADATA_NAME = "ro-crate-metadata.json"
_MAX_INCLUDES = 20
_MAX_GLOB_LENGTH = 100


class Profile(StrEnum):
    FULL = "full"
    ESSENTIAL = "essential"


PROFILES: Mapping[Profile, Callable[[NominalComposition], tuple[str, ...] | None]] = {
    Profile.FULL: lambda _: None,
    Profile.ESSENTIAL: training_files,
}
"""The file names of each profile; None stands for every file."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which files of a sub-run a caller wants: those of the profile whose name matches one of the globs (all, if there are none)."""

    profile: Profile = Profile.FULL
    include: tuple[str, ...] = ()

    @classmethod
    def parse(cls, profile: str, include: Sequence[str]) -> Selection:
        """InvalidInput for an unknown profile, and for globs that are too many, too long or could never match a file name."""
        if profile not in set(Profile):
            raise InvalidInput(
                f"profile {profile!r} is not known: expected one of {', '.join(map(repr, map(str, Profile)))}"
            )
        if len(include) > _MAX_INCLUDES:
            raise InvalidInput(
                f"{len(include)} include globs given: at most {_MAX_INCLUDES} are allowed"
            )
        for glob in include:
            if not 0 < len(glob) <= _MAX_GLOB_LENGTH or not glob.isprintable() or "/" in glob:
                raise InvalidInput(
                    f"include {glob!r} is not a glob over file names: expected 1-{_MAX_GLOB_LENGTH} characters without '/'"
                )
        return cls(Profile(profile), tuple(sorted(set(include))))

    def takes(self, name: str, nc: NominalComposition) -> bool:
        """Return True if a file of this name in a sub-run of `nc` is wanted."""
        names = PROFILES[self.profile](nc)
        if names is not None and name not in names:
            return False
        return not self.include or any(fnmatchcase(name, glob) for glob in self.include)

    def __str__(self) -> str:
        return f"profile {str(self.profile)!r}" + (
            f" and include {list(self.include)!r}" if self.include else ""
        )


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive: `name` is its path in the ZIP."""

    name: str
    artifact: Artifact


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A stored file that an archive cannot contain, and the `reason` (see `member_names`)."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of an archive of `key`: members by name, expected files that are `missing`, and files that are `skipped`.

    `dataset` describes the data set, and `soap` the SOAP descriptors, if the archive contains any. `parts` are the manifests of the
    sub-runs that the archive of a whole run is made of.
    """

    key: RunKey | SubRunKey
    selection: Selection
    members: tuple[Member, ...]
    missing: tuple[str, ...]
    skipped: tuple[SkippedFile, ...]
    soap: SoapDescriptor | None
    dataset: DatasetInfo
    parts: tuple[Manifest, ...] = ()

    @classmethod
    def of_sub_run(
        cls,
        key: SubRunKey,
        artifacts: Iterable[Artifact],
        selection: Selection,
        dataset: DatasetInfo,
    ) -> Manifest:
        """Return the manifest of one sub-run from the listing of its artifacts."""
        nc = key.run.nc
        wanted = {
            artifact.name: artifact for artifact in artifacts if selection.takes(artifact.name, nc)
        }
        expected = [name for name in training_files(nc) if selection.takes(name, nc)]
        reasons = rejected_names(wanted, reserved=METADATA_NAME, preferred=expected)
        members = tuple(
            Member(name, wanted[name]) for name in sorted(wanted) if name not in reasons
        )
        missing = tuple(name for name in expected if name not in wanted)
        skipped = tuple(SkippedFile(name, reasons[name]) for name in sorted(reasons))
        described = (
            dataset.soap
            if any(member.artifact.role is Role.SOAP_DESCRIPTORS for member in members)
            else None
        )
        return cls(key, selection, members, missing, skipped, described, dataset)

    @classmethod
    def of_run(cls, key: RunKey, parts: Sequence[Manifest]) -> Manifest:
        """The manifest of a whole run: a folder per sub-run, each with what its own manifest in `parts` holds."""
        members = [
            Member(f"{part.folder}/{member.name}", member.artifact)
            for part in parts
            for member in part.members
        ]
        missing = tuple(f"{part.folder}/{name}" for part in parts for name in part.missing)
        skipped = tuple(
            SkippedFile(f"{part.folder}/{file.name}", file.reason)
            for part in parts
            for file in part.skipped
        )
        soap = next((part.soap for part in parts if part.soap), None)
        members.sort(key=lambda member: member.name)
        return cls(
            key,
            parts[0].selection,
            tuple(members),
            missing,
            skipped,
            soap,
            parts[0].dataset,
            tuple(parts),
        )

    @property
    def folder(self) -> str:
        """The folder of a sub-run in the archive of its run."""
        if isinstance(self.key, RunKey):
            raise TypeError(f"{self.key} is a run: only sub-runs have a folder")
        return str(self.key.sub_run)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over all that the bytes depend on: equal inputs, equal name.

        That is the format version, the selection, the parameters of the descriptors, the (name, size, ETag) of the members, and what
        the metadata contain besides: the skipped files and the description of the data set.
        """
        digest = hashlib.sha256()
        for field in (
            str(FORMAT_VERSION),
            self.selection.profile,
            self.soap.text if self.soap else "",
            *self.selection.include,
        ):
            digest.update(field.encode() + b"\0")
        for member in self.members:
            digest.update(
                f"\n{member.name}\0{member.artifact.size_bytes}\0{member.artifact.etag}".encode()
            )
        if self.dataset.fingerprint:
            digest.update(f"\ndataset {self.dataset.fingerprint}".encode())
        for file in self.skipped:
            digest.update(f"\n-{file.name}\0{file.reason}".encode(errors="surrogatepass"))
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
    """A file as it is in the archive; `sha256` (hex) and `crc32` are of its unpacked content.

    Its DEFLATE stream lies at `data_offset`, `compressed_bytes` long: the archive of the whole run takes it from there.
    """

    name: str
    size_bytes: int
    sha256: str
    role: Role
    crc32: int
    compressed_bytes: int
    data_offset: int


@dataclass(frozen=True, slots=True)
class ArchiveRecord:
    """The description stored beside a built archive. An archive exists for callers once its record does.

    The record is valid only for the stored archive with this `etag` (opaque, quotes included) and size.
    """

    size_bytes: int
    etag: str
    sha256: str
    files: tuple[PackedFile, ...]


@dataclass(frozen=True, slots=True)
class BuildLease:
    """Who builds an archive, and until when others leave it to them; `error` says how a build ended that failed."""

    holder: str
    started_at: datetime
    expires_at: datetime
    error: str | None = None


@dataclass(frozen=True, slots=True)
class BuildOrder:
    """Which archive to build: that of a sub-run, or of the `sub_runs` of a run."""

    key: RunKey | SubRunKey
    selection: Selection
    sub_runs: tuple[int, ...] | None = None

    def to_event(self) -> dict[str, Any]:
        """The order as JSON types, for a builder in another process."""
        run = self.key if isinstance(self.key, RunKey) else self.key.run
        return {
            "nc": str(run.nc),
            "id_run": str(run.id_run),
            "sub_run": None if isinstance(self.key, RunKey) else str(self.key.sub_run),
            "sub_runs": None
            if self.sub_runs is None
            else [str(sub_run) for sub_run in self.sub_runs],
            "profile": str(self.selection.profile),
            "include": list(self.selection.include),
        }

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> BuildOrder:
        """The order that `to_event` wrote; InvalidInput for values that break their rules."""
        run = RunKey.parse(event["nc"], event["id_run"])
        key = run if event["sub_run"] is None else SubRunKey(run, parse_sub_run(event["sub_run"]))
        sub_runs = (
            None if event["sub_runs"] is None else tuple(map(parse_sub_run, event["sub_runs"]))
        )
        return cls(key, Selection.parse(event["profile"], event["include"]), sub_runs)


@dataclass(frozen=True, slots=True)
class Building:
    """The answer to a download whose archive is being built: ask again after `retry_after_seconds`."""

    manifest: Manifest
    retry_after_seconds: int


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
