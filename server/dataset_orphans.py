"""`dataops-admin purge-datasets`: removes what no version of a dataset needs any more.

    datasets/archives/<nc>/<id_run>/<fingerprint>.*   archive of a run, its record and bond means
    datasets/<name>/<version>/<hash>/*                documents of a version

Freezes that never ended and deleted versions leave them. A freeze may use an archive of an earlier
one, and stores its record again before it commits the version. Objects that changed in the last
days are therefore kept, and so is what versions need that were deleted in the last days.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from chalicelib.adapters.aws.clients import Clients
from chalicelib.adapters.aws.dataset_repository import DynamoDatasetRepository
from chalicelib.adapters.aws.errors import DATA_BUCKET, translate_errors
from chalicelib.adapters.aws.object_calls import Listing, StoredObject
from chalicelib.adapters.aws.stored_documents import S3StoredDocuments
from chalicelib.domain.dataset_records import ARCHIVES_NAME, parse_archive_list
from chalicelib.domain.errors import InvalidInput
from chalicelib.settings import Settings
from chalicelib.usecases.dataset_ports import DatasetRepository

_FOLDER = "datasets/"
_ARCHIVE = re.compile(r"(datasets/archives/[A-Z]\w*/\d+/[0-9a-f]+)\.(?:zip|json|bonds\.json)")
_DOCUMENT = re.compile(r"(datasets/[a-z0-9-]+/\d[\d.]*/[0-9a-f]+/)[^/]+")

Groups = dict[str, list[StoredObject]]
"""Objects by the key of an archive, or by the folder of documents, which ends with a slash."""


class Objects(Protocol):
    """What is called of `ObjectStore`."""

    def list(self, prefix: str) -> Listing: ...

    def head(self, key: str) -> StoredObject | None: ...

    def delete(self, key: str) -> None: ...


def purge_datasets(settings: Settings, days: float, *, delete: bool) -> bool:
    """Purge what is older than `days`; see `purge`."""
    clients = Clients.connect(settings)
    versions = DynamoDatasetRepository(clients.dynamodb, settings.run_table)
    before = datetime.now(UTC) - timedelta(days=days)
    with translate_errors(DATA_BUCKET):
        documents = S3StoredDocuments(clients.objects)
        return purge(clients.objects, documents, versions, before, delete=delete)


def purge(
    objects: Objects,
    documents: S3StoredDocuments,
    versions: DatasetRepository,
    before: datetime,
    *,
    delete: bool,
) -> bool:
    """Print what no version needs and was stored before this time, and delete it if requested.

    Return False if a version was committed meanwhile that needs what was deleted. InvalidInput if
    the documents in the bucket belong to another run table.
    """
    # The objects first: what later versions need is then either needed or not listed.
    groups = group_objects(objects.list(_FOLDER).objects)
    _check_table(groups, versions)
    needed = _list_needed(versions, documents, before)
    orphans = {
        name: group
        for name, group in sorted(groups.items())
        if name not in needed and all(stored.modified_at < before for stored in group)
    }
    _print_summary("archives", [orphans[name] for name in orphans if name[-1] != "/"])
    _print_summary("documents", [orphans[name] for name in orphans if name[-1] == "/"])
    if not delete:
        return True
    deleted = {name for name in orphans if _delete(orphans[name], objects, before)}
    print(f"deleted: {len(deleted):,} of {len(orphans):,}")
    damaged = sorted(deleted & _list_needed(versions, documents, before))
    for name in damaged:
        print(
            f"{name}: deleted, but a version committed meanwhile needs it; restore it from a "
            "backup, or delete this version and freeze again",
            file=sys.stderr,
        )
    return not damaged


def group_objects(objects: Iterable[StoredObject]) -> Groups:
    """Group the objects below `datasets/`, without those that freezes do not store."""
    groups: Groups = {}
    for stored in objects:
        if archive := _ARCHIVE.fullmatch(stored.key):
            name = f"{archive[1]}.zip"
        elif document := _DOCUMENT.fullmatch(stored.key):
            name = document[1]
        else:
            continue
        groups.setdefault(name, []).append(stored)
    return groups


def _check_table(groups: Groups, versions: DatasetRepository) -> None:
    folders = {name for name in groups if name.endswith("/")}
    if folders and folders.isdisjoint(version.documents for version in versions.list_versions()):
        raise InvalidInput(
            f"the bucket has documents of {len(folders)} versions, and the run table has none of "
            "these; check --table and --bucket"
        )


def _list_needed(
    versions: DatasetRepository, documents: S3StoredDocuments, before: datetime
) -> set[str]:
    """Return the names of the groups that versions need, unless they were deleted earlier.

    Unavailable if the list of archives of a version is missing.
    """
    needed = set()
    for version in versions.list_versions():
        if version.deletion is None or version.deletion.deleted_at >= before:
            content = documents.read_document(version.documents + ARCHIVES_NAME)
            archives = parse_archive_list(content)
            needed |= {archive.archive_key for archive in archives}
            needed.add(version.documents)
    return needed


def _delete(group: Sequence[StoredObject], objects: Objects, before: datetime) -> bool:
    """Delete a group unless a freeze stored one of its objects again. Return True if deleted."""
    current = [objects.head(stored.key) for stored in group]
    if any(stored is not None and stored.modified_at >= before for stored in current):
        return False
    # The record first: an archive without it does not exist for freezes.
    for stored in sorted(group, key=lambda stored: not stored.key.endswith(".json")):
        objects.delete(stored.key)
    return True


def _print_summary(kind: str, groups: Sequence[Sequence[StoredObject]]) -> None:
    size_bytes = sum(stored.size_bytes for group in groups for stored in group)
    print(f"{kind} that no version needs: {len(groups):,} ({size_bytes:,} bytes)")
