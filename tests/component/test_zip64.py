"""Sizes and places beyond 4 GiB, in sparse files that only seem to be so large."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from chalicelib.zipstream import Member, ZipStream
from chalicelib.zipstream.headers import (
    Entry,
    build_data_descriptor,
    build_directory_end,
    build_directory_record,
    build_local_header,
)
from tests.support.zip_sources import source, stored_zeros

GIB = 2**30
ZEROS = bytes(2**20)
JAVA = """
import java.io.*; import java.util.zip.*;
class Count {
    public static void main(String[] arguments) throws Exception {
        try (ZipInputStream zip = new ZipInputStream(new BufferedInputStream(new FileInputStream(arguments[0]), 1 << 20))) {
            byte[] buffer = new byte[1 << 20];
            for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
                long size = 0;
                for (int read; (read = zip.read(buffer)) > 0; size += read) { }
                System.out.println(entry.getName() + " " + size);
            }
        }
    }
}
"""


def write_sparse(path: Path, pieces: Iterable[bytes]) -> None:
    """Blocks of zeros become holes."""
    hole = bytes(4096)
    with path.open("wb", buffering=0) as file:
        for piece in pieces:
            for start in range(0, len(piece), len(hole)):
                block = piece[start : start + len(hole)]
                if block == hole:
                    file.seek(len(block), os.SEEK_CUR)
                else:
                    file.write(block)
        file.truncate()


@pytest.mark.heavy
@pytest.mark.slow
def test_a_member_above_4_gib_is_whole_in_a_stream_and_by_the_directory(tmp_path: Path) -> None:
    size = 4 * GIB + 5
    chunks = lambda: iter([*[ZEROS] * (size // len(ZEROS)), bytes(5)])  # noqa: E731
    path = tmp_path / "large.zip"
    path.write_bytes(
        b"".join(
            ZipStream(
                [source("before", b"1"), Member("large", size, chunks), source("after", b"2")]
            )
        )
    )
    with zipfile.ZipFile(path) as archive:
        assert [info.file_size for info in archive.infolist()] == [1, size, 1]
        assert (archive.read("before"), archive.read("after")) == (b"1", b"2")
    if tool := shutil.which("unzip"):
        assert (
            subprocess.run([tool, "-p", path, "after"], check=True, capture_output=True).stdout
            == b"2"
        )
    if tool := shutil.which("java"):
        (tmp_path / "Count.java").write_text(JAVA)
        counted = subprocess.run(
            [tool, tmp_path / "Count.java", path], check=True, capture_output=True
        ).stdout
        assert counted.decode().splitlines() == ["before 1", f"large {size}", "after 1"]


@pytest.mark.heavy
@pytest.mark.slow
def test_a_member_that_starts_above_4_gib_is_found(tmp_path: Path) -> None:
    path = tmp_path / "far.zip"
    stream = ZipStream([stored_zeros("large", 4 * GIB // 0xFFFF + 1), source("after", b"found")])
    write_sparse(path, stream)
    assert stream.members[1].data_offset > 4 * GIB
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("after").header_offset > 4 * GIB
        assert archive.getinfo("large").compress_size > 4 * GIB
        assert archive.read("after") == b"found"
    if tool := shutil.which("unzip"):
        assert (
            subprocess.run([tool, "-p", path, "after"], check=True, capture_output=True).stdout
            == b"found"
        )
    if tool := shutil.which("7z") or shutil.which("7zz"):
        assert (
            b"Everything is Ok"
            in subprocess.run([tool, "t", path, "after"], check=True, capture_output=True).stdout
        )


@pytest.mark.parametrize(
    ("size", "wide"), [(4 * GIB - 9 * 2**20, False), (4 * GIB - 1, True), (4 * GIB, True)]
)
def test_the_width_of_a_descriptor_follows_from_the_size_alone(size: int, wide: bool) -> None:
    begun, ended = Entry("a", size, True), Entry("a", size, True, 1, 1000)
    assert len(build_data_descriptor(ended)) == (24 if wide else 16)
    assert len(build_local_header(begun)) == 31 + (20 if wide else 0)


def test_only_values_that_do_not_fit_go_into_the_zip64_field() -> None:
    record = len(build_directory_record(Entry("a", 1, False), 1))
    assert len(build_directory_record(Entry("a", 1, False), 4 * GIB)) == record + 4 + 8
    assert len(build_directory_record(Entry("a", 4 * GIB, False), 4 * GIB)) == record + 4 + 16
    assert (
        len(build_directory_record(Entry("a", 4 * GIB, False, 0, 4 * GIB), 4 * GIB))
        == record + 4 + 24
    )


@pytest.mark.parametrize(
    ("count", "offset", "zip64"),
    [(65_534, 0, False), (65_535, 0, True), (1, 4 * GIB - 2, False), (1, 4 * GIB - 1, True)],
)
def test_the_zip64_end_record_is_written_if_needed(count: int, offset: int, zip64: bool) -> None:
    assert (len(build_directory_end(count, offset, 100)) > 22) == zip64


@pytest.mark.slow
def test_more_members_than_the_classic_directory_can_count(tmp_path: Path) -> None:
    count = 66_000  # above the 65,535 that the classic end record can count
    path = tmp_path / "many.zip"
    members = (source(f"{number}", b"%d" % number) for number in range(count))
    path.write_bytes(b"".join(ZipStream(members)))
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [f"{number}" for number in range(count)]
        assert archive.read(f"{count - 1}") == b"%d" % (count - 1)
