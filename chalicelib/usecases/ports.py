"""Interfaces (ports) that the use cases depend on; those of builds are in `build_ports`.

`chalicelib.adapters` and the fakes of the tests implement them.

Every method may raise Unavailable if the service behind it does not respond. Methods return domain
objects only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.domain.archive_record import ArchiveRecord, PresignedLink
from chalicelib.domain.artifacts import Artifact
from chalicelib.domain.bonds import BondIndex
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.dataset_info import DatasetInfo
from chalicelib.domain.idempotency import IdempotencyRecord
from chalicelib.domain.outcomes import CachedFacts
from chalicelib.domain.run_claims import RunClaim
from chalicelib.domain.runs import JobStatus, Run, RunKey, SubRunKey
from chalicelib.domain.tokens import TokenRecord


class RunRepository(Protocol):
    """The scheduled runs. Reads are consistent: they return all completed writes."""

    def ping(self) -> None: ...

    def get(self, key: RunKey, *, containing: Collection[int] | None = None) -> Run | None:
        """Return a run. With `containing`, an earlier state that has these sub-runs may do."""

    def list_runs(
        self,
        nc: NominalComposition | None = None,
        *,
        after: RunKey | None = None,
        limit: int | None = None,
    ) -> Iterator[Run]:
        """Yield at most `limit` runs that follow `after`, by composition (as text), then by number.

        Only these are read.
        """

    def add(self, run: Run, claim_token: str, wanted: int = 1) -> bool:
        """Insert the run if its key is free. Return True if the stored run has this claim token.

        The same write adds the caller to the list of claimants, with the number of runs it still
        requires (including this one).
        """

    def list_claims(
        self, nc: NominalComposition, *, after: int = 0, limit: int | None = None
    ) -> Iterator[RunClaim]:
        """Yield at most `limit` claims of runs with numbers above `after`, in ascending order."""

    def reclaim(self, key: RunKey, claim_token: str, new_claim_token: str) -> bool:
        """Replace the claim token of a run.

        Return False if the run has another token than `claim_token`.
        """

    def remove(self, key: RunKey, claim_token: str) -> None:
        """Delete the run if it has this claim token and is not augmented."""

    def add_sub_runs(self, key: RunKey, sub_runs: Iterable[int], at: datetime) -> Run | None:
        """Add sub-runs with one conditional write, and return the run or None if it does not exist.

        Existing sub-runs do not change.
        """


class DataBucket(Protocol):
    """The stored files, and the archives made of them."""

    def ping(self) -> None:
        """Return if the service responds."""

    def list_compositions(self) -> Sequence[NominalComposition]:
        """Return the compositions in the bucket, by name."""

    def read_dataset_info(self) -> DatasetInfo | None:
        """Return the description of the data set, or None if `dataset.json` does not exist.

        InvalidInput if it is invalid.
        """

    def list_run_numbers(self, nc: NominalComposition) -> Sequence[int]:
        """Return the runs of a composition in the bucket, in ascending order."""

    def has_files(self, key: SubRunKey) -> bool:
        """Return True if the sub-run has a file that an archive can contain (no subfolders)."""

    def list_runs_with_files(self, first: RunKey, sub_run: int) -> Mapping[int, bool]:
        """Return whether the sub-run has files, for each run of one listing that starts at `first`.

        Listings are in text order (1, 10, 100, 2) and cover about 1,000 files, perhaps of few runs.
        """

    def list_artifacts(self, key: SubRunKey) -> Sequence[Artifact]:
        """Return all files of a sub-run by name, including SOAP descriptors and subfolders."""

    def list_run_artifacts(self, key: RunKey) -> Mapping[int, Sequence[Artifact]]:
        """Return all files of a run by sub-run, for the sub-runs that have files."""

    def list_named_files(
        self, key: RunKey, sub_runs: Collection[int], names: Collection[str]
    ) -> Mapping[int, Mapping[str, Artifact]]:
        """Return the files with these names, for each of the sub-runs that has any file.

        Files in subfolders do not count. The time hardly depends on the number of other files.
        """

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        """Yield the listed content. SourceChanged if it was replaced or removed."""

    def read_range(self, artifact: Artifact, start: int, end: int) -> bytes:
        """Return the bytes [start, end) of the listed content.

        SourceChanged if it was replaced or removed.
        """

    def get_archive_record(self, archive_key: str) -> ArchiveRecord | None:
        """Return the record of an archive.

        None if it is missing, unreadable, or the stored archive has another ETag or size.
        """

    def read_archive(self, archive_key: str, etag: str, start: int, end: int) -> bytes:
        """Return the bytes [start, end) of an archive.

        SourceChanged if no archive with this ETag is stored.
        """

    def write_archive(self, archive_key: str, pieces: Iterable[bytes], filename: str) -> str:
        """Store an archive atomically and return its ETag."""

    def write_archive_record(self, archive_key: str, record: ArchiveRecord) -> None:
        """Store the record. From then on `get_archive_record` returns it."""

    def delete_archive_record(self, archive_key: str) -> None:
        """Delete the record, so that the archive is built again."""

    def presign(self, key: str, filename: str) -> PresignedLink:
        """Return a presigned URL of an object, which downloads under `filename`."""


class IdempotencyStore(Protocol):
    """The records of idempotency keys. Each change is one conditional write."""

    def get(self, key: str) -> IdempotencyRecord | None: ...

    def create(self, record: IdempotencyRecord, now: datetime) -> bool:
        """Insert the record if its key is new or the stored record has expired.

        Return True if the stored record is this one.
        """

    def compare_and_set(self, record: IdempotencyRecord, holder: str) -> bool:
        """Replace the record if `holder` still holds it.

        Return True if the stored record is this one.
        """


class OutcomeCache(Protocol):
    """Facts read from the files of runs. A lost entry only costs another read."""

    def get(self, key: RunKey) -> Mapping[int, CachedFacts]:
        """Return the cached facts by sub-run."""

    def put(self, key: RunKey, facts: Mapping[int, CachedFacts]) -> None: ...

    def list_runs(
        self, first: RunKey, last: RunKey
    ) -> Iterator[tuple[RunKey, Mapping[int, CachedFacts]]]:
        """Yield the runs from `first` to `last` that have cached facts, in the order of runs."""


class BondCache(Protocol):
    """Bond indexes by the fingerprint of the file. A lost entry only costs another read."""

    def get(self, key: SubRunKey, fingerprint: str) -> BondIndex | None: ...

    def put(self, key: SubRunKey, fingerprint: str, index: BondIndex) -> None: ...


class TokenRepository(Protocol):
    """The records of tokens. Reads are consistent: a removed token is not returned."""

    def get(self, token_id: str) -> TokenRecord | None: ...

    def list_all(self) -> Sequence[TokenRecord]:
        """Return all records by id, including expired ones that are still stored."""

    def add(self, record: TokenRecord) -> None: ...

    def remove(self, token_id: str) -> bool:
        """Delete a record. Return True if it existed."""


class Executor(Protocol):
    """Runs simulation jobs."""

    def status(self, scheduled_at: datetime, now: datetime) -> JobStatus:
        """Return RUNNING or DONE for a job that was scheduled at that time."""


class Clock(Protocol):
    """The current time, and pauses."""

    def now(self) -> datetime:
        """Return the current time in UTC."""

    def sleep(self, seconds: float) -> None: ...
