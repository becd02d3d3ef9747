"""Cache of bond indexes, in the data bucket.

The key is `archives/<nc>/<id_run>/<sub_run>/<fingerprint>.bonds.json`. Like archives, indexes are
built from the files of a sub-run, named by their content, and deleted by the lifecycle rule.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from chalicelib.domain.artifacts import get_archives_prefix
from chalicelib.domain.bonds import BondIndex
from chalicelib.domain.runs import SubRunKey

from .errors import DATA_BUCKET, error_code, translate_errors
from .stored_records import decode_bond_index, encode_bond_index

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3BondCache:
    """Implements `usecases.ports.BondCache`."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, key: SubRunKey, fingerprint: str) -> BondIndex | None:
        with translate_errors(DATA_BUCKET):
            try:
                response = self._client.get_object(
                    Bucket=self._bucket, Key=_get_record_key(key, fingerprint)
                )
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None
            content = response["Body"].read()
        with suppress(msgspec.DecodeError):  # a damaged index is built again
            return decode_bond_index(content)
        return None

    def put(self, key: SubRunKey, fingerprint: str, index: BondIndex) -> None:
        with translate_errors(DATA_BUCKET):
            self._client.put_object(
                Bucket=self._bucket,
                Key=_get_record_key(key, fingerprint),
                Body=encode_bond_index(index),
                ContentType="application/json",
            )


def _get_record_key(key: SubRunKey, fingerprint: str) -> str:
    return f"{get_archives_prefix(key)}{fingerprint}.bonds.json"
