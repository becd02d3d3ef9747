"""The data bucket in S3: the stored files, and the archives made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError

from chalicelib.domain.archive_record import ArchiveRecord, PresignedLink
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
from chalicelib.domain.errors import InvalidInput, SourceChanged, Unavailable
from chalicelib.domain.member_names import get_rejection_reason
from chalicelib.domain.runs import RunKey, SubRunKey, parse_id_run

from .errors import error_code, translate_errors
from .object_transfer import ObjectChanged, ObjectVanished, read_object, read_part, write_object
from .stored_records import decode_archive_record, encode_archive_record

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_SERVICE = "data bucket"
_UNREADABLE = ("NoSuchKey", "404", "InternalError", "500")
"""Error codes of an object that is missing or damaged. SeaweedFS returns the last two for content that was lost."""
_BROKEN_BODY = (HTTPClientError, IncompleteReadError)
"""A body that breaks off, again and again."""
_SUB_RUNS = {str(sub_run) for sub_run in range(15)}

ARCHIVE_LIFETIME = timedelta(days=30)
"""After which the bucket's lifecycle rule removes archives and their records."""
RECORD_LIFETIME = ARCHIVE_LIFETIME - timedelta(days=1)
"""Lifecycle rules work by the day: an archive may go a day before its record, which must not lead to it any more."""


