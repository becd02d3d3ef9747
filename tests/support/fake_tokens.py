"""The records of tokens, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.tokens import TokenRecord


class FakeTokenRepository:
    """`usecases.access.TokenRepository` that passes the contract tests of the real one."""

    def __init__(self) -> None:
        self._records: dict[str, TokenRecord] = {}

    def get(self, token_id: str) -> TokenRecord | None:
        return self._records.get(token_id)

    def list_all(self) -> Sequence[TokenRecord]:
        return [self._records[token_id] for token_id in sorted(self._records)]

    def add(self, record: TokenRecord) -> None:
        self._records[record.token_id] = record

    def remove(self, token_id: str) -> bool:
        return self._records.pop(token_id, None) is not None
