"""Bonds: lines of ICOHPLIST.lobster, their pages, and single files, over the fakes."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.api.paging import decode_bond_cursor, encode_bond_cursor
from chalicelib.domain.bonds import BLOCK_BONDS, MAX_INDEXED_BONDS, Bond, BondIndex, index_bonds
from chalicelib.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    SubRunNotScheduled,
    Unavailable,
)
from chalicelib.domain.runs import Run, RunKey, SubRunKey
from chalicelib.domain.soap import PUBLISHED
from chalicelib.usecases.archives import ArchiveDependencies
from chalicelib.usecases.bonds import BondPage, BondPosition, get_bond_page
from chalicelib.usecases.build_slots import BuildSlots
from chalicelib.usecases.compositions import list_compositions
from chalicelib.usecases.dataset_info import DatasetInfoReader
from chalicelib.usecases.files import get_file_link
from tests.support.fake_bond_records import FakeBondCache
from tests.support.fakes import (
    FakeBuildLeases,
    FakeBuildQueue,
    FakeClock,
    FakeDataBucket,
    FakeRunRepository,
)

HEADER = "  COHP#  atomMU  atomNU     distance     translation      ICOHP (at) eF   for spin  1\n"
LINES = (
    "      1     Cu1     Zr2      3.26048       0   0   0           -0.41728 \n"
    "      2     Cu1     Cu3      2.47778       0   0   0           -0.48810 \n"
    "      3     Al4     Zr2      2.57934       0  -1   1            0.00000 \n"
    "      4     Zr2     Cu3      3.00000       1   0   0            0.10000 \n"
)
KEY = SubRunKey.parse("Zr49Cu49Al2", "21", "0")
FOLDER = "Zr49Cu49Al2/c/md/lammps/100/21/2000/0/"


def parse_bonds(text: str) -> tuple[Bond, ...]:
    """Return all bonds of a small file."""
    bonds = index_bonds([text.encode()]).bonds
    assert bonds is not None
    return bonds


class FullBondRecords(FakeBondCache):
    """A store that takes nothing more."""

    def put(self, key: SubRunKey, fingerprint: str, index: BondIndex) -> None:
        raise Unavailable("the data bucket returned SlowDown to PutObject")


class BondScenario:
    """Sub-run 0 of run 21, scheduled, with four bonds."""

    def __init__(self) -> None:
        self.bucket = FakeDataBucket()
        self.records = FakeBondCache()
        clock, runs = FakeClock(), FakeRunRepository()
        runs.add(Run(KEY.run, frozenset({0}), clock.now()), "claim")
        slots = BuildSlots(1, wait_seconds=0)
        dataset = DatasetInfoReader(self.bucket, clock, PUBLISHED)
        self.archives = ArchiveDependencies(
            runs, self.bucket, FakeBuildLeases(), FakeBuildQueue(), clock, 2**20, dataset, slots
        )
        self.bucket.put(FOLDER + "ICOHPLIST.lobster", (HEADER + LINES).encode())
        self.bucket.put(FOLDER + "Zr49Cu49Al2.scf.in", b"&CONTROL")

    def page(
        self, limit: int = 1000, position: BondPosition | None = None, key: SubRunKey = KEY
    ) -> BondPage:
        return get_bond_page(
            key,
            limit=limit,
            position=position,
            runs=self.archives.runs,
            bucket=self.bucket,
            cache=self.records,
            slots=self.archives.slots,
        )


@pytest.fixture
def scenario() -> BondScenario:
    return BondScenario()


def test_a_line_is_a_bond_with_minus_icohp() -> None:
    bonds = parse_bonds(HEADER + LINES)
    assert bonds[0] == Bond("Cu1", "Zr2", 1, 2, "Zr-Cu", 3.26048, (0, 0, 0), 0.41728)
    assert bonds[3] == Bond("Zr2", "Cu3", 2, 3, "Zr-Cu", 3.0, (1, 0, 0), -0.1)


def test_a_bond_type_names_the_heavier_element_first() -> None:
    assert [bond.bond_type for bond in parse_bonds(HEADER + LINES)] == [
        "Zr-Cu",
        "Cu-Cu",
        "Zr-Al",
        "Zr-Cu",
    ]


def test_no_interaction_is_zero_and_not_minus_zero() -> None:
    assert str(parse_bonds(HEADER + LINES)[2].icohp) == "0.0"


def test_a_header_alone_is_no_bonds() -> None:
    assert parse_bonds(HEADER) == ()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "line 1 is '': expected the header"),
        ("1 Cu1 Zr2 3.2 0 0 0 -0.4\n", "line 1 is '1 Cu1 Zr2 3.2 0 0 0 -0.4': expected the header"),
        (HEADER + "1 Cu1 Zr2 3.2 0 0 0\n", "line 2 is '1 Cu1 Zr2 3.2 0 0 0': not enough values"),
        (HEADER + "1 Cu1 Zr2 x 0 0 0 -0.4\n", "could not convert string to float: 'x'"),
        (HEADER + "1 Cu1 Zr2 3.2 0 0 0.5 -0.4\n", "invalid literal for int"),
        (HEADER + "1 Cu Zr2 3.2 0 0 0 -0.4\n", "'Cu' is not an element and a number"),
        (HEADER + "1 Qq1 Zr2 3.2 0 0 0 -0.4\n", "'Qq1' is not an element and a number"),
        (HEADER + "1 Cu1 Zr2 3.2 0 0 0 nan\n", "not finite"),
        (HEADER + "1 Cu1 Zr2 inf 0 0 0 -0.4\n", "not finite"),
        (HEADER + LINES + HEADER.replace("spin  1", "spin  2") + LINES, "line 6 is"),
    ],
)
def test_invalid_icohplists_are_rejected_with_the_line(text: str, wrong: str) -> None:
    with pytest.raises(Conflict, match=re.escape(wrong)):
        parse_bonds(text)


@given(st.text(alphabet="COHP# atomMUN\n1230.-ZrCu\x00é", max_size=300))
def test_any_text_is_bonds_or_a_conflict(text: str) -> None:
    with suppress(Conflict):
        parse_bonds(HEADER + text)


def test_summaries_are_means_by_type() -> None:
    cu_cu, zr_al, zr_cu = index_bonds([(HEADER + LINES).encode()]).summaries
    assert (zr_cu.bond_type, zr_cu.bonds) == ("Zr-Cu", 2)
    assert zr_cu.mean_icohp == pytest.approx((0.41728 - 0.1) / 2)
    assert zr_cu.mean_distance == pytest.approx((3.26048 + 3.0) / 2)
    assert [cu_cu.bond_type, zr_al.bond_type] == ["Cu-Cu", "Zr-Al"]


def test_pages_contain_every_bond_once_and_the_summaries_of_all(scenario: BondScenario) -> None:
    first = scenario.page(limit=3)
    second = scenario.page(limit=3, position=first.next)
    assert first.bonds + second.bonds == parse_bonds(HEADER + LINES)
    assert first.summaries == second.summaries == index_bonds([(HEADER + LINES).encode()]).summaries
    assert (first.total, second.total, second.next) == (4, 4, None)


def many_bonds(count: int) -> str:
    lines = (
        f"{n:7d}  Cu{n}  Zr{n % 97 + 1}  2.5{n % 1000:03d}  0  0  0  -0.{n:06d} \n"
        for n in range(1, count + 1)
    )
    return HEADER + "".join(lines)


@pytest.mark.parametrize("chunk_bytes", [1, 7, 100_000])
def test_the_index_does_not_depend_on_how_the_file_is_cut(chunk_bytes: int) -> None:
    content = many_bonds(1200).replace("\n", "\r\n").encode()
    chunks = [content[start : start + chunk_bytes] for start in range(0, len(content), chunk_bytes)]
    assert index_bonds(chunks) == index_bonds([content])


@pytest.mark.parametrize("limit", [1, 999, 1000, 1001, 5000])
def test_pages_of_a_large_file_are_read_by_range_and_are_complete(
    scenario: BondScenario, limit: int
) -> None:
    total = MAX_INDEXED_BONDS + 2 * BLOCK_BONDS + 5
    scenario.bucket.put(FOLDER + "ICOHPLIST.lobster", many_bonds(total).encode())
    page = scenario.page(limit=limit)
    assert page.total == total
    assert [index.bonds for index in scenario.records.kept.values()] == [None]
    scenario.bucket.read_bytes = 0
    bonds = list(page.bonds)
    for _ in range(3):
        page = scenario.page(limit=limit, position=page.next)
        bonds += page.bonds
        if page.next is None:
            break
    assert [bond.atom_a for bond in bonds] == list(range(1, len(bonds) + 1))
    assert len(bonds) == min(4 * limit, page.total)
    assert scenario.bucket.read_bytes <= 3 * (limit + 2 * BLOCK_BONDS) * 85


def test_a_line_without_end_is_refused_early(scenario: BondScenario) -> None:
    chunks = iter([HEADER.encode(), b"x" * 5000, b"never read"])
    with pytest.raises(Conflict, match=r"line 2 is .* more than 4096 bytes"):
        index_bonds(chunks)
    assert next(chunks) == b"never read"


def test_large_files_are_read_in_turns_with_builds(scenario: BondScenario) -> None:
    scenario.bucket.put(FOLDER + "ICOHPLIST.lobster", many_bonds(40_000).encode())
    with (
        scenario.archives.slots.within_request(),
        pytest.raises(Unavailable, match="too many concurrent requests"),
    ):
        scenario.page()
    assert scenario.page().total == 40_000


def test_a_page_that_ends_with_the_last_bond_leads_nowhere(scenario: BondScenario) -> None:
    assert scenario.page(limit=4).next is None


def test_a_content_is_read_once(scenario: BondScenario) -> None:
    assert scenario.page() == scenario.page()
    assert scenario.bucket.read_keys == [FOLDER + "ICOHPLIST.lobster"]


def test_changed_content_is_read_again(scenario: BondScenario) -> None:
    scenario.page()
    scenario.bucket.put(FOLDER + "ICOHPLIST.lobster", HEADER.encode())
    assert scenario.page().total == 0


def test_bonds_that_cannot_be_cached_are_returned(scenario: BondScenario) -> None:
    scenario.records = FullBondRecords()
    assert scenario.page().total == 4


def test_a_cursor_is_bound_to_the_content(scenario: BondScenario) -> None:
    cursor = scenario.page(limit=1).next
    scenario.bucket.put(FOLDER + "ICOHPLIST.lobster", (HEADER + LINES + LINES).encode())
    with pytest.raises(InvalidInput, match="belongs to an earlier content"):
        scenario.page(limit=1, position=cursor)


@pytest.mark.parametrize("cursor", ["", "x", "é", "MQ", "AAAA" * 10, "NzE"])
def test_an_invalid_cursor_is_rejected(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="invalid cursor"):
        decode_bond_cursor(cursor)


def test_a_cursor_is_decoded_as_it_was_encoded() -> None:
    position = BondPosition("0123456789abcdef", 1234)
    assert decode_bond_cursor(encode_bond_cursor(position)) == position


def test_a_sub_run_without_the_file_has_no_bonds(scenario: BondScenario) -> None:
    del scenario.bucket.objects[FOLDER + "ICOHPLIST.lobster"]
    with pytest.raises(NotFound, match=re.escape("has no ICOHPLIST.lobster")):
        scenario.page()


def test_bonds_and_files_need_the_sub_run_to_be_scheduled(scenario: BondScenario) -> None:
    key = SubRunKey(KEY.run, 3)
    calls: tuple[Callable[[], object], ...] = (
        lambda: scenario.page(key=key),
        lambda: get_file_link(key, "a", runs=scenario.archives.runs, bucket=scenario.bucket),
    )
    for call in calls:
        with pytest.raises(SubRunNotScheduled):
            call()
    with pytest.raises(NotFound):
        scenario.page(key=SubRunKey(RunKey.parse("Zr49Cu49Al2", "22"), 0))


def test_a_file_is_linked_by_its_exact_name(scenario: BondScenario) -> None:
    scenario.bucket.put(FOLDER + "a%41 (1).txt", b"x")
    for name in ("a%41 (1).txt", "ICOHPLIST.lobster"):
        assert get_file_link(
            KEY, name, runs=scenario.archives.runs, bucket=scenario.bucket
        ).link.url.endswith(FOLDER + name)
    for name in ("aA (1).txt", "icohplist.lobster", "../0/ICOHPLIST.lobster", ""):
        with pytest.raises(NotFound, match=re.escape(repr(name))):
            get_file_link(KEY, name, runs=scenario.archives.runs, bucket=scenario.bucket)


def test_compositions_are_the_folders_that_are_formulas() -> None:
    bucket = FakeDataBucket()
    for key in (
        "Zr49Cu49Al2/c/a",
        "Zr49Cu49Al2-SOAPS/c/a",
        "Cu50Zr50/x",
        "archives/a",
        "leftover",
        "<b>/x",
    ):
        bucket.put(key, b"")
    assert [str(nc) for nc in list_compositions(bucket=bucket)] == ["Cu50Zr50", "Zr49Cu49Al2"]
