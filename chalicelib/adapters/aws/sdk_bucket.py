"""The calls to the data bucket that obstore cannot make, through boto3.

The client is created for the first of them, because this takes 50 to 100 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from .errors import ObjectStoreError, error_code
from .object_calls import Listing, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_NOT_COPIED = ("404", "412", "NoSuchKey", "PreconditionFailed")


class SdkBucket:
    """One bucket."""

    def __init__(self, create_client: Callable[[], S3Client], bucket: str) -> None:
        self._create_client = create_client
        self._bucket = bucket

    def list(
        self, prefix: str, *, after: str = "", delimiter: str = "", limit: int | None = None
    ) -> Listing:
        """List objects whose keys obstore rejects, for example with empty segments.

        Raises:
            ObjectStoreError: The bucket does not respond, or responds with an error.
        """
        objects: list[StoredObject] = []
        folders: list[str] = []
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix}
        request |= {"StartAfter": after} if after else {}
        request |= {"Delimiter": delimiter} if delimiter else {}
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(**request):
                objects += [
                    StoredObject(found["Key"], found["Size"], found["ETag"], found["LastModified"])
                    for found in page.get("Contents", [])
                    if not found["Key"].endswith("/")
                ]
                folders += [
                    found["Prefix"][len(prefix) : -1] for found in page.get("CommonPrefixes", [])
                ]
                if limit:
                    return Listing(objects, folders, page["IsTruncated"])
        except ClientError as error:
            raise ObjectStoreError(str(error), error_code(error)) from error
        except BotoCoreError as error:
            raise ObjectStoreError(str(error), "") from error
        return Listing(objects, folders)

    def copy(self, source_key: str, source_etag: str, target_key: str) -> bool:
        """Copy an object if it has this ETag; obstore does not support the condition.

        Return False if there is no such object.

        Raises:
            ObjectStoreError: The bucket does not respond, or responds with an error.
        """
        try:
            self._client.copy_object(
                Bucket=self._bucket,
                Key=target_key,
                CopySource={"Bucket": self._bucket, "Key": source_key},
                CopySourceIfMatch=source_etag,
            )
        except ClientError as error:
            if error_code(error) in _NOT_COPIED:
                return False
            raise ObjectStoreError(str(error), error_code(error)) from error
        except BotoCoreError as error:
            raise ObjectStoreError(str(error), "") from error
        return True

    def abort_uploads(self, key: str) -> None:
        """Abort the uploads of this key whose process was killed or whose creation was lost."""
        uploads = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=key)
        for upload in uploads.get("Uploads", []):
            if upload["Key"] == key:
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload["UploadId"]
                )

    @cached_property
    def _client(self) -> S3Client:
        return self._create_client()