class S3DataBucket:
    """`usecases.ports.DataBucket` over one S3 bucket.

    `public_client` signs the links, which end with its credentials at the latest (`credentials_expire_at`); `data_prefix` (empty, or with
    a slash at its end) stands before the keys of artifacts. Archives are stored by `write_client`, which may wait
    longer for an answer; default: `client`.
    """

    def __init__(
        self,
        client: S3Client,
        public_client: S3Client,
        bucket: str,
        data_prefix: str,
        url_ttl_seconds: int,
        *,
        write_client: S3Client | None = None,
        credentials_expire_at: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._client = client
        self._write_client = write_client or client
        self._public_client = public_client
        self._bucket = bucket
        self._data_prefix = data_prefix
        self._url_ttl = timedelta(seconds=url_ttl_seconds)
        self._credentials_expire_at = credentials_expire_at

    def list_compositions(self) -> Sequence[NominalComposition]:
        return sorted(_compositions(self._folders(self._data_prefix)))

    def read_dataset_info(self) -> DatasetInfo | None:
        with translate_errors(_SERVICE):
            try:
                response = self._client.get_object(
                    Bucket=self._bucket, Key=self._data_prefix + FILE_NAME
                )
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None
            content = response["Body"].read(MAX_BYTES + 1)
        if len(content) < min(response["ContentLength"], MAX_BYTES + 1):
            raise Unavailable(
                f"the {_SERVICE} returned {len(content)} of {response['ContentLength']} bytes of {FILE_NAME}"
            )
        return DatasetInfo.parse(content)

    def list_run_numbers(self, nc: NominalComposition) -> Sequence[int]:
        return sorted(_run_numbers(self._folders(self._data_prefix + get_runs_prefix(nc))))

    def has_files(self, key: SubRunKey) -> bool:
        prefix = self._data_prefix + get_files_prefix(key)
        with translate_errors(_SERVICE):
            # With a delimiter, the files of a folder below count as one entry. A few entries show a usable file almost always.
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
        with translate_errors(_SERVICE):
            page = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, StartAfter=f"{prefix}{first.id_run}/"
            )
        folder = f"2000/{sub_run}/"
        found: dict[int, bool] = {}
        last = ""
        for stored in page.get("Contents", []):
            last, _, path = stored["Key"][len(prefix) :].partition("/")
            usable = path.startswith(folder) and get_rejection_reason(path[len(folder) :]) is None
            for id_run in _run_numbers([last]):
                found[id_run] = found.get(id_run, False) or usable
        if page["IsTruncated"]:  # the last run may have more files than were listed
            found = {
                id_run: present
                for id_run, present in found.items()
                if present or str(id_run) != last
            }
        return found

    def list_artifacts(self, key: SubRunKey) -> Sequence[Artifact]:
        found: dict[str, Artifact] = {}
        for only, listing in zip(
            (None, SOAPS_NAME),
            self._listings(get_files_prefix(key), get_soaps_prefix(key)),
            strict=True,
        ):
            for stored, name in listing:
                artifact = _artifact(key.run.nc, stored, name)
                if artifact and only in (None, name):
                    found[name] = artifact
        return [found[name] for name in sorted(found)]

    def list_run_artifacts(self, key: RunKey) -> Mapping[int, Sequence[Artifact]]:
        found: dict[int, dict[str, Artifact]] = {}
        for only, listing in zip(
            (None, SOAPS_NAME),
            self._listings(get_run_files_prefix(key), get_run_soaps_prefix(key)),
            strict=True,
        ):
            for stored, path in listing:
                folder, _, name = path.partition("/")
                artifact = _artifact(key.nc, stored, name)
                if artifact and only in (None, name) and folder in _SUB_RUNS:
                    found.setdefault(int(folder), {})[name] = artifact
        return {
            sub_run: [by_name[name] for name in sorted(by_name)]
            for sub_run, by_name in sorted(found.items())
        }

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        with _unchanged(artifact.key):
            yield from read_object(
                self._client,
                self._bucket,
                artifact.key,
                etag=artifact.etag,
                size_bytes=artifact.size_bytes,
            )

    def read_range(self, artifact: Artifact, start: int, stop: int) -> bytes:
        return self._read_part(artifact.key, artifact.etag, start, stop)

    def get_archive_record(self, archive_key: str) -> ArchiveRecord | None:
        with ThreadPoolExecutor(
            1, thread_name_prefix="head"
        ) as pool:  # side by side: no further round trip for callers
            head = pool.submit(self._etag_and_size, archive_key)
            record = self._record(archive_key)
            stored = head.result()
        if (record is None) != (stored is None):
            # Half of an archive. Read the other half again: a response that broke off must not cost a rebuild.
            record = record or self._record(archive_key)
            stored = stored or self._etag_and_size(archive_key)
        return record if record and (record.etag, record.size_bytes) == stored else None

    def read_archive(self, archive_key: str, etag: str, start: int, end: int) -> bytes:
        return self._read_part(archive_key, etag, start, end)

    def write_archive(self, archive_key: str, pieces: Iterable[bytes], filename: str) -> str:
        disposition = f'attachment; filename="{filename}"'
        with translate_errors(_SERVICE):
            return write_object(
                self._write_client,
                self._bucket,
                archive_key,
                pieces,
                content_type="application/zip",
                content_disposition=disposition,
            )

    def write_archive_record(self, archive_key: str, record: ArchiveRecord) -> None:
        with translate_errors(_SERVICE):
            self._client.put_object(
                Bucket=self._bucket,
                Key=_record_key(archive_key),
                Body=encode_archive_record(record),
                ContentType="application/json",
            )

    def delete_archive_record(self, archive_key: str) -> None:
        with translate_errors(_SERVICE):
            self._client.delete_object(Bucket=self._bucket, Key=_record_key(archive_key))

    def presign(self, archive_key: str, filename: str) -> PresignedLink:
        with translate_errors(_SERVICE):
            now = datetime.now(UTC)
            expires_at = min(
                now + self._url_ttl,
                self._credentials_expire_at() or datetime.max.replace(tzinfo=UTC),
            )
            url = self._public_client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": archive_key,
                    "ResponseContentDisposition": _attachment(filename),
                },
                ExpiresIn=max(1, round((expires_at - now).total_seconds())),
            )
        return PresignedLink(url, expires_at)

    def ping(self) -> None:
        with translate_errors(_SERVICE):
            self._client.head_bucket(Bucket=self._bucket)

    def _record(self, archive_key: str) -> ArchiveRecord | None:
        """Return the record, or None if it is missing, unreadable, or about to outlive its archive."""
        with translate_errors(_SERVICE):
            try:
                response = self._client.get_object(
                    Bucket=self._bucket, Key=_record_key(archive_key)
                )
            except ClientError as error:
                if error_code(error) not in _UNREADABLE:
                    raise
                return None
            try:
                content = response["Body"].read()
            except _BROKEN_BODY:
                return None
        if response["LastModified"] < datetime.now(UTC) - RECORD_LIFETIME:
            return None
        with suppress(msgspec.DecodeError):
            return decode_archive_record(content)
        return None

    def _etag_and_size(self, archive_key: str) -> tuple[str, int] | None:
        """Return the ETag and the size of the stored archive, or None if it is missing or unreadable."""
        with translate_errors(_SERVICE):
            try:
                response = self._client.head_object(Bucket=self._bucket, Key=archive_key)
            except ClientError as error:
                if error_code(error) not in _UNREADABLE:
                    raise
                return None
        return response["ETag"], response["ContentLength"]

    def _read_part(self, key: str, etag: str, start: int, end: int) -> bytes:
        with _unchanged(key):
            return read_part(self._client, self._bucket, key, etag=etag, start=start, end=end)

    def _folders(self, prefix: str) -> set[str]:
        """The names of the folders right below a prefix."""
        folders: set[str] = set()
        with translate_errors(_SERVICE):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=prefix, Delimiter="/"
            )
            for page in pages:
                folders |= {
                    common["Prefix"][len(prefix) : -1] for common in page.get("CommonPrefixes", [])
                }
        return folders

    def _listings(self, *prefixes: str) -> list[list[tuple[ObjectTypeDef, str]]]:
        """What `_stored` gives for each prefix, asked for at the same time."""
        with ThreadPoolExecutor(len(prefixes), thread_name_prefix="list") as pool:
            return list(pool.map(lambda prefix: list(self._stored(prefix)), prefixes))

    def _stored(self, prefix: str) -> Iterator[tuple[ObjectTypeDef, str]]:
        """The objects below a prefix, each with the rest of its key."""
        full_prefix = self._data_prefix + prefix
        with translate_errors(_SERVICE):
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=full_prefix
            ):
                for stored in page.get("Contents", []):
                    yield stored, stored["Key"][len(full_prefix) :]


