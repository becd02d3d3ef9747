"""Manifests: the content of an archive before it is built, and its fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from .artifacts import Artifact, Role, get_archives_prefix, list_training_files
from .dataset_info import DatasetInfo
from .member_names import find_rejected_names
from .runs import RunKey, SubRunKey
from .selection import Selection
from .soap import SoapDescriptor

FORMAT_VERSION = 3
"""Part of every fingerprint. Increase it if the same members would result in other bytes, including
by another version of `isal`."""

METADATA_NAME = "ro-crate-metadata.json"


@dataclass(frozen=True, slots=True)
class ManifestMember:
    """A file of an archive; `name` is its path in the ZIP."""

    name: str
    artifact: Artifact


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A stored file that an archive cannot contain, with the reason (see `member_names`)."""

    name: str
    reason: str


@dataclass(frozen=True)
class Manifest:
    """The content of an archive: members by name, `missing` expected files and `skipped` files.

    `dataset` describes the data set, and `soap` the SOAP descriptors if the archive contains any.
    The archive of a whole run is made of `parts`, the manifests of its sub-runs.
    """

    key: RunKey | SubRunKey
    selection: Selection
    members: tuple[ManifestMember, ...]
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
        """Return the manifest of a sub-run from the listing of its artifacts."""
        nc = key.run.nc
        selected = {
            artifact.name: artifact
            for artifact in artifacts
            if selection.includes(artifact.name, nc)
        }
        expected = [name for name in list_training_files(nc) if selection.includes(name, nc)]
        reasons = find_rejected_names(selected, reserved=METADATA_NAME, preferred=expected)
        members = tuple(
            ManifestMember(name, selected[name]) for name in sorted(selected) if name not in reasons
        )
        has_soap = any(member.artifact.role is Role.SOAP_DESCRIPTORS for member in members)
        return cls(
            key=key,
            selection=selection,
            members=members,
            missing=tuple(name for name in expected if name not in selected),
            skipped=tuple(SkippedFile(name, reasons[name]) for name in sorted(reasons)),
            soap=dataset.soap if has_soap else None,
            dataset=dataset,
        )

    @classmethod
    def of_run(cls, key: RunKey, parts: Sequence[Manifest]) -> Manifest:
        """Return the manifest of a whole run, with one folder for each of the `parts`."""
        members = [
            ManifestMember(f"{part.folder}/{member.name}", member.artifact)
            for part in parts
            for member in part.members
        ]
        return cls(
            key=key,
            selection=parts[0].selection,
            members=tuple(sorted(members, key=lambda member: member.name)),
            missing=tuple(f"{part.folder}/{name}" for part in parts for name in part.missing),
            skipped=tuple(
                SkippedFile(f"{part.folder}/{file.name}", file.reason)
                for part in parts
                for file in part.skipped
            ),
            soap=next((part.soap for part in parts if part.soap), None),
            dataset=parts[0].dataset,
            parts=tuple(parts),
        )

    @property
    def folder(self) -> str:
        """Return the folder of a sub-run in the archive of its run."""
        if self.key.sub_run_or_none is None:
            raise TypeError(f"{self.key} is a run; only sub-runs have a folder")
        return str(self.key.sub_run_or_none)

    @cached_property
    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of everything that determines the bytes of the archive.

        It covers the format version, the selection, the SOAP parameters, the (name, size, ETag) of
        each member, the skipped files and the description of the data set.
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
            artifact = member.artifact
            digest.update(f"\n{member.name}\0{artifact.size_bytes}\0{artifact.etag}".encode())
        if self.dataset.fingerprint:
            digest.update(f"\ndataset {self.dataset.fingerprint}".encode())
        for file in self.skipped:
            digest.update(f"\n-{file.name}\0{file.reason}".encode(errors="surrogatepass"))
        return digest.hexdigest()

    @property
    def archive_key(self) -> str:
        return f"{get_archives_prefix(self.key)}{self.fingerprint}.zip"

    @property
    def filename(self) -> str:
        """Return the suggested name of the downloaded file: `<nc>_<id_run>_<sub_run>.zip`."""
        return f"{str(self.key).replace('/', '_')}.zip"

    @property
    def size_bytes(self) -> int:
        """Return the total size of the members, uncompressed."""
        return sum(member.artifact.size_bytes for member in self.members)
