"""Reading parts of a stored file, on the fake and on S3."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.domain.composition import NominalComposition
from chalicelib.domain.errors import SourceChanged, Unavailable
from chalicelib.domain.runs import RunKey, SubRunKey
from chalicelib.usecases.ports import DataBucket
from tests.conftest import Aws
from tests.support.fakes import FakeDataBucket
from tests.support.fault_proxy import SingleFault, fault_proxy
from tests.support.stores import open_bucket

SUB_RUN = SubRunKey(RunKey(NominalComposition("Zr49Cu49Al2"), 21), 0)
STORED = "Zr49Cu49Al2/c/md/lammps/100/21/2000/0/Zr49Cu49Al2.scf.out"
CONTENT = bytes(range(256)) * 1000

Put = Callable[[str, bytes], object]


@pytest.fixture(params=["fake", pytest.param("s3", marks=pytest.mark.stores)])
def stores(request: pytest.FixtureRequest) -> tuple[DataBucket, Put]:
    if request.param == "fake":
        fake = FakeDataBucket()
        return fake, fake.put
    s3, name = request.getfixturevalue("aws").s3, request.getfixturevalue("bucket")
    return open_bucket(
        request.getfixturevalue("aws_environment"), name
    ), lambda key, content: s3.put_object(Bucket=name, Key=key, Body=content)


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 1), (0, 256_000), (255_999, 256_000), (1000, 66_536)]
)
def test_a_range_is_the_bytes_from_its_start_up_to_its_stop(
    stores: tuple[DataBucket, Put], start: int, stop: int
) -> None:
    bucket, put = stores
    put(STORED, CONTENT)
    (artifact,) = bucket.list_artifacts(SUB_RUN)
    assert bucket.read_range(artifact, start, stop) == CONTENT[start:stop]


def test_a_range_of_a_file_that_is_another_by_now_is_refused(
    stores: tuple[DataBucket, Put],
) -> None:
    bucket, put = stores
    put(STORED, CONTENT)
    (artifact,) = bucket.list_artifacts(SUB_RUN)
    put(STORED, CONTENT[::-1])
    with pytest.raises(SourceChanged, match=r"scf.out' changed"):
        bucket.read_range(artifact, 0, 10)


@pytest.mark.parametrize("kind", ["truncate", "shorten", "empty"])
def test_a_short_range_is_rejected(
    aws: Aws, aws_environment: dict[str, str], bucket: str, kind: str
) -> None:
    aws.s3.put_object(Bucket=bucket, Key=STORED, Body=CONTENT)
    with fault_proxy(
        aws_environment["AWS_ENDPOINT_URL_S3"], SingleFault(kind, to=f"GET /{bucket}/{STORED}")
    ) as url:
        cut = open_bucket(aws_environment | {"AWS_ENDPOINT_URL_S3": url}, bucket)
        (artifact,) = cut.list_artifacts(SUB_RUN)
        with pytest.raises(Unavailable):
            cut.read_range(artifact, 10, 1000)
        with pytest.raises((Unavailable, SourceChanged)):
            list(cut.read(artifact))
