"""Extraction: unsafe archives are rejected before anything is written; others appear at once."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from dataops_client import (
    ArchiveFile,
    ChecksumMismatch,
    DataOpsError,
    InvalidArchive,
    TargetNotEmpty,
)
from dataops_client.existing_files import FileHashes
from dataops_client.extraction import extract, matches_folder, move_folder
from dataops_client.verify import list_changed_files


def info(
    name: str, mode: int = stat.S_IFREG | 0o644, method: int = zipfile.ZIP_DEFLATED
) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo("placeholder")
    member.filename = name
    member.external_attr = mode << 16
    member.compress_type = method
    member.create_system = 3
    return member


def pack(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of duplicate names
        for name, content in entries:
            archive.writestr(info(name) if isinstance(name, str) else name, content)
    return sink.getvalue()


def files(**contents: bytes) -> list[ArchiveFile]:
    return [
        ArchiveFile(name, len(content), hashlib.sha256(content).hexdigest(), "other")
        for name, content in contents.items()
    ]


def announced(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> list[ArchiveFile]:
    return files(
        **{name if isinstance(name, str) else name.filename: content for name, content in entries}
    )


def patched(content: bytes, change: Callable[[bytearray], None]) -> bytes:
    data = bytearray(content)
    change(data)
    return bytes(data)


def central(data: bytearray, index: int = 0) -> int:
    """Return the position of the central directory record of a member."""
    position = data.index(b"PK\1\2")
    for _ in range(index):
        position = data.index(b"PK\1\2", position + 4)
    return position


def put(data: bytearray, position: int, form: str, *values: int) -> None:
    struct.pack_into(form, data, position, *values)


GOOD = pack(("a", b"alpha" * 100), ("b", b"beta" * 100))

HOSTILE_NAMES = {
    "climbs out": "../evil", "climbs out inside": "a/../../evil", "is the parent": "..",
    "is the folder": ".", "has a dot part": "a/./b",
    "is absolute": "/etc/passwd", "has a double slash": "a//b",
    "begins with two slashes": "//server/share", "is a folder": "folder/",
    "has a backslash": "..\\evil", "has a drive": "C:evil",
    "has an absolute drive": "C:/evil", "has a stream": "a:b", "has a newline": "a\nb",
    "has an escape": "a\x1b[2Jb", "ends in a dot": "evil.",
    "ends in a blank": "evil ", "is a device": "con", "is a device with a suffix": "NUL.txt",
    "is a port": "com1", "is too long": "x" * 300, "climbs with a blank": ".. /evil",
    "is a printer": "a/lpt9.log",
}  # fmt: skip

HOSTILE_KINDS = {
    "a link": stat.S_IFLNK | 0o777, "a folder by its mode": stat.S_IFDIR | 0o755,
    "a pipe": stat.S_IFIFO | 0o644,
    "a character device": stat.S_IFCHR | 0o644, "a block device": stat.S_IFBLK | 0o644,
    "a socket": stat.S_IFSOCK | 0o644,
}  # fmt: skip

HOSTILE_BYTES: dict[str, Callable[[bytearray], None]] = {
    "encrypted": lambda data: put(data, central(data) + 8, "<H", 1),
    "strongly encrypted": lambda data: put(data, central(data) + 8, "<H", 0x41),
    "packed by an unknown method": lambda data: put(data, central(data) + 10, "<H", 99),
    "packed by bzip2": lambda data: put(data, central(data) + 10, "<H", 12),
    "packed by lzma": lambda data: put(data, central(data) + 10, "<H", 14),
    "larger than announced": lambda data: put(data, central(data) + 24, "<L", 10_000),
    "smaller than announced": lambda data: put(data, central(data) + 24, "<L", 1),
    "a member over another": lambda data: put(data, central(data, 1) + 42, "<L", 0),
    "a member beyond the end": lambda data: put(data, central(data, 1) + 42, "<L", 0x7FFFFFF0),
    "a member longer than the file": lambda data: put(data, central(data) + 20, "<L", 0x7FFFFFF0),
    "a wrong checksum": lambda data: put(data, central(data) + 16, "<L", 1),
    "no directory": lambda data: data.__delitem__(slice(data.index(b"PK\1\2"), None)),
    "a directory cut short": lambda data: data.__delitem__(slice(len(data) - 30, len(data) - 22)),
    "another name in the header": lambda data: put(data, 30, "<B", ord("z")),
    "data that do not inflate": lambda data: put(data, 31, "<4B", 0xFF, 0xFF, 0xFF, 0xFF),
}


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_unsafe_names_are_rejected(name: str, tmp_path: Path) -> None:
    entries = ((name, b"evil"), ("good", b"good"))
    assert_rejected(pack(*entries), announced(*entries), tmp_path)


@pytest.mark.parametrize("mode", HOSTILE_KINDS.values(), ids=HOSTILE_KINDS)
def test_members_that_are_not_regular_files_are_rejected(mode: int, tmp_path: Path) -> None:
    entries = ((info("a", mode), b"/etc/passwd"), ("good", b"good"))
    assert_rejected(pack(*entries), announced(*entries), tmp_path)


@pytest.mark.parametrize("change", HOSTILE_BYTES.values(), ids=HOSTILE_BYTES)
def test_damaged_archives_are_rejected(change: Callable[[bytearray], None], tmp_path: Path) -> None:
    assert_rejected(patched(GOOD, change), files(a=b"alpha" * 100, b=b"beta" * 100), tmp_path)


@pytest.mark.parametrize(
    ("entries", "listed"),
    [
        ((("a", b"1"), ("a", b"2")), files(a=b"1")),
        ((("a", b"1"), ("A", b"2")), files(a=b"1", A=b"2")),
        ((("\u00e9", b"1"), ("e\u0301", b"2")), announced(("\u00e9", b"1"), ("e\u0301", b"2"))),
        ((("a", b"1"), ("a/b", b"2")), announced(("a", b"1"), ("a/b", b"2"))),
        ((("a", b"1"), ("unexpected", b"2")), files(a=b"1")),
        ((("a", b"1"),), files(a=b"1", b=b"2")),
        ((("a", b"\0" * 50_000_000),), files(a=b"\0" * 10)),
        ((("a", b"other"),), files(a=b"1orig")),
    ],
    ids=[
        "twice",
        "twice but for case",
        "twice but for form",
        "file and folder",
        "unexpected",
        "missing",
        "bomb",
        "other content",
    ],
)
def test_archives_with_other_content_than_announced_are_rejected(
    entries: tuple[tuple[str, bytes], ...], listed: list[ArchiveFile], tmp_path: Path
) -> None:
    assert_rejected(pack(*entries), listed, tmp_path)


def assert_rejected(content: bytes, listed: list[ArchiveFile], folder: Path) -> None:
    """Assert that the archive raises an error of the client and that nothing is written."""
    archive = folder / "in" / "archive.zip"
    archive.parent.mkdir()
    archive.write_bytes(content)
    target = folder / "out" / "0"
    with pytest.raises(DataOpsError):
        extract(archive, listed, target)
    assert [path for path in folder.rglob("*") if path.is_file()] == [archive]


LEGITIMATE = {
    "nothing in a file": (("empty", b""),),
    "stored, not deflated": ((info("a", method=zipfile.ZIP_STORED), b"plain"),),
    "no mode at all": ((info("a", mode=0), b"made on Windows"),),
    "executable": ((info("a", mode=stat.S_IFREG | 0o755), b"#!/bin/sh"),),
    "a name in UTF-8": (("Zr₄₉.txt", b"x"),),
    "blanks and signs in a name": (("odd name (1) + % #.txt", b"x"),),
    "dots in a name": (("a..b", b"x"), ("...c", b"y")),
    "a folder per sub-run": (("0/a", b"x"), ("1/a", b"y")),
    "names that begin alike": (("a", b"x"), ("ab", b"y"), ("a.b", b"z")),
    "very compressible": (("zeros", b"\0" * 1_000_000),),
    "with metadata": (("a", b"x"), ("ro-crate-metadata.json", b"{}")),
}


@pytest.mark.parametrize("entries", LEGITIMATE.values(), ids=LEGITIMATE)
def test_unusual_but_safe_archives_are_extracted(
    entries: tuple[tuple[str | zipfile.ZipInfo, bytes], ...], tmp_path: Path
) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(pack(*entries))
    listed = [file for file in announced(*entries) if file.name != "ro-crate-metadata.json"]
    extract(archive, listed, tmp_path / "0")
    for name, content in entries:
        assert (
            tmp_path / "0" / (name if isinstance(name, str) else name.filename)
        ).read_bytes() == content
    assert matches_folder(tmp_path / "0", listed)


BLOCKS = bytes(range(256)) * 4096 * 4 + b"end"
"""Content of several blocks of the reader."""


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
@pytest.mark.parametrize("large", [1, 2, 9])
def test_members_of_several_blocks_are_extracted(method: int, large: int, tmp_path: Path) -> None:
    contents = {f"large{number}": BLOCKS + b"%d" % number for number in range(large)}
    contents |= {f"small{number}": b"%d" % number for number in range(20)}
    archive = tmp_path / "archive.zip"
    archive.write_bytes(pack(*((info(name, method=method), contents[name]) for name in contents)))
    extract(archive, files(**contents), tmp_path / "0")
    found = {path.name: path.read_bytes() for path in (tmp_path / "0").iterdir()}
    assert found == contents


@pytest.mark.parametrize("position", [0, 2 * 2**20, len(BLOCKS) - 1], ids=["first", "mid", "last"])
@pytest.mark.parametrize("large", [1, 9])
def test_a_large_member_with_other_content_is_rejected(
    position: int, large: int, tmp_path: Path
) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(pack(*((f"large{number}", BLOCKS) for number in range(large))))
    other = patched(BLOCKS, lambda data: put(data, position, "<B", data[position] ^ 1))
    listed = files(large0=other, **{f"large{number}": BLOCKS for number in range(1, large)})
    with pytest.raises(ChecksumMismatch, match="'large0' has SHA-256"):
        extract(archive, listed, tmp_path / "0")
    assert list(tmp_path.iterdir()) == [archive]


def test_a_large_member_without_space_for_its_file_raises_oserror(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # limits of a process exist on POSIX only
    archive = tmp_path / "archive.zip"
    archive.write_bytes(pack(("large", BLOCKS)))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 2**20, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            extract(archive, files(large=BLOCKS), tmp_path / "0")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == [archive]


def test_an_existing_download_is_replaced(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    for content in (b"old", b"new"):
        archive.write_bytes(pack(("a", content), ("ro-crate-metadata.json", b"{}")))
        extract(archive, files(a=content), tmp_path / "0")
    assert (tmp_path / "0" / "a").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "archive.zip"]


def test_a_folder_with_other_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "thesis.tex").write_text("mine")
    (tmp_path / "archive.zip").write_bytes(pack(("a", b"x")))
    with pytest.raises(TargetNotEmpty, match=r"thesis\.tex"):
        extract(tmp_path / "archive.zip", files(a=b"x"), tmp_path / "0")
    assert (tmp_path / "0" / "thesis.tex").read_text() == "mine"


def test_changed_missing_and_extra_files_do_not_match(tmp_path: Path) -> None:
    (tmp_path / "archive.zip").write_bytes(pack(("a", b"x")))
    extract(tmp_path / "archive.zip", files(a=b"x"), tmp_path / "0")
    assert matches_folder(tmp_path / "0", files(a=b"x"))
    (tmp_path / "0" / "a").write_bytes(b"y")
    assert not matches_folder(tmp_path / "0", files(a=b"x"))
    (tmp_path / "0" / "a").write_bytes(b"x")
    (tmp_path / "0" / "b").touch()
    assert not matches_folder(tmp_path / "0", files(a=b"x"))
    assert not matches_folder(tmp_path / "1", files(a=b"x"))


def test_the_error_contains_the_name_of_a_wrong_file(tmp_path: Path) -> None:
    (tmp_path / "archive.zip").write_bytes(pack(("a", b"x")))
    with pytest.raises(ChecksumMismatch, match="'a' has SHA-256"):
        extract(tmp_path / "archive.zip", files(a=b"y"), tmp_path / "0")
    with pytest.raises(InvalidArchive):
        extract(tmp_path / "archive.zip", files(a=b"xx"), tmp_path / "0")


class Renames:
    """Renames folders and raises errors at calls of these numbers, before or after the rename."""

    def __init__(self, raised: dict[int, BaseException], *, after: bool = False) -> None:
        self.raised, self.after, self.calls = raised, after, 0

    def __call__(self, source: Path, target: Path) -> None:
        self.calls += 1
        failure = self.raised.get(self.calls)
        if failure and not self.after:
            raise failure
        source.rename(target)
        if failure:
            raise failure


@pytest.mark.parametrize(
    "failure",
    [PermissionError(13, "Permission denied"), KeyboardInterrupt()],
    ids=["refused", "Ctrl-C"],
)
@pytest.mark.parametrize(
    ("number", "after"), [(1, False), (1, True), (2, False)], ids=["first", "between", "last"]
)
def test_a_failed_last_rename_restores_the_old_folder(
    tmp_path: Path, failure: BaseException, number: int, after: bool
) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(pack(("a", b"old"), ("ro-crate-metadata.json", b"{}")))
    extract(archive, files(a=b"old"), tmp_path / "0")
    archive.write_bytes(pack(("a", b"new")))
    with pytest.raises(type(failure)):
        extract(archive, files(a=b"new"), tmp_path / "0", Renames({number: failure}, after=after))
    assert (tmp_path / "0" / "a").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "archive.zip"]


def test_an_old_folder_that_cannot_be_restored_is_kept(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(pack(("a", b"old")))
    extract(archive, files(a=b"old"), tmp_path / "0")
    with pytest.raises(OSError, match="gone"):
        extract(
            archive,
            files(a=b"old"),
            tmp_path / "0",
            Renames({2: OSError("no"), 3: OSError("gone")}),
        )
    assert [path.read_bytes() for path in tmp_path.glob(".0.*.old/a")] == [b"old"]
    assert len(list(tmp_path.iterdir())) == 2


def test_ctrl_c_after_the_last_rename_keeps_the_new_folder(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    for content, renames in (
        (b"old", Renames({})),
        (b"new", Renames({2: KeyboardInterrupt()}, after=True)),
    ):
        archive.write_bytes(pack(("a", content)))
        try:
            extract(archive, files(a=content), tmp_path / "0", renames)
        except KeyboardInterrupt:
            continue
    assert (tmp_path / "0" / "a").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "archive.zip"]


def test_a_rename_that_windows_rejects_is_retried(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    slept: list[float] = []
    renames = Renames({1: PermissionError(), 2: PermissionError()})
    move_folder(
        tmp_path / "new",
        tmp_path / "0",
        rename=renames,
        delays_seconds=(0.1, 0.2, 0.4),
        sleep=slept.append,
    )
    assert ((tmp_path / "0").is_dir(), slept) == (True, [0.1, 0.2])
    with pytest.raises(PermissionError):
        move_folder(
            tmp_path / "0",
            tmp_path / "1",
            rename=Renames({1: PermissionError()}),
            delays_seconds=(),
            sleep=slept.append,
        )


def crate(**contents: bytes) -> bytes:
    """Return the metadata of an archive of these files."""
    graph = [
        {
            "@type": "File",
            "@id": file.name,
            "contentSize": str(file.size_bytes),
            "sha256": file.sha256,
        }
        for file in files(**contents)
    ]
    return json.dumps({"@graph": graph}).encode()


def test_changed_files_are_found_by_the_metadata_of_the_download(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(
        pack(
            ("a", b"x"),
            ("b", b"y"),
            ("c", b"z"),
            ("ro-crate-metadata.json", crate(a=b"x", b=b"y", c=b"z")),
        )
    )
    extract(archive, files(a=b"x", b=b"y", c=b"z"), tmp_path / "0")
    assert list_changed_files(tmp_path / "0") == ()
    (tmp_path / "0" / "b").write_bytes(b"mine")
    (tmp_path / "0" / "c").unlink()
    assert list_changed_files(tmp_path / "0") == ("b",)
    assert list_changed_files(tmp_path / "missing") == ()


def test_files_that_change_after_they_were_hashed_are_hashed_again(tmp_path: Path) -> None:
    contents = {"a": b"x" * 1000, "b": b"y" * 1000}
    archive = tmp_path / "archive.zip"
    metadata = ("ro-crate-metadata.json", crate(**contents))
    archive.write_bytes(pack(*contents.items(), metadata))
    extract(archive, files(**contents), tmp_path / "0")
    with FileHashes(tmp_path / "0") as hashes:
        assert matches_folder(tmp_path / "0", files(**contents), hashes.get)
        (tmp_path / "0" / "b").write_bytes(b"z" * 1000)
        assert not matches_folder(tmp_path / "0", files(**contents), hashes.get)
        assert list_changed_files(tmp_path / "0", hashes.get) == ("b",)


def test_hashes_are_computed_for_files_without_metadata(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with FileHashes(tmp_path) as hashes:
        assert hashes.get(tmp_path / "a") == hashlib.sha256(b"x").hexdigest()
        with pytest.raises(FileNotFoundError):
            hashes.get(tmp_path / "b")


@pytest.mark.parametrize("name", ["../outside", "missing", "/outside"])
def test_hashing_an_earlier_download_ignores_paths_out_of_its_folder(
    tmp_path: Path, name: str
) -> None:
    graph = [{"@type": "File", "@id": name, "contentSize": "1", "sha256": "0" * 64}]
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "ro-crate-metadata.json").write_text(json.dumps({"@graph": graph}))
    (tmp_path / "outside").write_bytes(b"x")
    with FileHashes(tmp_path / "0") as hashes:
        assert list_changed_files(tmp_path / "0", hashes.get) == ()


@pytest.mark.parametrize("metadata", [b"[" * 200_000, b"{", b"[]", b'{"@graph": [1]}', b"\xff"])
def test_files_of_a_folder_with_invalid_metadata_are_not_replaced(
    tmp_path: Path, metadata: bytes
) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(pack(("a", b"x"), ("ro-crate-metadata.json", metadata)))
    extract(archive, files(a=b"x"), tmp_path / "0")
    assert list_changed_files(tmp_path / "0") == ()
    archive.write_bytes(pack(("b", b"x")))
    with pytest.raises(TargetNotEmpty):
        extract(archive, files(b=b"x"), tmp_path / "0")
