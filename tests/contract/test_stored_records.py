"""Records that earlier versions stored are still readable.

`stored_records/<commit>.json` contains what the service of that commit wrote for one scheduled and
augmented run: the items of the run table, the JSON objects of the data bucket (bonds shortened to
two), the event of a queued build, a token, and the status response.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.adapters.aws.build_leases import DynamoBuildLeases
from chalicelib.adapters.aws.idempotency_store import DynamoIdempotencyStore
from chalicelib.adapters.aws.outcome_cache import DynamoOutcomeCache
from chalicelib.adapters.aws.run_repository import DynamoRunRepository
from chalicelib.adapters.aws.stored_records import (
    decode_archive_record,
    decode_bond_index,
    decode_facts,
    encode_archive_record,
    encode_bond_index,
    encode_facts,
)
from chalicelib.adapters.aws.token_repository import DynamoTokenRepository
from chalicelib.api.run_schemas import SubRunOutcome
from chalicelib.domain.builds import BuildRequest
from chalicelib.domain.outcomes import CachedFacts, CalculationFacts
from chalicelib.domain.runs import RunKey
from chalicelib.domain.tokens import parse_token, verify_secret
from tests.conftest import Aws

FOLDER = Path(__file__).parent / "stored_records"
BEFORE_ETAGS = "260f94d"
"""Its archive records have no ETag, and its bonds no index. Both belong to archives of another
format version, which get another key."""
COMMITS = [BEFORE_ETAGS, "567fce4"]


def stored_by(commit: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{commit}.json").read_text())
    return content


def put_items(aws: Aws, table: str, items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for item in items:
        aws.dynamodb.put_item(TableName=table, Item=item)
    return {item["pk"]["S"].partition("#")[0]: item for item in items}


@pytest.mark.parametrize("commit", COMMITS)
def test_items_of_earlier_versions_are_read(aws: Aws, table: str, commit: str) -> None:
    stored = stored_by(commit)
    items = put_items(aws, table, stored["items"])
    key = RunKey.parse("Zr49Cu49Al2", "21")

    run = DynamoRunRepository(aws.dynamodb, table).get(key)
    assert run and run.sub_runs == {0, 3, 13} and run.sub_runs_scheduled_at
    assert run.run_scheduled_at.isoformat() == items["RUN"]["run_scheduled_at"]["S"]
    (claim,) = DynamoRunRepository(aws.dynamodb, table).list_claims(key.nc)
    assert claim.id_run == 21 and claim.claim_token == items["RUN"]["claim_token"]["S"]
    assert [claimant.wanted for claimant in claim.claimants] == [1] * (commit != BEFORE_ETAGS)

    record = DynamoIdempotencyStore(aws.dynamodb, table).get("golden-key")
    assert record and record.completed and record.id_runs == (21,)
    assert record.request == "schedule one of Zr49Cu49Al2"

    lease = DynamoBuildLeases(aws.dynamodb, table).get(items["BUILD"]["sk"]["S"])
    assert lease and lease.holder == "holder-1"
    assert lease.error == "the data bucket does not answer"  # codespell:ignore answer
    assert lease.expires_at - lease.started_at == timedelta(seconds=30)

    parsed = parse_token(stored["token"])
    assert parsed
    token = DynamoTokenRepository(aws.dynamodb, table).get(parsed[0])
    assert token and token.description == "Ada"
    assert verify_secret(token, parsed[1], datetime(2026, 12, 1, tzinfo=UTC))

    facts = DynamoOutcomeCache(aws.dynamodb, table).get(key)
    outcomes = {
        str(sub_run): msgspec.to_builtins(
            msgspec.convert(read.facts, SubRunOutcome, from_attributes=True)
        )
        for sub_run, read in facts.items()
        if read.facts
    }
    assert outcomes == stored["status"]
    assert decode_facts(encode_facts(facts)) == facts


def test_facts_are_stored_as_lists_in_a_fixed_order() -> None:
    facts = {
        0: CachedFacts("v0", CalculationFacts(True, True, 20, False, 738, 737, -4496.5)),
        13: CachedFacts("v13", None),
    }
    stored = '{"0":["v0",[true,true,20,false,738,737,-4496.5]],"13":["v13",null]}'
    assert encode_facts(facts) == stored
    assert decode_facts(stored) == facts


def test_objects_of_the_version_before_are_read_and_written_alike() -> None:
    objects = stored_by("567fce4")["objects"]
    for key, stored in objects.items():
        content = json.dumps(stored).encode()
        if key.endswith(".bonds.json"):
            written = encode_bond_index(decode_bond_index(content))
        else:
            written = encode_archive_record(decode_archive_record(content))
        assert json.loads(written) == stored


def test_objects_without_an_etag_are_rejected_so_that_they_are_written_again() -> None:
    for key, stored in stored_by(BEFORE_ETAGS)["objects"].items():
        decode = decode_bond_index if key.endswith(".bonds.json") else decode_archive_record
        with pytest.raises(msgspec.DecodeError):
            decode(json.dumps(stored).encode())


@pytest.mark.parametrize("commit", COMMITS)
def test_queued_builds_of_earlier_versions_are_read(commit: str) -> None:
    event = stored_by(commit)["event"]
    assert BuildRequest.from_event(event).to_event() == event
