"""What the use cases of bonds may rely on, on the fakes and on S3."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.adapters.aws.bond_cache import S3BondCache
from chalicelib.domain.bonds import Bond, BondIndex, BondTypeSummary
from chalicelib.domain.runs import SubRunKey
from chalicelib.usecases.ports import BondCache, DataBucket
from tests.conftest import Aws
from tests.support.fake_bond_records import FakeBondCache
from tests.support.fakes import FakeDataBucket
from tests.support.stores import connect, open_bucket

KEY = SubRunKey.parse("Zr49Cu49Al2", "21", "3")
LARGE = BondIndex(7000, (BondTypeSummary("Zr-Cu", 7000, 2.5, 0.4),), None, (80, 80_080, 2**33))
BOND = Bond("Cu1", "Zr2", 1, 2, "Zr-Cu", 3.26048, (0, -1, 1), 0.41728)


@pytest.fixture(params=["fake", pytest.param("s3", marks=pytest.mark.stores)])
def records(request: pytest.FixtureRequest) -> BondCache:
    if request.param == "fake":
        return FakeBondCache()
    environment = request.getfixturevalue("aws_environment")
    return S3BondCache(connect(environment, request.getfixturevalue("bucket")).objects)


def test_a_record_is_found_by_its_fingerprint_only(records: BondCache) -> None:
    assert records.get(KEY, "a" * 64) is None
    small = BondIndex(2, (BondTypeSummary("Zr-Cu", 2, 3.26048, 0.41728),), (BOND, BOND), ())
    records.put(KEY, "a" * 64, small)
    assert records.get(KEY, "a" * 64) == small
    records.put(KEY, "c" * 64, LARGE)
    assert records.get(KEY, "c" * 64) == LARGE
    assert records.get(KEY, "b" * 64) is None
    assert records.get(SubRunKey(KEY.run, 4), "a" * 64) is None


def test_no_bonds_are_kept_as_such(records: BondCache) -> None:
    records.put(KEY, "a" * 64, BondIndex(0, (), (), ()))
    assert records.get(KEY, "a" * 64) == BondIndex(0, (), (), ())


def test_a_damaged_record_costs_a_reading(
    aws: Aws, aws_environment: dict[str, str], bucket: str
) -> None:
    aws.s3.put_object(
        Bucket=bucket, Key=f"archives/{KEY}/{'a' * 64}.bonds.json", Body=b'{"total": 7, "summ'
    )
    assert S3BondCache(connect(aws_environment, bucket).objects).get(KEY, "a" * 64) is None


@pytest.fixture(
    params=[
        "fake",
        pytest.param("s3", marks=pytest.mark.stores),
        pytest.param("s3 with a prefix", marks=pytest.mark.stores),
    ]
)
def stored(request: pytest.FixtureRequest) -> tuple[DataBucket, Callable[[str], object]]:
    """Return a bucket and a function that stores a file in it."""
    if request.param == "fake":
        fake = FakeDataBucket()
        return fake, lambda key: fake.put(key, b"")
    client, name = request.getfixturevalue("aws").s3, request.getfixturevalue("bucket")
    prefix = "ML/big-data-full/" if "prefix" in request.param else ""
    return open_bucket(
        request.getfixturevalue("aws_environment"), name, prefix
    ), lambda key: client.put_object(Bucket=name, Key=prefix + key, Body=b"")


def test_compositions_are_the_folders_that_are_formulas(
    stored: tuple[DataBucket, Callable[[str], object]],
) -> None:
    bucket, put = stored
    for key in (
        "Zr49Cu49Al2/c/a",
        "Zr49Cu49Al2-SOAPS/c/a",
        "Cu50Zr50/x",
        "archives/a",
        "Leftover",
        "<b>/x",
        "zr/x",
    ):
        put(key)
    assert [str(nc) for nc in bucket.list_compositions()] == ["Cu50Zr50", "Zr49Cu49Al2"]
