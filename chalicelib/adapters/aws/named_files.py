"""The few files of a run whose content is reported, found without listing a large run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from chalicelib.domain.artifacts import (
    SOAPS_NAME,
    Artifact,
    get_files_prefix,
    get_run_files_prefix,
    get_run_soaps_prefix,
)
from chalicelib.domain.runs import RunKey, SubRunKey
from chalicelib.usecases.parallel_calls import run_parallel, start

from .errors import DATA_BUCKET, translate_errors
from .stored_files import S3StoredFiles, build_artifact

_PAGE_OBJECTS = 1000
"""The number of objects in one response. Runs with fewer files are listed."""


class S3NamedFiles(S3StoredFiles):
    """Finds the files of a run that have certain names."""

    def list_named_files(
        self, key: RunKey, sub_runs: Collection[int], names: Collection[str]
    ) -> Mapping[int, Mapping[str, Artifact]]:
        folder = f"{min(sub_runs)}/" if len(sub_runs) == 1 else ""
        prefix = self._data_prefix + get_run_files_prefix(key)
        soaps_prefix = self._data_prefix + get_run_soaps_prefix(key)
        with translate_errors(DATA_BUCKET):
            files, soaps = run_parallel(
                lambda: self._objects.list(prefix + folder, limit=_PAGE_OBJECTS),
                lambda: self._objects.list(soaps_prefix + folder),
            )
            if files.truncated:
                return self._find_named_files(key, sub_runs, names)
        found: dict[str, dict[str, Artifact]] = {}
        for stored in files.objects:
            sub_run, _, name = stored.key[len(prefix) :].partition("/")
            if name and "/" not in name:
                by_name = found.setdefault(sub_run, {})
                if name in names:
                    by_name[name] = build_artifact(key.nc, stored, name)
        for stored in soaps.objects:
            sub_run, _, name = stored.key[len(soaps_prefix) :].partition("/")
            if name == SOAPS_NAME:
                found.setdefault(sub_run, {})
        return {sub_run: found[str(sub_run)] for sub_run in sub_runs if str(sub_run) in found}

    def _find_named_files(
        self, key: RunKey, sub_runs: Collection[int], names: Collection[str]
    ) -> Mapping[int, Mapping[str, Artifact]]:
        """Return the same as `list_named_files`, with one request per file.

        45 of these requests take 70 ms, and a listing of 30,000 files 1,600 ms.
        """
        wanted = [(SubRunKey(key, sub_run), name) for sub_run in sub_runs for name in names]
        keys = [self._data_prefix + get_files_prefix(each) + name for each, name in wanted]
        heads = [start(partial(self._objects.head, stored_key)) for stored_key in keys]
        found: dict[int, dict[str, Artifact]] = {}
        for (sub_run_key, name), head in zip(wanted, heads, strict=True):
            if stored := head.result():
                artifact = build_artifact(key.nc, stored, name)
                found.setdefault(sub_run_key.sub_run, {})[name] = artifact
        for sub_run in set(sub_runs) - found.keys():
            if any("/" not in each.name for each in self.list_artifacts(SubRunKey(key, sub_run))):
                found[sub_run] = {}
        return found