def _artifact(nc: NominalComposition, stored: ObjectTypeDef, name: str) -> Artifact | None:
    if not name or name.endswith("/"):  # a folder marker
        return None
    return Artifact(stored["Key"], name, stored["Size"], stored["ETag"], get_role(nc, name))


@contextmanager
def _unchanged(key: str) -> Iterator[None]:
    """Turn failures to read an object into Unavailable; SourceChanged if it was replaced or removed."""
    try:
        with translate_errors(_SERVICE):
            yield
    except (ObjectChanged, ObjectVanished) as error:
        raise SourceChanged(f"{key!r} changed while it was read: repeat the request") from error


def _attachment(filename: str) -> str:
    """A Content-Disposition that saves under `filename`, whatever a stored file is called (RFC 6266)."""
    plain = "".join(
        letter if " " <= letter <= "~" and letter not in '"\\%' else "_" for letter in filename
    )
    return f'attachment; filename="{plain}"' + (
        "" if plain == filename else f"; filename*=UTF-8''{quote(filename, safe='')}"
    )


def _compositions(folders: Iterable[str]) -> Iterator[NominalComposition]:
    for folder in folders:
        try:
            yield NominalComposition.parse(folder)
        except (
            InvalidInput
        ):  # SOAP descriptors, archives, or something else beside the compositions
            continue


def _run_numbers(folders: Iterable[str]) -> Iterator[int]:
    for folder in folders:
        try:
            yield parse_id_run(folder)
        except InvalidInput:  # something else beside the runs
            continue


def _record_key(archive_key: str) -> str:
    return archive_key.removesuffix(".zip") + ".json"
