"""The ports in memory.

Every fake passes the contract tests of the real adapter (tests/contract).
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from chalicelib.domain.archive_record import ArchiveRecord, PresignedLink
from chalicelib.domain.artifacts import (
    SOAPS_NAME,
    Artifact,
    get_files_prefix,
    get_role,
    get_runs_prefix,
    get_soaps_prefix,
)
from chalicelib.domain.builds import ArchiveSpec, BuildLease, BuildRequest
from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.dataset_info import FILE_NAME, DatasetInfo
from chalicelib.domain.errors import SourceChanged
from chalicelib.domain.idempotency import IdempotencyRecord
from chalicelib.domain.member_names import get_rejection_reason
from chalicelib.domain.outcomes import CachedFacts
from chalicelib.domain.run_claims import Claimant, RunClaim, get_claimant_tag
from chalicelib.domain.runs import Run, RunKey, SubRunKey
from chalicelib.usecases.build_ports import BuilderTask


class FakeClock:
    """A clock that changes on `advance` and `sleep` only."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)


class FakeRunRepository:
    """`RunRepository` in a dict; one lock makes each write a single conditional one."""

    def __init__(self) -> None:
        self._rows: dict[RunKey, tuple[Run, str]] = {}
        self._claimants: dict[RunKey, list[Claimant]] = {}
        self._lock = threading.Lock()

    def ping(self) -> None:
        pass

    def get(self, key: RunKey, *, containing: Collection[int] | None = None) -> Run | None:
        row = self._rows.get(key)
        return row[0] if row else None

    def list_runs(
        self,
        nc: NominalComposition | None = None,
        *,
        after: RunKey | None = None,
        limit: int | None = None,
    ) -> Iterator[Run]:
        rows = sorted(self._rows.items())
        return islice(
            [
                run
                for key, (run, _) in rows
                if nc in (None, key.nc) and (after is None or key > after)
            ],
            limit,
        )

    def add(self, run: Run, claim_token: str, wanted: int = 1) -> bool:
        with self._lock:
            _, holder = self._rows.setdefault(run.key, (run, claim_token))
            self._claimants.setdefault(run.key, []).append(
                Claimant(get_claimant_tag(claim_token), wanted)
            )
            return holder == claim_token

    def list_claims(
        self, nc: NominalComposition, *, after: int = 0, limit: int | None = None
    ) -> Iterator[RunClaim]:
        return islice(
            [
                RunClaim(key.id_run, run.run_scheduled_at, token, tuple(self._claimants[key]))
                for key, (run, token) in sorted(self._rows.items())
                if key.nc == nc and key.id_run > after
            ],
            limit,
        )

    def reclaim(self, key: RunKey, claim_token: str, new_claim_token: str) -> bool:
        with self._lock:
            run, holder = self._rows.get(key, (None, ""))
            if run and holder == claim_token:
                self._rows[key] = (run, new_claim_token)
            return key in self._rows and self._rows[key][1] == new_claim_token

    def remove(self, key: RunKey, claim_token: str) -> None:
        with self._lock:
            run, holder = self._rows.get(key, (None, ""))
            if run and holder == claim_token and not run.augmented:
                del self._rows[key]
                del self._claimants[key]

    def add_sub_runs(self, key: RunKey, sub_runs: Iterable[int], at: datetime) -> Run | None:
        with self._lock:
            if key not in self._rows:
                return None
            run, claim_token = self._rows[key]
            together = run.sub_runs | frozenset(sub_runs)
            if together != run.sub_runs:
                run = replace(run, sub_runs=together, sub_runs_scheduled_at=at)
                self._rows[key] = (run, claim_token)
            return run


