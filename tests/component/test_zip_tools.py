"""The archives are read by other programs, from a file and where they can from a stream."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from chalicelib.zipstream import ZipStream
from tests.support.zip_sources import deflated_source, source

CONTENTS = {
    "empty": b"",
    "folder/below/text": b"some text over and over\n" * 100_000,
    "random": random.Random(7).randbytes(600_000),
    "small": b"content",
    "taken over": b"from another archive\n" * 5_000,
    "zeros": bytes(3_000_000),
    "\u00e9\u4e2d": b"a name in UTF-8",
}
JAVA = """
import java.io.*; import java.math.BigInteger; import java.security.*; import java.util.zip.*;
class Read {
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        try (ZipInputStream zip = new ZipInputStream(new FileInputStream(arguments[0]))) {
            for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(zip.readAllBytes());
                out.println(String.format("%064x ", new BigInteger(1, digest)) + entry.getName());
            }
        }
    }
}
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "packed.zip"
    members = [
        (deflated_source if name == "taken over" else source)(name, content)
        for name, content in CONTENTS.items()
    ]
    path.write_bytes(b"".join(ZipStream(members, trailer=lambda _: ("last", b"metadata"))))
    return path


def program(*names: str) -> str:
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"{' or '.join(names)} is not installed")


def run(*command: str | Path, **options: object) -> bytes:
    return subprocess.run(command, check=True, capture_output=True, **options).stdout  # type: ignore[call-overload, no-any-return]


def assert_extracted(folder: Path) -> None:
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == {**CONTENTS, "last": b"metadata"}


def test_info_zip_finds_no_fault(archive: Path) -> None:
    assert b"No errors detected" in run(program("unzip"), "-t", archive)


def test_info_zip_extracts_it(archive: Path, tmp_path: Path) -> None:
    run(program("unzip"), "-q", archive, "-d", tmp_path, env={"LC_ALL": "C.UTF-8"})
    assert_extracted(tmp_path)


def test_bsdtar_extracts_it_from_a_file(archive: Path, tmp_path: Path) -> None:
    run(program("bsdtar"), "-xf", archive, "-C", tmp_path, env={"LC_ALL": "C.UTF-8"})
    assert_extracted(tmp_path)


def test_bsdtar_extracts_it_from_a_stream(archive: Path, tmp_path: Path) -> None:
    run(
        program("bsdtar"),
        "-xf",
        "-",
        "-C",
        tmp_path,
        input=archive.read_bytes(),
        env={"LC_ALL": "C.UTF-8"},
    )
    assert_extracted(tmp_path)


def test_7_zip_extracts_it(archive: Path, tmp_path: Path) -> None:
    assert b"Everything is Ok" in run(
        program("7z", "7zz", "7za"), "x", f"-o{tmp_path}", archive, env={"LC_ALL": "C.UTF-8"}
    )
    assert_extracted(tmp_path)


def test_java_reads_it_from_a_stream(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "Read.java").write_text(JAVA)
    lines = (
        run(program("java"), "-Xshare:auto", tmp_path / "Read.java", archive).decode().splitlines()
    )
    expected = [
        f"{hashlib.sha256(content).hexdigest()} {name}"
        for name, content in {**CONTENTS, "last": b"metadata"}.items()
    ]
    assert lines == expected
