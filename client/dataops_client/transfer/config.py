"""Settings of the transfer engine."""

from __future__ import annotations

from dataclasses import dataclass

from dataops_client.retry import DEFAULT_RETRY, RetryPolicy

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class TransferConfig:
    """Sizes, concurrency and retries of a download, named as in boto3's `TransferConfig`.

    Attributes:
        multipart_threshold_bytes: Archives of at least this size are fetched in ranges.
        chunk_bytes: Size of a range.
        max_concurrency: Largest number of ranges fetched at the same time.
        single_connection_bytes_per_second: Another connection is only opened if a range arrives
            more slowly. One connection to a distant object store reaches 100 MB/s at most.
        read_bytes: Largest number of bytes read from a connection at once.
        save_bytes: The sidecar of a part file is written at least once per this many bytes. With
            `read_bytes`, it limits how much a killed process loses per connection.
        save_seconds: The sidecar is also written after this time.
        retry: Policy of attempts that receive no data.
    """

    multipart_threshold_bytes: int = 64 * _MIB
    chunk_bytes: int = 16 * _MIB
    max_concurrency: int = 4
    single_connection_bytes_per_second: float = 200e6
    read_bytes: int = 512 * 1024
    save_bytes: int = 16 * _MIB
    save_seconds: float = 0.5
    retry: RetryPolicy = DEFAULT_RETRY


DEFAULT_CONFIG = TransferConfig()