class FakeDataBucket:
    """`DataBucket` in a dict of keys. `put` stores a file as `aws s3 sync` would."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.records: dict[str, ArchiveRecord] = {}
        self.read_keys: list[str] = []
        self.read_bytes = 0

    def put(self, key: str, content: bytes) -> None:
        self.objects[key] = content

    @staticmethod
    def etag_of(content: bytes) -> str:
        return f'"{hashlib.sha256(content).hexdigest()[:32]}"'

    def ping(self) -> None:
        pass

    def list_compositions(self) -> Sequence[NominalComposition]:
        folders = {key.split("/")[0] for key in self.objects if "/" in key}
        return sorted(
            NominalComposition(folder)
            for folder in folders
            if re.fullmatch(r"([A-Z][a-z]?[0-9]{0,3}){1,8}", folder)
        )

    def read_dataset_info(self) -> DatasetInfo | None:
        content = self.objects.get(FILE_NAME)
        return None if content is None else DatasetInfo.parse(content)

    def list_run_numbers(self, nc: NominalComposition) -> Sequence[int]:
        prefix = get_runs_prefix(nc)
        folders = {
            key[len(prefix) :].split("/")[0] for key in self.objects if key.startswith(prefix)
        }
        return sorted(
            int(folder) for folder in folders if folder.isdecimal() and not folder.startswith("0")
        )

    def has_files(self, key: SubRunKey) -> bool:
        prefix = get_files_prefix(key)
        return any(
            name.startswith(prefix) and get_rejection_reason(name[len(prefix) :]) is None
            for name in self.objects
        )

    def list_runs_with_files(self, first: RunKey, sub_run: int) -> Mapping[int, bool]:
        prefix = get_runs_prefix(first.nc)
        found: dict[int, bool] = {}
        for stored in sorted(self.objects):
            folder, _, path = stored.removeprefix(prefix).partition("/")
            if (
                stored.startswith(prefix)
                and stored > f"{prefix}{first.id_run}/"
                and folder.isdecimal()
            ):
                below = f"2000/{sub_run}/"
                usable = path.startswith(below) and get_rejection_reason(path[len(below) :]) is None
                found[int(folder)] = found.get(int(folder), False) or usable
        return found

    def list_artifacts(self, key: SubRunKey) -> Sequence[Artifact]:
        found = {}
        for prefix, only in ((get_files_prefix(key), None), (get_soaps_prefix(key), SOAPS_NAME)):
            for stored, content in self.objects.items():
                name = stored.removeprefix(prefix)
                if (
                    stored.startswith(prefix)
                    and name
                    and not name.endswith("/")
                    and only in (None, name)
                ):
                    found[name] = Artifact(
                        stored,
                        name,
                        len(content),
                        self.etag_of(content),
                        get_role(key.run.nc, name),
                    )
        return [found[name] for name in sorted(found)]

    def list_run_artifacts(self, key: RunKey) -> Mapping[int, Sequence[Artifact]]:
        listed = {sub_run: self.list_artifacts(SubRunKey(key, sub_run)) for sub_run in range(15)}
        return {sub_run: artifacts for sub_run, artifacts in listed.items() if artifacts}

    def list_named_files(
        self, key: RunKey, sub_runs: Collection[int], names: Collection[str]
    ) -> Mapping[int, Mapping[str, Artifact]]:
        listed = {
            sub_run: [
                artifact
                for artifact in self.list_artifacts(SubRunKey(key, sub_run))
                if "/" not in artifact.name
            ]
            for sub_run in sub_runs
        }
        return {
            sub_run: {artifact.name: artifact for artifact in artifacts if artifact.name in names}
            for sub_run, artifacts in listed.items()
            if artifacts
        }

    def read(self, artifact: Artifact) -> Iterator[bytes]:
        content = self.objects.get(artifact.key)
        if content is None or self.etag_of(content) != artifact.etag:
            raise SourceChanged(f"{artifact.key!r} changed")
        self.read_keys.append(artifact.key)
        yield content

    def read_range(self, artifact: Artifact, start: int, stop: int) -> bytes:
        content = b"".join(self.read(artifact))[start:stop]
        self.read_bytes += len(content)
        return content

    def get_archive_record(self, archive_key: str) -> ArchiveRecord | None:
        record, content = self.records.get(archive_key), self.objects.get(archive_key)
        if (
            record is None
            or content is None
            or (record.etag, record.size_bytes) != (self.etag_of(content), len(content))
        ):
            return None
        return record

    def read_archive(self, archive_key: str, etag: str, start: int, end: int) -> bytes:
        content = self.objects.get(archive_key)
        if content is None or self.etag_of(content) != etag:
            raise SourceChanged(f"{archive_key!r} changed")
        return content[start:end]

    def write_archive(self, archive_key: str, pieces: Iterable[bytes], filename: str) -> str:
        content = b"".join(pieces)
        self.objects[archive_key] = content
        return self.etag_of(content)

    def write_archive_record(self, archive_key: str, record: ArchiveRecord) -> None:
        self.records[archive_key] = record

    def delete_archive_record(self, archive_key: str) -> None:
        self.records.pop(archive_key, None)

    def presign(self, archive_key: str, filename: str) -> PresignedLink:
        return PresignedLink(
            f"https://bucket.example/{archive_key}", datetime(2026, 1, 2, tzinfo=UTC)
        )


class FakeIdempotencyStore:
    """`IdempotencyStore` in a dict."""

    def __init__(self) -> None:
        self.records: dict[str, IdempotencyRecord] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> IdempotencyRecord | None:
        return self.records.get(key)

    def create(self, record: IdempotencyRecord, now: datetime) -> bool:
        with self._lock:
            found = self.records.get(record.key)
            if found is None or found.expires_at <= now:
                self.records[record.key] = record
            return self.records[record.key] == record

    def compare_and_set(self, record: IdempotencyRecord, holder: str) -> bool:
        with self._lock:
            if record.key in self.records and self.records[record.key].holder == holder:
                self.records[record.key] = record
            return self.records.get(record.key) == record


class FakeOutcomeCache:
    """`OutcomeCache` in a dict."""

    def __init__(self) -> None:
        self.facts: dict[RunKey, Mapping[int, CachedFacts]] = {}

    def get(self, key: RunKey) -> Mapping[int, CachedFacts]:
        return self.facts.get(key, {})

    def put(self, key: RunKey, facts: Mapping[int, CachedFacts]) -> None:
        self.facts[key] = dict(facts)

    def list_runs(
        self, first: RunKey, last: RunKey
    ) -> Iterator[tuple[RunKey, Mapping[int, CachedFacts]]]:
        return iter(
            (key, facts) for key, facts in sorted(self.facts.items()) if first <= key <= last
        )


class FakeBuildLeases:
    """`BuildLeases` in a dict."""

    def __init__(self) -> None:
        self.leases: dict[str, BuildLease] = {}
        self._lock = threading.Lock()

    def get(self, archive_key: str) -> BuildLease | None:
        return self.leases.get(archive_key)

    def acquire(
        self,
        archive_key: str,
        holder: str,
        now: datetime,
        expires_at: datetime,
        *,
        queued_by: str | None = None,
    ) -> bool:
        with self._lock:
            lease = self.leases.get(archive_key)
            if (
                lease
                and lease.error is None
                and lease.expires_at > now
                and lease.holder not in (holder, queued_by)
            ):
                return False
            self.leases[archive_key] = BuildLease(
                holder, lease.started_at if lease else now, expires_at
            )
            return True

    def renew(self, archive_key: str, holder: str, expires_at: datetime, bytes_done: int) -> bool:
        return self._change(
            archive_key,
            holder,
            lambda lease: replace(lease, expires_at=expires_at, bytes_done=bytes_done),
        )

    def release(self, archive_key: str, holder: str) -> None:
        with self._lock:
            if self._held(archive_key, holder):
                del self.leases[archive_key]

    def mark_failed(self, archive_key: str, holder: str, error: str) -> None:
        self._change(archive_key, holder, lambda lease: replace(lease, error=error))

    def _held(self, archive_key: str, holder: str) -> bool:
        lease = self.leases.get(archive_key)
        return lease is not None and lease.holder == holder

    def _change(
        self, archive_key: str, holder: str, change: Callable[[BuildLease], BuildLease]
    ) -> bool:
        with self._lock:
            if not self._held(archive_key, holder):
                return False
            self.leases[archive_key] = change(self.leases[archive_key])
            return True


class FakeBuildQueue:
    """`BuildQueue` that stores tasks; tests execute them."""

    def __init__(self) -> None:
        self.tasks: list[BuilderTask] = []

    @property
    def requests(self) -> list[BuildRequest]:
        return [task for task in self.tasks if isinstance(task, BuildRequest)]

    @property
    def specs(self) -> list[ArchiveSpec]:
        return [request.spec for request in self.requests]

    def submit(self, task: BuilderTask) -> None:
        self.tasks.append(task)
