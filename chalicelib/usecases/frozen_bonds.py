"""Mean bond strengths of frozen runs, stored next to their archives.

They are calculated from the archive, so they belong to the frozen bytes, and versions are compared
without reading any data.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from chalicelib.domain.archive_record import ArchiveRecord, PackedFile
from chalicelib.domain.artifacts import Role
from chalicelib.domain.bonds import index_bonds
from chalicelib.domain.errors import Conflict
from chalicelib.domain.freezes import BondMeans, BondTypeMean

from .bonds import MAX_FILE_BYTES
from .dataset_ports import DatasetStore
from .ports import DataBucket


def store_bond_means(
    archive_key: str, record: ArchiveRecord, store: DatasetStore, bucket: DataBucket
) -> Mapping[int, BondMeans | None]:
    """Return the means of a run by sub-run; calculate and store them unless they are stored.

    None for a sub-run whose ICOHPLIST.lobster cannot be read. Sub-runs without one are left out.
    """
    means = store.read_bond_means(archive_key)
    if means is None:
        means = {
            int(file.name.partition("/")[0]): _calculate(archive_key, record, file, bucket)
            for file in record.files
            if file.role is Role.BOND_STRENGTHS
        }
        store.write_bond_means(archive_key, means)
    return means


def _calculate(
    archive_key: str, record: ArchiveRecord, file: PackedFile, bucket: DataBucket
) -> BondMeans | None:
    if file.size_bytes > MAX_FILE_BYTES:
        return None
    end = file.data_offset + file.compressed_bytes
    packed = bucket.read_archive(archive_key, record.etag, file.data_offset, end)
    try:
        index = index_bonds([zlib.decompress(packed, wbits=-zlib.MAX_WBITS)])
    except Conflict:  # LOBSTER lists with spin polarisation, for example
        return None
    return {each.bond_type: BondTypeMean(each.bonds, each.mean_icohp) for each in index.summaries}
