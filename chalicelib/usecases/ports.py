"""What the use cases need of the world. Adapters (`chalicelib.aws`) and the fakes of the tests implement these.

Every method may raise Unavailable when the service behind it does not answer; adapters return domain objects, never a client's dicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.domain.archive import ArchiveRecord, PresignedLink
from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.runs import JobStatus, Run, RunKey, SubRunKey


class RunTable(Protocol):
    """The runs that were ever scheduled. Reads are consistent: what a call returned or wrote, the next one sees."""

    def ping(self) -> None:
        """Return if the service answers."""
        ...

    def get(self, key: RunKey) -> Run | None: ...

    def runs(self, nc: NominalComposition | None = None) -> Iterator[Run]:
        """By composition (as text), then by number."""
        ...

    def add(self, run: Run, claim_token: str) -> bool:
        """Write the run unless there is one under its key; whether it is this caller's.

        One conditional write makes it true. The same `claim_token` again (a retry after a lost answer) is True again.
        """
        ...

    def add_sub_runs(self, key: RunKey, sub_runs: Iterable[int], at: datetime) -> Run | None:
        """Add sub-runs by one conditional write and return the run; where all are there nothing changes. None: no such run."""
        ...


class DataBucket(Protocol):
    """The stored files, and the archives made of them."""

    def ping(self) -> None:
        """Return if the service answers."""
        ...

    def run_numbers(self, nc: NominalComposition) -> Sequence[int]:
        """The runs of a composition that are in the bucket, ascending, whatever files they have."""
        ...

    def has_files(self, key: SubRunKey) -> bool: ...

    def artifacts(self, key: SubRunKey) -> Sequence[Artifact]:
        """All files of a sub-run (its SOAP descriptors too), by name; empty where there are none."""
        ...

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        """The content that was listed: SourceChanged where it is no longer there or another."""
        ...

    def archive(self, archive_key: str) -> ArchiveRecord | None:
        """The record of a built archive."""
        ...

    def write_archive(self, archive_key: str, chunks: Iterable[bytes], filename: str) -> None:
        """Store an archive, whole or not at all."""
        ...

    def write_record(self, archive_key: str, record: ArchiveRecord) -> None:
        """Make a stored archive one that `archive` finds."""
        ...

    def link(self, archive_key: str, filename: str) -> PresignedLink: ...


class Executor(Protocol):
    """Where simulations run."""

    def status(self, scheduled_at: datetime, now: datetime) -> JobStatus:
        """RUNNING or DONE, for a job scheduled at that time."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, in UTC."""
        ...
