"""The stored files of calculations, in the data bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chalicelib.domain.artifacts import (
    SOAPS_NAME,
    Artifact,
    get_files_prefix,
    get_role,
    get_run_files_prefix,
    get_run_soaps_prefix,
    get_runs_prefix,
    get_soaps_prefix,
)
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.dataset_info import FILE_NAME, MAX_BYTES, DatasetInfo
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.member_names import get_rejection_reason
from chalicelib.domain.runs import (
    SUB_RUNS,
    RunKey,
    SubRunKey,
    parse_id_run,
)
from chalicelib.usecases.parallel_calls import run_parallel

from .errors import DATA_BUCKET, ObjectVanished, translate_errors, translate_read_errors
from .object_calls import StoredObject
from .object_store import PAGE_OBJECTS, ObjectStore

_SUB_RUNS = {str(sub_run) for sub_run in SUB_RUNS}


class S3StoredFiles:
    """Lists and reads the files of calculations, which are below `data_prefix`."""

    def __init__(self, objects: ObjectStore, data_prefix: str) -> None:
        self._objects = objects
        self._data_prefix = data_prefix

    def list_compositions(self) -> Sequence[NominalComposition]:
        return sorted(_parse_compositions(self._list_folders("")))

    def read_dataset_info(self) -> DatasetInfo | None:
        with translate_errors(DATA_BUCKET):
            try:
                _, content = self._objects.get(self._data_prefix + FILE_NAME, MAX_BYTES + 1)
            except ObjectVanished:
                return None
        return DatasetInfo.parse(content)

    def list_run_numbers(self, nc: NominalComposition) -> Sequence[int]:
        return sorted(_parse_run_numbers(self._list_folders(get_runs_prefix(nc))))

    def has_files(self, key: SubRunKey) -> bool:
        prefix = self._data_prefix + get_files_prefix(key)
        with translate_errors(DATA_BUCKET):
            objects = self._objects.list_folder(prefix).objects
        return any(get_rejection_reason(stored.key[len(prefix) :]) is None for stored in objects)

    def list_runs_with_files(self, first: RunKey, sub_run: int) -> Mapping[int, bool]:
        prefix = self._data_prefix + get_runs_prefix(first.nc)
        with translate_errors(DATA_BUCKET):
            objects, _, truncated = self._objects.list(
                # obstore removes a final slash, and SeaweedFS then skips the folder. "!" precedes
                # all names in it.
                prefix,
                after=f"{prefix}{first.id_run}/!",
                limit=PAGE_OBJECTS,
            )
        folder = f"2000/{sub_run}/"
        found: dict[int, bool] = {}
        last = ""
        for stored in objects:
            last, _, path = stored.key[len(prefix) :].partition("/")
            usable = path.startswith(folder) and get_rejection_reason(path[len(folder) :]) is None
            for id_run in _parse_run_numbers([last]):
                found[id_run] = found.get(id_run, False) or usable
        if truncated:  # the last run may have more files than were listed
            found = {
                id_run: present
                for id_run, present in found.items()
                if present or str(id_run) != last
            }
        return found

    def list_artifacts(self, key: SubRunKey) -> Sequence[Artifact]:
        prefix = self._data_prefix + get_files_prefix(key)
        soaps_key = self._data_prefix + get_soaps_prefix(key) + SOAPS_NAME
        with translate_errors(DATA_BUCKET):
            listing, soaps = run_parallel(
                lambda: self._objects.list(prefix), lambda: self._objects.head(soaps_key)
            )
        nc = key.run.nc
        found = {
            name: build_artifact(nc, stored, name)
            for stored in listing.objects
            if (name := stored.key[len(prefix) :])
        }
        if soaps:
            found[SOAPS_NAME] = build_artifact(nc, soaps, SOAPS_NAME)
        return [found[name] for name in sorted(found)]

    def list_run_artifacts(self, key: RunKey) -> Mapping[int, Sequence[Artifact]]:
        prefix = self._data_prefix + get_run_files_prefix(key)
        soaps_prefix = self._data_prefix + get_run_soaps_prefix(key)
        with translate_errors(DATA_BUCKET):
            files, soaps = run_parallel(
                lambda: self._objects.list(prefix), lambda: self._objects.list(soaps_prefix)
            )
        found: dict[int, dict[str, Artifact]] = {}
        for listing, start, only in (
            (files, len(prefix), None),
            (soaps, len(soaps_prefix), SOAPS_NAME),
        ):
            for stored in listing.objects:
                folder, _, name = stored.key[start:].partition("/")
                if name and only in (None, name) and folder in _SUB_RUNS:
                    artifact = build_artifact(key.nc, stored, name)
                    found.setdefault(int(folder), {})[name] = artifact
        return {
            sub_run: [by_name[name] for name in sorted(by_name)]
            for sub_run, by_name in sorted(found.items())
        }

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        with translate_read_errors(artifact.key):
            yield from self._objects.read(
                artifact.key, etag=artifact.etag, size_bytes=artifact.size_bytes
            )

    def read_range(self, artifact: Artifact, start: int, end: int) -> bytes:
        with translate_read_errors(artifact.key):
            return self._objects.read_range(artifact.key, etag=artifact.etag, start=start, end=end)

    def _list_folders(self, prefix: str) -> Sequence[str]:
        """Return the names of the folders directly below a prefix."""
        with translate_errors(DATA_BUCKET):
            return self._objects.list_folder(self._data_prefix + prefix).folders


def build_artifact(nc: NominalComposition, stored: StoredObject, name: str) -> Artifact:
    """Return the artifact of a stored object."""
    return Artifact(stored.key, name, stored.size_bytes, stored.etag, get_role(nc, name))


def _parse_compositions(folders: Iterable[str]) -> Iterator[NominalComposition]:
    for folder in folders:
        try:
            yield NominalComposition.parse(folder)
        except InvalidInput:  # SOAP descriptors, archives, or other folders
            continue


def _parse_run_numbers(folders: Iterable[str]) -> Iterator[int]:
    for folder in folders:
        try:
            yield parse_id_run(folder)
        except InvalidInput:  # other folders
            continue
