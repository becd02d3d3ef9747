"""Download of one large archive: the client, which computes the SHA-256, compared with curl."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataops_client import ArchiveLink
from dataops_client.transfer.engine import Downloader
from dataops_client.transfer.object_store import ObjectStoreClient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PART_BYTES = 16 * 1024 * 1024
_KEY = "archives/large.zip"


@dataclass(frozen=True, slots=True)
class Throughput:
    """Bytes per second: the best of three rounds, in which client and curl alternate."""

    client: float
    curl: float


def measure_throughput(s3: S3Client, bucket: str, size_bytes: int, work: Path) -> Throughput | None:
    """Measure the client and curl. Return None if curl is not installed."""
    if shutil.which("curl") is None:
        return None
    link = _store_archive(s3, bucket, size_bytes)
    storage = ObjectStoreClient("bench", timeout_seconds=60)
    work.mkdir(parents=True, exist_ok=True)
    saved = work / "curl"
    seconds: dict[str, list[float]] = {"client": [], "curl": []}

    downloader = Downloader(storage)

    def timed(name: str, action: Callable[[], Callable[[], None]]) -> None:
        began = time.perf_counter()
        remove = action()
        seconds[name].append(time.perf_counter() - began)
        remove()

    def by_curl() -> Callable[[], None]:
        subprocess.run(["curl", "-s", "-f", "-o", saved, link.download_url], check=True)
        return saved.unlink

    def by_client() -> Callable[[], None]:
        return downloader.download(link, lambda: link, work, progress=lambda _: None).discard

    for _ in range(3):
        timed("curl", by_curl)
        timed("client", by_client)
    storage.close()
    s3.delete_object(Bucket=bucket, Key=_KEY)
    return Throughput(size_bytes / min(seconds["client"]), size_bytes / min(seconds["curl"]))


def _store_archive(s3: S3Client, bucket: str, size_bytes: int) -> ArchiveLink:
    part, digest = os.urandom(_PART_BYTES), hashlib.sha256()
    target: Any = {"Bucket": bucket, "Key": _KEY}
    upload = s3.create_multipart_upload(**target)["UploadId"]
    sent: list[Any] = []
    for number in range(1, size_bytes // _PART_BYTES + 1):
        digest.update(part)
        etag = s3.upload_part(**target, UploadId=upload, PartNumber=number, Body=part)["ETag"]
        sent.append({"PartNumber": number, "ETag": etag})
    s3.complete_multipart_upload(**target, UploadId=upload, MultipartUpload={"Parts": sent})
    url = s3.generate_presigned_url("get_object", Params=target)
    return ArchiveLink(
        nc="Al2",
        id_run="1",
        sub_run="0",
        archive_key=_KEY,
        download_url=url,
        expires_at=datetime.now(UTC),
        lifetime_seconds=900,
        size_bytes=size_bytes,
        sha256=digest.hexdigest(),
        filename="large.zip",
        profile="full",
        files=(),
        missing=(),
        cached=True,
    )
