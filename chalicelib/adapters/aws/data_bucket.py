"""The data bucket in S3: stored files, archives, and presigned URLs of both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from chalicelib.domain.archive_record import PresignedLink

from .errors import DATA_BUCKET, translate_errors
from .named_files import S3NamedFiles
from .object_store import ObjectStore
from .stored_archives import S3StoredArchives
from .stored_documents import S3StoredDocuments
from .url_signer import UrlSigner


class S3DataBucket(S3NamedFiles, S3StoredArchives, S3StoredDocuments):
    """Implements `usecases.ports.DataBucket` and `usecases.dataset_ports.DatasetStore`.

    `data_prefix` (empty, or with a slash at its end) precedes the keys of stored files.
    `signer` signs the URLs, which expire with its credentials at the latest.
    """

    def __init__(
        self,
        objects: ObjectStore,
        signer: UrlSigner,
        data_prefix: str,
        url_ttl_seconds: int,
        *,
        credentials_expire_at: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        S3NamedFiles.__init__(self, objects, data_prefix)
        S3StoredArchives.__init__(self, objects)
        S3StoredDocuments.__init__(self, objects)
        self._signer = signer
        self._url_ttl = timedelta(seconds=url_ttl_seconds)
        self._credentials_expire_at = credentials_expire_at

    def presign(self, key: str, filename: str) -> PresignedLink:
        with translate_errors(DATA_BUCKET):
            now = datetime.now(UTC)
            expires_at = min(
                now + self._url_ttl,
                self._credentials_expire_at() or datetime.max.replace(tzinfo=UTC),
            )
            url = self._signer.sign(
                key,
                {"response-content-disposition": _format_disposition(filename)},
                max(1, round((expires_at - now).total_seconds())),
            )
        return PresignedLink(url, expires_at)

    def ping(self) -> None:
        with translate_errors(DATA_BUCKET):
            self._objects.ping()


def _format_disposition(filename: str) -> str:
    """Return a Content-Disposition that downloads under `filename` (RFC 6266)."""
    plain = "".join(
        letter if " " <= letter <= "~" and letter not in '"\\%' else "_" for letter in filename
    )
    return f'attachment; filename="{plain}"' + (
        "" if plain == filename else f"; filename*=UTF-8''{quote(filename, safe='')}"
    )
