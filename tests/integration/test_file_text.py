"""`GET .../files/{name}/text`: files to look at, in parts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.usecases.files import TEXT_BYTES
from tests.support.api import Api

Store = Callable[..., None]
FOLDER = "Zr49Cu49Al2/c/md/lammps/100/21/2000/0/"
FILES = "/v1/generate/Zr49Cu49Al2/21/0/files"


@pytest.fixture
def scheduled(api: Api, store: Store) -> Api:
    store(FOLDER + "a.scf.out", "Energía\n".encode() * 200_000)
    store(FOLDER + "binary", b"\xff\x00ok")
    store(FOLDER + "empty", b"")
    store(FOLDER + "one line", b"x" * (TEXT_BYTES + 5))
    api.post("/v1/generate/Zr49Cu49Al2")
    return api


def test_parts_of_a_file_are_complete_lines_and_add_up(scheduled: Api) -> None:
    text, parts = "", 0
    offset: int | None = 0
    while offset is not None:
        part = scheduled.get(f"{FILES}/a.scf.out/text?offset={offset}")
        assert (part["offset"], part["size_bytes"]) == (offset, 9 * 200_000)
        assert part["text"].endswith("\n")
        text += part["text"]
        offset, parts = part["next_offset"], parts + 1
    assert text == "Energía\n" * 200_000
    assert parts == 2


def test_a_line_that_is_longer_than_a_part_is_cut(scheduled: Api) -> None:
    part = scheduled.get(f"{FILES}/one%20line/text")
    assert (len(part["text"]), part["next_offset"]) == (TEXT_BYTES, TEXT_BYTES)
    rest = scheduled.get(f"{FILES}/one%20line/text?offset={TEXT_BYTES}")
    assert (rest["text"], rest["next_offset"]) == ("xxxxx", None)


def test_bytes_that_are_not_utf_8_are_replaced(scheduled: Api) -> None:
    assert scheduled.get(f"{FILES}/binary/text")["text"] == "\ufffd\x00ok"


def test_an_empty_file_has_an_empty_text(scheduled: Api) -> None:
    part = scheduled.get(f"{FILES}/empty/text")
    assert (part["text"], part["next_offset"], part["size_bytes"]) == ("", None, 0)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("empty/text?offset=1", "invalid_input"),
        ("empty/text?offset=-1", "invalid_input"),
        ("missing/text", "not_found"),
        ("..%2Fempty/text", "not_found"),
    ],
)
def test_an_invalid_request_is_rejected(scheduled: Api, path: str, code: str) -> None:
    assert scheduled.problem("GET", f"{FILES}/{path}")["code"] == code
