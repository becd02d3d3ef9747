"""The stored files of calculations, in the data bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

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
from chalicelib.domain.errors import InvalidInput, Unavailable
from chalicelib.domain.member_names import get_rejection_reason
from chalicelib.domain.runs import (
    AUGMENTED_SUB_RUNS,
    REFERENCE_SUB_RUN,
    RunKey,
    SubRunKey,
    parse_id_run,
)

from .errors import DATA_BUCKET, error_code, translate_errors, translate_read_errors
from .object_transfer import read_object, read_part

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_SUB_RUNS = {str(sub_run) for sub_run in (REFERENCE_SUB_RUN, *AUGMENTED_SUB_RUNS)}


class S3StoredFiles:
    """Lists and reads the files of calculations, which are below `data_prefix`."""

    def __init__(self, client: S3Client, bucket: str, data_prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._data_prefix = data_prefix

    def list_compositions(self) -> Sequence[NominalComposition]:
        return sorted(_parse_compositions(self._list_folders(self._data_prefix)))

    def read_dataset_info(self) -> DatasetInfo | None:
        with translate_errors(DATA_BUCKET):
            try:
                response = self._client.get_object(
                    Bucket=self._bucket, Key=self._data_prefix + FILE_NAME
                )
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None
            content = response["Body"].read(MAX_BYTES + 1)
        expected_bytes = response["ContentLength"]
        if len(content) < min(expected_bytes, MAX_BYTES + 1):
            raise Unavailable(
                f"the {DATA_BUCKET} returned {len(content)} of {expected_bytes} bytes "
                f"of {FILE_NAME}"
            )
        return DatasetInfo.parse(content)

    def list_run_numbers(self, nc: NominalComposition) -> Sequence[int]:
        folders = self._list_folders(self._data_prefix + get_runs_prefix(nc))
        return sorted(_parse_run_numbers(folders))

    def has_files(self, key: SubRunKey) -> bool:
        prefix = self._data_prefix + get_files_prefix(key)
        with translate_errors(DATA_BUCKET):
            # With a delimiter, a subfolder counts as one entry. A few entries almost always contain
            # a usable file.
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/", PaginationConfig={"PageSize": 20}
            )
            names = (
                stored["Key"][len(prefix) :]
                for page in pages
                for stored in page.get("Contents", [])
            )
            return any(get_rejection_reason(name) is None for name in names)

    def list_runs_with_files(self, first: RunKey, sub_run: int) -> Mapping[int, bool]:
        prefix = self._data_prefix + get_runs_prefix(first.nc)
        with translate_errors(DATA_BUCKET):
            page = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, StartAfter=f"{prefix}{first.id_run}/"
            )
        folder = f"2000/{sub_run}/"
        found: dict[int, bool] = {}
        last = ""
        for stored in page.get("Contents", []):
            last, _, path = stored["Key"][len(prefix) :].partition("/")
            usable = path.startswith(folder) and get_rejection_reason(path[len(folder) :]) is None
            for id_run in _parse_run_numbers([last]):
                found[id_run] = found.get(id_run, False) or usable
        if page["IsTruncated"]:  # the last run may have more files than were listed
            found = {
                id_run: present
                for id_run, present in found.items()
                if present or str(id_run) != last
            }
        return found

    def list_artifacts(self, key: SubRunKey) -> Sequence[Artifact]:
        files, soaps = self._list_objects(get_files_prefix(key), get_soaps_prefix(key))
        found: dict[str, Artifact] = {}
        for only, listing in ((None, files), (SOAPS_NAME, soaps)):
            for stored, name in listing:
                artifact = _build_artifact(key.run.nc, stored, name)
                if artifact and only in (None, name):
                    found[name] = artifact
        return [found[name] for name in sorted(found)]

    def list_run_artifacts(self, key: RunKey) -> Mapping[int, Sequence[Artifact]]:
        files, soaps = self._list_objects(get_run_files_prefix(key), get_run_soaps_prefix(key))
        found: dict[int, dict[str, Artifact]] = {}
        for only, listing in ((None, files), (SOAPS_NAME, soaps)):
            for stored, path in listing:
                folder, _, name = path.partition("/")
                artifact = _build_artifact(key.nc, stored, name)
                if artifact and only in (None, name) and folder in _SUB_RUNS:
                    found.setdefault(int(folder), {})[name] = artifact
        return {
            sub_run: [by_name[name] for name in sorted(by_name)]
            for sub_run, by_name in sorted(found.items())
        }

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        with translate_read_errors(artifact.key):
            yield from read_object(
                self._client,
                self._bucket,
                artifact.key,
                etag=artifact.etag,
                size_bytes=artifact.size_bytes,
            )

    def read_range(self, artifact: Artifact, start: int, end: int) -> bytes:
        with translate_read_errors(artifact.key):
            return read_part(
                self._client, self._bucket, artifact.key, etag=artifact.etag, start=start, end=end
            )

    def _list_folders(self, prefix: str) -> set[str]:
        """Return the names of the folders directly below a prefix."""
        folders: set[str] = set()
        with translate_errors(DATA_BUCKET):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/"
            )
            for page in pages:
                folders |= {
                    common["Prefix"][len(prefix) : -1] for common in page.get("CommonPrefixes", [])
                }
        return folders

    def _list_objects(self, *prefixes: str) -> list[list[tuple[ObjectTypeDef, str]]]:
        """List several prefixes concurrently. See `_iter_objects`."""
        with ThreadPoolExecutor(len(prefixes), thread_name_prefix="list") as pool:
            return list(pool.map(lambda prefix: list(self._iter_objects(prefix)), prefixes))

    def _iter_objects(self, prefix: str) -> Iterator[tuple[ObjectTypeDef, str]]:
        """Yield the objects below a prefix, each with the rest of its key."""
        full_prefix = self._data_prefix + prefix
        with translate_errors(DATA_BUCKET):
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=full_prefix
            ):
                for stored in page.get("Contents", []):
                    yield stored, stored["Key"][len(full_prefix) :]


def _build_artifact(nc: NominalComposition, stored: ObjectTypeDef, name: str) -> Artifact | None:
    if not name or name.endswith("/"):  # a folder marker
        return None
    return Artifact(stored["Key"], name, stored["Size"], stored["ETag"], get_role(nc, name))


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
