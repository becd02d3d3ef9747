"""Versions of datasets: lookup, documents, archives, advisories, DOI and deletion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from chalicelib.domain.archive_record import PresignedLink
from chalicelib.domain.dataset_records import (
    ARCHIVES_NAME,
    SELECTION_NAME,
    FrozenArchive,
    parse_archive_list,
    parse_selection,
)
from chalicelib.domain.datasets import (
    Advisory,
    DatasetVersion,
    Deletion,
    VersionNumber,
    find_latest,
    parse_name,
)
from chalicelib.domain.errors import Conflict, DatasetDeleted, InvalidInput, NotFound

from .dataset_ports import DatasetRepository, DatasetStore


def list_versions(name: str, *, versions: DatasetRepository) -> Sequence[DatasetVersion]:
    """Return all versions of a dataset, oldest first. NotFound if there are none."""
    found = list(versions.list_versions(parse_name(name)))
    if not found:
        raise NotFound(f"dataset {name!r} does not exist; list the datasets to see which do")
    return found


def get_version(name: str, number: str, *, versions: DatasetRepository) -> DatasetVersion:
    """Return a version by its number, or the `latest` one.

    Raises:
        NotFound: The dataset, or this version of it, does not exist.
        DatasetDeleted: The version was deleted, or all versions were.
    """
    wanted = VersionNumber.parse(number)
    found = list_versions(name, versions=versions)
    version = (
        find_latest(found) or found[-1]
        if wanted is None
        else next((each for each in found if each.number == wanted), None)
    )
    if version is None:
        numbers = ", ".join(str(each.number) for each in found)
        raise NotFound(f"dataset {name!r} has no version {number!r}; it has {numbers}")
    if version.deletion:
        raise DatasetDeleted(
            f"version {str(version)!r} was deleted on {version.deletion.deleted_at:%Y-%m-%d}: "
            f"{version.deletion.reason}",
            {
                "dataset_title": version.description.title,
                "content_id": version.content_id,
                "reason": version.deletion.reason,
            },
        )
    return version


def list_datasets_page(
    *, after: str | None, limit: int, versions: DatasetRepository
) -> tuple[list[list[DatasetVersion]], str | None]:
    """Return the versions of the `limit` datasets that follow `after`, those without tombstone.

    Also the name of the last dataset if more follow.
    """
    page = list(islice(_list_live(versions, after), limit + 1))
    more = len(page) > limit
    return page[:limit], page[limit - 1][0].name if more else None


def find_by_content(content_id: str, *, versions: DatasetRepository) -> list[DatasetVersion]:
    """Return the versions with this content, including deleted ones. NotFound without any."""
    found = [each for each in versions.list_versions() if each.content_id == content_id]
    if not found:
        raise NotFound(f"no dataset has the content id {content_id!r}")
    return found


def list_archives_page(
    version: DatasetVersion, *, start: int, limit: int, store: DatasetStore
) -> tuple[list[tuple[FrozenArchive, PresignedLink]], int | None]:
    """Return links to archives of a version from position `start`, and the next position."""
    archives = parse_archive_list(store.read_document(version.documents + ARCHIVES_NAME))
    page = archives[start : start + limit]
    links = [(each, store.presign(each.archive_key, each.filename)) for each in page]
    end = start + len(page)
    return links, end if end < len(archives) else None


def add_advisory(
    version: DatasetVersion,
    advisory: Advisory,
    *,
    versions: DatasetRepository,
    store: DatasetStore,
) -> tuple[DatasetVersion, bool]:
    """Add an advisory. Return the version with it, and False if an equal advisory existed.

    Raises:
        InvalidInput: A sub-run is not in the version, or the version that supersedes it does not
            exist.
    """
    if advisory.sub_runs:
        selected = parse_selection(store.read_document(version.documents + SELECTION_NAME))
        if unknown := [each for each in advisory.sub_runs if each not in selected]:
            raise InvalidInput(
                f"sub-run {unknown[0]!r} is not in {str(version)!r}; expected "
                "'<nc>/<id_run>/<sub_run>' of a sub-run in its selection"
            )
    if advisory.superseded_by is not None:
        get_version(version.name, advisory.superseded_by, versions=versions)
    added = versions.add_advisory(version, advisory)
    return get_version(version.name, str(version.number), versions=versions), added


def set_doi(version: DatasetVersion, doi: str, *, versions: DatasetRepository) -> DatasetVersion:
    """Record the DOI of a version. Conflict if another one is recorded."""
    if not versions.set_doi(version, doi):
        current = get_version(version.name, str(version.number), versions=versions)
        raise Conflict(f"{str(version)!r} has the DOI {current.doi!r}, which cannot be replaced")
    return get_version(version.name, str(version.number), versions=versions)


def delete_version(
    version: DatasetVersion, deletion: Deletion, *, versions: DatasetRepository
) -> None:
    """Replace a version by a tombstone. Conflict if it has a DOI."""
    if not versions.delete(version, deletion):
        raise Conflict(
            f"{str(version)!r} has a DOI and cannot be deleted; add an advisory that withdraws it"
        )


def _list_live(versions: DatasetRepository, after: str | None) -> Iterator[list[DatasetVersion]]:
    by_name = groupby(versions.list_versions(after=after), key=lambda version: version.name)
    for _, found in by_name:
        if live := [version for version in found if version.deletion is None]:
            yield live
