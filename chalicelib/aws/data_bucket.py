"""The data bucket in S3: the stored files, and the archives made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from chalicelib.domain.archive import ArchiveRecord, PresignedLink
from chalicelib.domain.artifacts import SOAPS_NAME, Artifact, files_prefix, role_of, runs_prefix, soaps_prefix
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import InvalidInput, SourceChanged
from chalicelib.domain.runs import SubRunKey, parse_id_run

from .failures import error_code, unavailable
from .transfer import ObjectChanged, ObjectVanished, read_object, write_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_SERVICE = "data bucket"


class S3DataBucket:
    """`usecases.ports.DataBucket` over one S3 bucket.

    `public_client` signs the links; `data_prefix` (empty, or with a slash at its end) stands before the keys of artifacts.
    """

    def __init__(self, client: S3Client, public_client: S3Client, bucket: str, data_prefix: str, url_ttl_seconds: int) -> None:
        self._client = client
        self._public_client = public_client
        self._bucket = bucket
        self._data_prefix = data_prefix
        self._url_ttl = timedelta(seconds=url_ttl_seconds)

    def run_numbers(self, nc: NominalComposition) -> Sequence[int]:
        prefix = self._data_prefix + runs_prefix(nc)
        folders: set[str] = set()
        with unavailable(_SERVICE):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
            for page in pages:
                folders |= {common["Prefix"][len(prefix) : -1] for common in page.get("CommonPrefixes", [])}
        return sorted(_run_numbers(folders))

    def has_files(self, key: SubRunKey) -> bool:
        with unavailable(_SERVICE):
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._data_prefix + files_prefix(key), MaxKeys=1)
        return answer["KeyCount"] > 0

    def artifacts(self, key: SubRunKey) -> Sequence[Artifact]:
        by_name = {artifact.name: artifact for artifact in self._listing(key, files_prefix(key))}
        by_name |= {artifact.name: artifact for artifact in self._listing(key, soaps_prefix(key)) if artifact.name == SOAPS_NAME}
        return [by_name[name] for name in sorted(by_name)]

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        try:
            with unavailable(_SERVICE):
                yield from read_object(self._client, self._bucket, artifact.key, etag=artifact.etag, size_bytes=artifact.size_bytes)
        except (ObjectChanged, ObjectVanished) as error:
            raise SourceChanged(f"{artifact.key!r} changed while it was read: ask again for what is there now") from error

    def archive(self, archive_key: str) -> ArchiveRecord | None:
        with unavailable(_SERVICE):
            try:
                body = self._client.get_object(Bucket=self._bucket, Key=_record_key(archive_key))["Body"].read()
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None
        return msgspec.json.decode(body, type=ArchiveRecord)

    def write_archive(self, archive_key: str, chunks: Iterable[bytes], filename: str) -> None:
        disposition = f'attachment; filename="{filename}"'
        with unavailable(_SERVICE):
            write_object(
                self._client, self._bucket, archive_key, chunks, content_type="application/zip", content_disposition=disposition
            )

    def write_record(self, archive_key: str, record: ArchiveRecord) -> None:
        with unavailable(_SERVICE):
            self._client.put_object(
                Bucket=self._bucket,
                Key=_record_key(archive_key),
                Body=msgspec.json.encode(record),
                ContentType="application/json",
            )

    def link(self, archive_key: str, filename: str) -> PresignedLink:
        expires_at = datetime.now(UTC) + self._url_ttl
        url = self._public_client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": archive_key,
                "ResponseContentDisposition": f'attachment; filename="{filename}"',
            },
            ExpiresIn=int(self._url_ttl.total_seconds()),
        )
        return PresignedLink(url, expires_at)

    def ping(self) -> None:
        with unavailable(_SERVICE):
            self._client.head_bucket(Bucket=self._bucket)

    def _listing(self, key: SubRunKey, prefix: str) -> Iterator[Artifact]:
        full_prefix = self._data_prefix + prefix
        with unavailable(_SERVICE):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=full_prefix):
                yield from filter(None, (_artifact(key, stored, len(full_prefix)) for stored in page.get("Contents", [])))


def _artifact(key: SubRunKey, stored: ObjectTypeDef, prefix_length: int) -> Artifact | None:
    name = stored["Key"][prefix_length:]
    if not name or "/" in name:  # a folder marker, or a file of a folder below: a sub-run is flat
        return None
    return Artifact(stored["Key"], name, stored["Size"], stored["ETag"], role_of(key.run.nc, name))


def _run_numbers(folders: Iterable[str]) -> Iterator[int]:
    for folder in folders:
        try:
            yield parse_id_run(folder)
        except InvalidInput:  # something else beside the runs
            continue


def _record_key(archive_key: str) -> str:
    return archive_key.removesuffix(".zip") + ".json"
