"""Member names that the API packs and the client extracts."""

from __future__ import annotations

import io
import zipfile

import pytest
from dataops_client import member_names as client_rule
from dataops_client.archive_inspection import inspect_archive
from dataops_client.errors import UnsafeArchive
from dataops_client.models.archives import ArchiveFile
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.member_names import find_rejected_names, fold_name, get_rejection_reason

BAD = [
    "", ".", "..", "a/b", "aux.log", "AUX", "con", "nul.tar.gz", "com1", "LPT9.txt", "COM¹",
    "CONIN$", "aux .txt", "run 12:30.log", "C:x",
    "name.", "name ", " ", "a\\b", "a\0b", "a\nb", "\x7f", "\x85", 'a"b', "a?b", "a*b", "a<b",
    "a>b", "a|b", "\udc80", "x" * 256, "é" * 128,
]  # fmt: skip
GOOD = [
    "ICOHPLIST.lobster", "Zr49Cu49Al2.scf.out", "SOAPS.vec", ".hidden", " a", "a b", "100%25",
    "a+b&c=d#e", "é", "e\u0301", "日本", "😀",
    "\u202eexe.txt", "auxiliary", "com", "com10", "console", "x" * 255, "é" * 127, "a'b", "~",
    "...a", "conin",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_api_and_client_reject_unportable_names(name: str) -> None:
    assert get_rejection_reason(name)
    assert not client_rule.is_portable(name)


@pytest.mark.parametrize("name", GOOD)
def test_api_and_client_accept_portable_names(name: str) -> None:
    assert get_rejection_reason(name) is None
    assert client_rule.is_portable(name)


@given(st.text(st.characters(exclude_categories=()), max_size=300))
@example("aux.")
def test_api_and_client_agree_on_any_name(name: str) -> None:
    assert (get_rejection_reason(name) is None) == client_rule.is_portable(name)
    assert fold_name(name) == client_rule.fold_name(name)


@given(st.lists(st.text("aAéE\u0301/.", max_size=3), unique=True))
def test_names_that_the_api_packs_together_can_be_extracted(names: list[str]) -> None:
    rejected = find_rejected_names(names, reserved="ro-crate-metadata.json", preferred=())
    kept = [name for name in names if name not in rejected]
    assert len({client_rule.fold_name(name) for name in kept}) == len(kept)


@pytest.mark.parametrize(
    "name", [name for name in BAD if name and "\0" not in name and "\udc80" not in name]
)
def test_the_client_rejects_archives_with_unportable_names(name: str) -> None:
    with pytest.raises(UnsafeArchive, match=r"\((name|climbing|absolute)\)"):
        inspect_archive(_archive_of(name if name != "a/b" else "a//b"), 10_000, {})


@pytest.mark.parametrize("name", GOOD)
def test_the_client_accepts_archives_with_portable_names(name: str) -> None:
    for member in (name, f"3/{name}"):
        assert inspect_archive(
            _archive_of(member), 10_000, {member: ArchiveFile(member, 0, "0" * 64, "other")}
        )


@pytest.mark.parametrize(
    ("names", "rejected"),
    [
        (["Foo.txt", "foo.txt"], {"foo.txt"}),
        (["\u00e9", "e\u0301"], {"\u00e9"}),
        (["zr.scf.in", "ZR.scf.in", "Zr.scf.in"], {"ZR.scf.in", "zr.scf.in"}),
        (
            ["ro-crate-metadata.json", "RO-Crate-Metadata.JSON", "a"],
            {"ro-crate-metadata.json", "RO-Crate-Metadata.JSON"},
        ),
        (["straße", "STRASSE"], {"straße"}),
    ],
)
def test_one_of_several_names_of_the_same_file_is_packed(
    names: list[str], rejected: set[str]
) -> None:
    assert (
        set(find_rejected_names(names, reserved="ro-crate-metadata.json", preferred={"Zr.scf.in"}))
        == rejected
    )


def _archive_of(name: str) -> zipfile.ZipFile:
    """Return an archive with one empty member."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as written:
        written.writestr(zipfile.ZipInfo(name), b"")
    return zipfile.ZipFile(content)
