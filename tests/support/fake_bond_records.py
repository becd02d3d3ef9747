"""`BondCache` in memory.

It passes the contract tests of the real adapter (tests/contract/test_bond_records.py).
"""

from __future__ import annotations

from chalicelib.domain.bonds import BondIndex
from chalicelib.domain.runs import SubRunKey


class FakeBondCache:
    """`BondCache` in a dict."""

    def __init__(self) -> None:
        self.kept: dict[tuple[SubRunKey, str], BondIndex] = {}

    def get(self, key: SubRunKey, fingerprint: str) -> BondIndex | None:
        return self.kept.get((key, fingerprint))

    def put(self, key: SubRunKey, fingerprint: str, index: BondIndex) -> None:
        self.kept[key, fingerprint] = index
