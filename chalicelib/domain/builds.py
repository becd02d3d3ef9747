"""Builds of archives: requests, leases and progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .manifest import Manifest
from .runs import RunKey, SubRunKey, parse_sub_run
from .selection import Selection


@dataclass(frozen=True, slots=True)
class ArchiveSpec:
    """The archive of a sub-run, or of the `sub_runs` of a run (None: all that are scheduled)."""

    key: RunKey | SubRunKey
    selection: Selection
    sub_runs: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """A request to build an archive in the background.

    `holder` holds the build lease since the request was queued.
    """

    spec: ArchiveSpec
    holder: str | None

    @property
    def task_id(self) -> ArchiveSpec:
        """Return what identifies the work: it is queued once in a process."""
        return self.spec

    def to_event(self) -> dict[str, Any]:
        """Return the request as JSON types, for a builder in another process."""
        spec = self.spec
        sub_run = spec.key.sub_run_or_none
        return {
            "nc": str(spec.key.run.nc),
            "id_run": str(spec.key.run.id_run),
            "sub_run": None if sub_run is None else str(sub_run),
            "sub_runs": None if spec.sub_runs is None else [str(each) for each in spec.sub_runs],
            "profile": str(spec.selection.profile),
            "include": list(spec.selection.include),
            "holder": self.holder,
        }

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> BuildRequest:
        """Return the request that `to_event` encoded. InvalidInput if a value is invalid."""
        run = RunKey.parse(event["nc"], event["id_run"])
        key = run if event["sub_run"] is None else SubRunKey(run, parse_sub_run(event["sub_run"]))
        sub_runs = (
            None if event["sub_runs"] is None else tuple(map(parse_sub_run, event["sub_runs"]))
        )
        selection = Selection.parse(event["profile"], event["include"])
        return cls(ArchiveSpec(key, selection, sub_runs), event.get("holder"))


@dataclass(frozen=True, slots=True)
class BuildLease:
    """The right to build an archive, until `expires_at`.

    `error` is the reason of a failed build. `bytes_done` is the size of the files that are packed,
    as of the last renewal.
    """

    holder: str
    started_at: datetime
    expires_at: datetime
    error: str | None = None
    bytes_done: int = 0


@dataclass(frozen=True, slots=True)
class BuildInProgress:
    """The result of a download whose archive is being built.

    Callers repeat the request after `retry_after_seconds`. `bytes_done` is the size of the files
    that are packed, of `manifest.size_bytes`.
    """

    manifest: Manifest
    retry_after_seconds: int
    bytes_done: int
