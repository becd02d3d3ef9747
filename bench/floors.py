"""Does the least possible work of each measured operation, with the same stores.

The code has no checks and no retries. An archive needs its files from the store, ISA-L at the
level of the packer, CRC-32 and SHA-256 of the members, SHA-256 of the archive, and one upload.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from isal import isal_zlib

from chalicelib.zipstream.pipeline import BLOCK_BYTES, LEVEL

from .service import PARTITION, TABLE, Stores

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_RAW = -15
_PART_BYTES = 8 * 2**20
_THREADS = 16
_KEY = "floor/archive.zip"
_LOCAL_HEADER_BYTES = 30


def pack(content: ReadableBuffer) -> bytes:
    """Compress and hash a file, in blocks that fit in the cache of a core."""
    view, digest, compressor = (
        memoryview(content),
        hashlib.sha256(),
        isal_zlib.compressobj(LEVEL, wbits=_RAW),
    )
    packed, checksum = [], 0
    for begin in range(0, len(view), BLOCK_BYTES):
        block = view[begin : begin + BLOCK_BYTES]
        checksum = isal_zlib.crc32(block, checksum)
        digest.update(block)
        packed.append(compressor.compress(block))
    return b"".join([*packed, compressor.flush()])


class Floors:
    """Floors on these stores. The threads exist before the first measurement."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._pool = ThreadPoolExecutor(_THREADS)
        self._two = ThreadPoolExecutor(2)

    def build(self, keys: Sequence[str]) -> None:
        """Read, compress and hash stored files, and write one object of the result."""
        self._write(list(self._pool.map(self._pack, keys)))

    def join(self, archive_keys: Sequence[str]) -> None:
        """Read archives, check the CRC-32 of their members, and write one object of them."""
        self._write(list(self._pool.map(self._check, archive_keys)))

    def warm_link(self, nc: str, id_run: str, prefixes: Sequence[str], record_key: str) -> None:
        """Make the two round trips of a link to an existing archive.

        The record is found by what the listings contain; the run is read at the same time.
        """
        key = {"pk": {"S": PARTITION}, "sk": {"S": f"{nc}#{int(id_run):09d}"}}
        run = self._pool.submit(self._stores.dynamodb.get_item, TableName=TABLE, Key=key)
        list(self._pool.map(self._stores.list_keys, prefixes))
        run.result()
        obstore.get(self._stores.objects, record_key).bytes()

    def fetch(self, url: str, folder: Path) -> None:
        """Download with curl, and inflate, hash and write the members on two threads."""
        saved = folder / "archive.zip"
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["curl", "-s", "-f", "-o", saved, url], check=True)
        content = saved.read_bytes()
        digest = self._two.submit(hashlib.sha256, content)
        members = zipfile.ZipFile(io.BytesIO(content)).infolist()

        def write(position: int) -> None:
            data = _inflate(content, members[position])
            hashlib.sha256(data)
            (folder / str(position)).write_bytes(data)

        list(self._two.map(write, range(len(members))))
        digest.result()

    def _pack(self, key: str) -> bytes:
        return pack(obstore.get(self._stores.objects, key).bytes())

    def _check(self, key: str) -> bytes:
        content = obstore.get(self._stores.objects, key).bytes().to_bytes()
        for member in zipfile.ZipFile(io.BytesIO(content)).infolist():
            isal_zlib.crc32(_inflate(content, member))
        return content

    def _write(self, pieces: Sequence[bytes]) -> None:
        content = b"".join(pieces)
        hashed = self._pool.submit(hashlib.sha256, content)
        obstore.put(
            self._stores.objects,
            _KEY,
            content,
            use_multipart=len(content) > _PART_BYTES,
            chunk_size=_PART_BYTES,
        )
        hashed.result()


def _inflate(archive: bytes, member: zipfile.ZipInfo) -> bytes:
    # The local header repeats the name; the archives of the API have no extra field there.
    begin = member.header_offset + _LOCAL_HEADER_BYTES
    begin += int.from_bytes(archive[begin - 4 : begin - 2], "little")
    begin += int.from_bytes(
        archive[member.header_offset + 28 : member.header_offset + 30], "little"
    )
    data: bytes = isal_zlib.decompress(
        memoryview(archive)[begin : begin + member.compress_size], _RAW
    )
    return data
