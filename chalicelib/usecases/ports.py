"""What the use cases need of the world. Adapters (`chalicelib.adapters.aws`) and the fakes of the tests implement these.

Every method may raise Unavailable when the service behind it does not answer; adapters return domain objects, never a client's dicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.domain.archive import ArchiveRecord, BuildLease, BuildOrder, PresignedLink
from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.claims import RunClaim
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.dataset_info import DatasetInfo
from chalicelib.domain.idempotency import IdempotencyRecord
from chalicelib.domain.outcomes import ReadFacts
from chalicelib.domain.runs import JobStatus, Run, RunKey, SubRunKey


class RunTable(Protocol):
    """The runs that were ever scheduled. Reads are consistent: what a call returned or wrote, the next one sees."""

    def ping(self) -> None:
        """Return if the service answers."""
        ...

    def get(self, key: RunKey) -> Run | None: ...

    def runs(
        self,
        nc: NominalComposition | None = None,
        *,
        after: RunKey | None = None,
        limit: int | None = None,
    ) -> Iterator[Run]:
        """By composition (as text), then by number: those that come after `after`, `limit` at most, at the cost of what is returned."""
        ...

    def add(self, run: Run, claim_token: str, wanted: int = 1) -> bool:
        """Insert the run unless its key is taken. Return True if the stored run has this claim token.

        The same write puts the caller on record as a claimant that wants so many runs, this one included.
        """
        ...

    def claims(
        self, nc: NominalComposition, *, after: int = 0, limit: int | None = None
    ) -> Iterator[RunClaim]:
        """Yield the claims of runs with higher numbers than `after`, ascending, `limit` at most."""
        ...

    def reclaim(self, key: RunKey, claim_token: str, new_claim_token: str) -> bool:
        """Replace the claim token of a run. Return False if the run does not have the old one."""
        ...

    def remove(self, key: RunKey, claim_token: str) -> None:
        """Delete a run that has this claim token and was not augmented. Any other run stays."""
        ...

    def add_sub_runs(self, key: RunKey, sub_runs: Iterable[int], at: datetime) -> Run | None:
        """Add sub-runs by one conditional write and return the run; where all are there nothing changes. None: no such run."""
        ...


class DataBucket(Protocol):
    """The stored files, and the archives made of them."""

    def ping(self) -> None:
        """Return if the service answers."""
        ...

    def compositions(self) -> Sequence[NominalComposition]:
        """The compositions that are in the bucket, by name, whatever files they have."""
        ...

    def dataset_info(self) -> DatasetInfo | None:
        """Return the description of the data set, None if there is no `dataset.json`. InvalidInput if that is broken."""
        ...

    def run_numbers(self, nc: NominalComposition) -> Sequence[int]:
        """The runs of a composition that are in the bucket, ascending, whatever files they have."""
        ...

    def has_files(self, key: SubRunKey) -> bool:
        """Return True if the sub-run has a file that an archive can contain: folder markers and files in folders below do not count."""
        ...

    def listed_runs(self, first: RunKey, sub_run: int) -> Mapping[int, bool]:
        """Make one listing that starts at a run. Return for each run that it covers whether the sub-run has files.

        Listings are in text order (1, 10, 100, 2), and cover some 1,000 files: few runs if they have many files, or none.
        """
        ...

    def artifacts(self, key: SubRunKey) -> Sequence[Artifact]:
        """Return all files of a sub-run (its SOAP descriptors, and files in folders below too), by name; empty if there are none."""
        ...

    def run_artifacts(self, key: RunKey) -> Mapping[int, Sequence[Artifact]]:
        """The same for every sub-run of a run that has files."""
        ...

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        """The content that was listed: SourceChanged where it is no longer there or another."""
        ...

    def read_range(self, artifact: Artifact, start: int, stop: int) -> bytes:
        """The bytes from `start` up to, not including, `stop` of the content that was listed: SourceChanged as for `read`."""
        ...

    def archive(self, archive_key: str) -> ArchiveRecord | None:
        """Return the record of a built archive; None if it is missing or unreadable, or the stored archive has another ETag or size."""
        ...

    def read_archive(self, archive_key: str, etag: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to, not including, `end`. SourceChanged if no archive with that ETag is stored."""
        ...

    def write_archive(self, archive_key: str, pieces: Iterable[bytes], filename: str) -> str:
        """Store an archive, whole or not at all, and return its ETag."""
        ...

    def write_record(self, archive_key: str, record: ArchiveRecord) -> None:
        """Make a stored archive one that `archive` returns."""
        ...

    def forget_archive(self, archive_key: str) -> None:
        """Remove the record, so that the archive is built again."""
        ...

    def link(self, archive_key: str, filename: str) -> PresignedLink: ...


class IdempotencyRecords(Protocol):
    """What is remembered of requests with an idempotency key. Each change is one conditional write."""

    def get(self, key: str) -> IdempotencyRecord | None: ...

    def open(self, record: IdempotencyRecord, now: datetime) -> bool:
        """Write the first record of its key, or the next one after the last has expired; whether the record is now this one."""
        ...

    def change(self, record: IdempotencyRecord, holder: str) -> bool:
        """Replace the record of the same key that `holder` holds; whether the record is now this one."""
        ...


class OutcomeRecords(Protocol):
    """What was read in the files of runs, so that each content is read once. Losing one costs a reading, nothing else."""

    def get(self, key: RunKey) -> Mapping[int, ReadFacts]:
        """By sub-run; empty where nothing is kept."""
        ...

    def put(self, key: RunKey, facts: Mapping[int, ReadFacts]) -> None: ...


class BuildLeases(Protocol):
    """Who builds which archive. A lease keeps others from the same work; the archive is right without it too."""

    def get(self, archive_key: str) -> BuildLease | None: ...

    def take(
        self,
        archive_key: str,
        holder: str,
        now: datetime,
        expires_at: datetime,
        *,
        queued_by: str | None = None,
    ) -> bool:
        """Become the holder, by one conditional write: if there is none, or its lease has run out or failed, or it is `queued_by`.

        `started_at` becomes `now` unless the lease has one: it is when callers began to wait.
        """
        ...

    def renew(self, archive_key: str, holder: str, expires_at: datetime) -> bool:
        """Go on being the builder; False where somebody else took over."""
        ...

    def release(self, archive_key: str, holder: str) -> None:
        """The archive is there: forget the lease."""
        ...

    def fail(self, archive_key: str, holder: str, error: str) -> None:
        """The build ended with `error`, which the next caller is told."""
        ...


class Builder(Protocol):
    """Where builds run that would outlast a request."""

    def start(self, order: BuildOrder, holder: str) -> None:
        """Have `usecases.archiving.build` called with the order and the holder of its lease, outside this request; at least once."""
        ...


class Executor(Protocol):
    """Where simulations run."""

    def status(self, scheduled_at: datetime, now: datetime) -> JobStatus:
        """RUNNING or DONE, for a job scheduled at that time."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None: ...
