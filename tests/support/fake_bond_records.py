"""`BondRecords` in memory; it passes the contract tests of the real adapter (tests/contract/test_bond_records.py)."""

from __future__ import annotations

from chalicelib.domain.bonds import Bond
from chalicelib.domain.runs import SubRunKey


class FakeBondRecords:
    """`BondRecords` in a dict."""

    def __init__(self) -> None:
        self.kept: dict[tuple[SubRunKey, str], tuple[Bond, ...]] = {}

    def get(self, key: SubRunKey, fingerprint: str) -> tuple[Bond, ...] | None:
        return self.kept.get((key, fingerprint))

    def put(self, key: SubRunKey, fingerprint: str, bonds: tuple[Bond, ...]) -> None:
        self.kept[key, fingerprint] = bonds
