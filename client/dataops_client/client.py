"""Client of the DataOps API."""

from __future__ import annotations

import os
import platform
from typing import Self

from dataops_client._version import __version__
from dataops_client.api import Api, validate_token
from dataops_client.archive_operations import ArchiveOperations
from dataops_client.configuration import load_settings
from dataops_client.dataset_administration import DatasetAdministration
from dataops_client.dataset_transfers import DatasetTransfers
from dataops_client.file_operations import FileOperations
from dataops_client.find_operations import FindOperations
from dataops_client.run_operations import RunOperations
from dataops_client.service_operations import ServiceOperations
from dataops_client.transfer.config import DEFAULT_CONFIG, TransferConfig
from dataops_client.transfer.engine import Downloader
from dataops_client.transfer.object_store import ObjectStoreClient


class DataOpsClient(
    RunOperations,
    FindOperations,
    ArchiveOperations,
    FileOperations,
    DatasetTransfers,
    DatasetAdministration,
    ServiceOperations,
):
    """Client of one DataOps API. Use it as a context manager, or close it.

    All methods raise errors of `dataops_client.errors`, or OSError for errors of the operating
    system.

    Args:
        url: URL of the API; by default DATAOPS_URL, that of the profile, or http://localhost:8000.
        token: Bearer token; by default DATAOPS_TOKEN, or the one of `dataops login` for this URL.
        config_profile: Profile of the configuration file or of `dataops login`.
        timeout_seconds: Time without data after which a connection is closed.
        transfer_config: Settings of downloads.

    Raises:
        InvalidRequest: `url` is not an http or https URL.
        AccessDenied: `token` contains an invalid character.

    Example:
        >>> with DataOpsClient("http://localhost:8000") as client:
        ...     run = client.generate("Zr49Cu49Al2")
        ...     download = client.download("Zr49Cu49Al2", run.id_run, 0, "files")
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        config_profile: str | None = None,
        timeout_seconds: float = 60,
        transfer_config: TransferConfig = DEFAULT_CONFIG,
    ) -> None:
        user_agent = f"dataops-client/{__version__} Python/{platform.python_version()}"
        settings = load_settings(url, validate_token(token, "token"), config_profile)
        source = "DATAOPS_TOKEN" if os.environ.get("DATAOPS_TOKEN") else "credentials.toml"
        self._api = Api(
            settings.url, validate_token(settings.token, source), user_agent, timeout_seconds
        )
        self._store = ObjectStoreClient(user_agent, timeout_seconds)
        self._downloader = Downloader(self._store, transfer_config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"DataOpsClient({self._api.url!r})"

    @property
    def url(self) -> str:
        """URL of the API, without credentials."""
        return self._api.url

    @property
    def has_responded(self) -> bool:
        """True once the API has responded to a request."""
        return self._api.has_responded

    def close(self) -> None:
        """Close all connections."""
        self._api.close()
        self._store.close()
