"""What the use cases may rely on, on the fake and on S3."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.aws.object_calls import Listing, StoredObject
from chalicelib.adapters.aws.stored_files import S3StoredFiles
from chalicelib.domain.archive_record import ArchiveRecord, PackedFile
from chalicelib.domain.artifacts import Role
from chalicelib.domain.dataset_info import MAX_BYTES, DatasetInfo
from chalicelib.domain.errors import InvalidInput, SourceChanged, Unavailable
from chalicelib.domain.runs import RunKey, SubRunKey
from chalicelib.usecases.ports import DataBucket
from localdev.aws_environment import EMULATOR_CREDENTIALS
from tests.support.fakes import FakeDataBucket
from tests.support.fault_proxy import SingleFault, fault_proxy
from tests.support.stores import open_bucket

RUN = RunKey.parse("Zr49Cu49Al2", "21")
BASE = "Zr49Cu49Al2/c/md/lammps/100"
ARCHIVE = "archives/Zr49Cu49Al2/21/0/abc.zip"
RECORD = ArchiveRecord(
    7, '"etag"', "0" * 64, (PackedFile("a", 3, "1" * 64, Role.OTHER, 0xFFFFFFFF, 5, 2**33),)
)


@pytest.fixture(
    params=[
        "fake",
        pytest.param("s3", marks=pytest.mark.stores),
        pytest.param("s3 with a prefix", marks=pytest.mark.stores),
    ]
)
def bucket_and_put(
    request: pytest.FixtureRequest,
) -> tuple[DataBucket, Callable[[str, bytes], None]]:
    """Return a bucket and a function that stores a file in it."""
    if request.param == "fake":
        fake = FakeDataBucket()
        return fake, fake.put
    client, name = request.getfixturevalue("aws").s3, request.getfixturevalue("bucket")
    prefix = "ML/big-data-full/" if "prefix" in request.param else ""

    def put(key: str, content: bytes) -> None:
        client.put_object(
            Bucket=name, Key=key if key.startswith("archives/") else prefix + key, Body=content
        )

    return open_bucket(request.getfixturevalue("aws_environment"), name, prefix), put


BucketAndPut = tuple[DataBucket, Callable[[str, bytes], None]]


def test_runs_are_numbered_as_their_folders(bucket_and_put: BucketAndPut) -> None:
    bucket, put = bucket_and_put
    for folder in (
        "100/2000/0/a",
        "21/2000/0/a",
        "9/readme",
        "07/2000/0/a",
        "x/2000/0/a",
        "leftover.txt",
    ):
        put(f"{BASE}/{folder}", b"")
    assert list(bucket.list_run_numbers(RUN.nc)) == [9, 21, 100]
    assert list(bucket.list_run_numbers(RunKey.parse("Zr49Cu49Al", "1").nc)) == []


def test_files_of_a_sub_run_are_sorted_by_name_those_in_folders_below_too(
    bucket_and_put: BucketAndPut,
) -> None:
    bucket, put = bucket_and_put
    for name in ("b-b", "b.b", "b0", "B", "b/nested", "Zr49Cu49Al2.scf.in", "é"):
        put(f"{BASE}/21/2000/1/{name}", name.encode())
    put(f"{BASE}/21/2000/10/other", b"")
    put("Zr49Cu49Al2-SOAPS/c/md/lammps/100/21/2000/1/SOAPS.vec", b"soap")
    put("Zr49Cu49Al2-SOAPS/c/md/lammps/100/21/2000/1/SOAPS.vec.bak", b"old")
    listed = bucket.list_artifacts(SubRunKey(RUN, 1))
    assert [artifact.name for artifact in listed] == [
        "B",
        "SOAPS.vec",
        "Zr49Cu49Al2.scf.in",
        "b-b",
        "b.b",
        "b/nested",
        "b0",
        "é",
    ]
    assert [b"".join(bucket.read(artifact)) for artifact in listed][:3] == [
        b"B",
        b"soap",
        b"Zr49Cu49Al2.scf.in",
    ]
    assert [artifact.role for artifact in listed][:3] == [
        Role.OTHER,
        Role.SOAP_DESCRIPTORS,
        Role.SCF_INPUT,
    ]
    assert bucket.has_files(SubRunKey(RUN, 1))
    assert not bucket.has_files(SubRunKey(RUN, 2))
    assert list(bucket.list_artifacts(SubRunKey(RUN, 2))) == []


@pytest.mark.parametrize("other_files", [0, pytest.param(1000, marks=pytest.mark.slow)])
def test_named_files_are_found_among_few_and_many_others(
    bucket_and_put: BucketAndPut, other_files: int
) -> None:
    bucket, put = bucket_and_put
    with ThreadPoolExecutor(8) as pool:
        names = [f"{BASE}/21/2000/0/file{number}" for number in range(other_files)]
        list(pool.map(lambda name: put(name, b""), names))
    for path in ("0/a", "0/z", "1/z", "2/sub/a", "3/", "10/a", "5/a"):
        put(f"{BASE}/21/2000/{path}", path.encode())
    put("Zr49Cu49Al2-SOAPS/c/md/lammps/100/21/2000/4/SOAPS.vec", b"soap")
    for _ in range(2):  # how many files there are may be cached
        found = bucket.list_named_files(RUN, [0, 1, 2, 3, 4, 10], ["a", "b"])
        assert {sub_run: sorted(files) for sub_run, files in found.items()} == {
            0: ["a"], 1: [], 4: [], 10: ["a"],
        }  # fmt: skip
    [listed] = (file for file in bucket.list_artifacts(SubRunKey(RUN, 0)) if file.name == "a")
    assert found[0]["a"] == listed
    assert bucket.list_named_files(RUN, [1], ["z"])[1]["z"].size_bytes == 3
    assert bucket.list_named_files(RUN, [3], ["a"]) == {}


@pytest.mark.parametrize(
    ("names", "has_files"),
    [
        ((), False), (("",), False), (("out/b",), False), (("", "out/", "out/b"), False), (("aux.log",), False),
        (("aux.log", "out/b", "", "z"), True), (tuple(f"{number}/nested" for number in range(30)), False),
        ((*(f"{number:02d}/nested" for number in range(30)), "z"), True),
    ],
)  # fmt: skip
def test_a_sub_run_has_files_if_an_archive_can_contain_one(
    bucket_and_put: BucketAndPut, names: tuple[str, ...], has_files: bool
) -> None:
    bucket, put = bucket_and_put
    for name in names:
        put(f"{BASE}/21/2000/1/{name}", b"")
    assert bucket.has_files(SubRunKey(RUN, 1)) is has_files


def test_the_description_of_the_data_set_is_next_to_the_compositions(
    bucket_and_put: BucketAndPut,
) -> None:
    bucket, put = bucket_and_put
    assert bucket.read_dataset_info() is None
    put("dataset.json", b'{"name": "sample", "synthetic": true}')
    assert bucket.read_dataset_info() == DatasetInfo(name="sample", synthetic=True)
    put("dataset.json", b"{")
    with pytest.raises(InvalidInput, match=r"dataset\.json is not JSON"):
        bucket.read_dataset_info()
    put("dataset.json", b" " * (MAX_BYTES + 1))
    with pytest.raises(InvalidInput, match="more than 65536 bytes"):
        bucket.read_dataset_info()


def test_one_listing_finds_the_runs_with_files_of_a_sub_run(bucket_and_put: BucketAndPut) -> None:
    bucket, put = bucket_and_put
    usable = ("100/2000/0/a", "20/2000/0/a", "9/1000/a", "9/2000/0/a")
    for path in (*usable, "21/2000/1/a", "22/2000/0/", "23/2000/0/b/nested", "24/2000/0/aux.log"):
        put(f"{BASE}/{path}", b"")
    put(f"{BASE}/x/2000/0/a", b"")
    put("Zr49Cu49Al/c/md/lammps/100/1/2000/0/a", b"")
    after_20 = {20: True, 21: False, 23: False, 24: False, 9: True}
    for first, expected in ((20, after_20), (1, {100: True, **after_20})):
        found = dict(bucket.list_runs_with_files(RunKey(RUN.nc, first), 0))
        assert not found.pop(22, False), "it has a folder marker only, and may be missing"
        assert found == expected
    assert bucket.list_runs_with_files(RunKey(RUN.nc, 21), 1)[21] is True
    assert bucket.list_runs_with_files(RunKey(RUN.nc, 99), 0) == {}


def test_a_listing_that_is_cut_leaves_out_the_run_it_ends_in() -> None:
    keys = [f"{BASE}/1/2000/0/a", f"{BASE}/2/2000/1/a", *(f"{BASE}/3/1000/{n}" for n in range(998))]

    class Objects:
        def list(self, prefix: str, *, after: str, limit: int) -> Listing:
            assert (prefix, after, limit) == (f"{BASE}/", f"{BASE}/1/!", 1000)
            objects = [StoredObject(key, 1, "", datetime.now(UTC)) for key in keys]
            return Listing(objects, (), truncated=True)

    objects: Any = Objects()
    found = S3StoredFiles(objects, "").list_runs_with_files(RunKey(RUN.nc, 1), 0)
    assert found == {1: True, 2: False}


def test_the_files_of_a_run_are_those_of_its_sub_runs(bucket_and_put: BucketAndPut) -> None:
    bucket, put = bucket_and_put
    for sub_run in (0, 2, 14):
        put(f"{BASE}/21/2000/{sub_run}/a", b"a")
    put("Zr49Cu49Al2-SOAPS/c/md/lammps/100/21/2000/2/SOAPS.vec", b"soap")
    put(f"{BASE}/21/2000/15/a", b"a")
    put(f"{BASE}/21/lmp.out", b"a")
    listed = bucket.list_run_artifacts(RUN)
    assert list(listed) == [0, 2, 14]
    assert all(
        list(artifacts) == list(bucket.list_artifacts(SubRunKey(RUN, sub_run)))
        for sub_run, artifacts in listed.items()
    )


def test_a_file_that_was_changed_or_removed_after_the_listing_is_not_read(
    bucket_and_put: BucketAndPut,
) -> None:
    bucket, put = bucket_and_put
    put(f"{BASE}/21/2000/0/a", b"before")
    [artifact] = bucket.list_artifacts(SubRunKey(RUN, 0))
    put(f"{BASE}/21/2000/0/a", b"after!")
    with pytest.raises(SourceChanged, match="changed"):
        list(bucket.read(artifact))


def test_an_archive_exists_once_its_record_does(bucket_and_put: BucketAndPut) -> None:
    bucket, _ = bucket_and_put
    etag = bucket.write_archive(ARCHIVE, iter([b"zip", b"body"]), "a.zip")
    record = replace(RECORD, etag=etag)
    assert bucket.get_archive_record(ARCHIVE) is None
    bucket.write_archive_record(ARCHIVE, record)
    assert bucket.get_archive_record(ARCHIVE) == record
    bucket.delete_archive_record(ARCHIVE)
    assert bucket.get_archive_record(ARCHIVE) is None
    bucket.delete_archive_record(ARCHIVE)


@pytest.mark.parametrize(
    ("stored", "etag", "size"),
    [(None, "", 7), (b"zipbodY", "", 7), (b"zipbody", '"other"', 7), (b"zipbody", "", 6)],
)
def test_a_record_of_another_archive_is_none(
    bucket_and_put: BucketAndPut, stored: bytes | None, etag: str, size: int
) -> None:
    bucket, put = bucket_and_put
    written = bucket.write_archive(ARCHIVE, iter([b"zipbody"]), "a.zip")
    key = ARCHIVE if stored else ARCHIVE.replace("abc", "lost")
    if stored and stored != b"zipbody":
        put(ARCHIVE, stored)
    bucket.write_archive_record(key, replace(RECORD, etag=etag or written, size_bytes=size))
    assert bucket.get_archive_record(key) is None


def test_an_archive_of_several_parts_has_the_etag_of_its_record(
    aws: Any, aws_environment: dict[str, str], bucket: str
) -> None:
    stored = open_bucket(aws_environment, bucket)
    content = bytes(9 * 1024 * 1024)
    record = replace(
        RECORD,
        etag=stored.write_archive(ARCHIVE, iter([content]), "a.zip"),
        size_bytes=len(content),
    )
    stored.write_archive_record(ARCHIVE, record)
    assert stored.get_archive_record(ARCHIVE) == record


def test_a_part_of_an_archive_is_read_by_its_place_and_version(
    bucket_and_put: BucketAndPut,
) -> None:
    bucket, put = bucket_and_put
    etag = bucket.write_archive(ARCHIVE, iter([b"0123456789"]), "a.zip")
    assert bucket.read_archive(ARCHIVE, etag, 3, 7) == b"3456"
    put(ARCHIVE, b"9876543210")
    for key in (ARCHIVE, ARCHIVE.replace("abc", "gone")):
        with pytest.raises(SourceChanged):
            bucket.read_archive(key, etag, 3, 7)


@pytest.mark.parametrize(("method", "suffix"), [("GET", ".json"), ("HEAD", ".zip")])
@pytest.mark.parametrize("kind", ["truncate", "shorten", "empty"])
def test_a_response_that_breaks_off_once_does_not_hide_an_archive(
    aws: Any, aws_environment: dict[str, str], bucket: str, kind: str, method: str, suffix: str
) -> None:
    stored = open_bucket(aws_environment, bucket)
    record = replace(RECORD, etag=stored.write_archive(ARCHIVE, iter([b"zipbody"]), "a.zip"))
    stored.write_archive_record(ARCHIVE, record)
    broken = SingleFault(kind, to=f"{method} /{bucket}/{ARCHIVE.replace('.zip', suffix)}", times=1)
    with fault_proxy(aws_environment["AWS_ENDPOINT_URL_S3"], broken) as url:
        proxied = open_bucket(aws_environment | {"AWS_ENDPOINT_URL_S3": url}, bucket)
        assert proxied.get_archive_record(ARCHIVE) == record


@pytest.mark.parametrize("content", [b"", b'{"size_bytes": 7, "sha2', b"[]", b"\xff"])
def test_an_unreadable_record_is_none(
    aws: Any, aws_environment: dict[str, str], bucket: str, content: bytes
) -> None:
    aws.s3.put_object(Bucket=bucket, Key=ARCHIVE, Body=b"zipbody")
    aws.s3.put_object(Bucket=bucket, Key=ARCHIVE.replace(".zip", ".json"), Body=content)
    assert open_bucket(aws_environment, bucket).get_archive_record(ARCHIVE) is None


def test_a_failing_source_leaves_nothing_in_the_bucket(
    aws: Any, aws_environment: dict[str, str], bucket: str
) -> None:
    def failing() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 8 * 1024 * 1024
        raise SourceChanged("gone")

    stored = open_bucket(aws_environment, bucket)
    with pytest.raises(SourceChanged):
        stored.write_archive(ARCHIVE, failing(), "a.zip")
    assert aws.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "Uploads" not in aws.s3.list_multipart_uploads(Bucket=bucket)


def test_a_record_older_than_its_archive_may_be_is_forgotten(
    aws: Any, aws_environment: dict[str, str], bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = open_bucket(aws_environment, bucket)
    stored.write_archive_record(
        ARCHIVE, replace(RECORD, etag=stored.write_archive(ARCHIVE, iter([b"zipbody"]), "a.zip"))
    )
    assert stored.get_archive_record(ARCHIVE)
    monkeypatch.setattr(
        "chalicelib.adapters.aws.stored_archives.RECORD_LIFETIME", timedelta(seconds=-1)
    )
    assert stored.get_archive_record(ARCHIVE) is None


def test_a_link_expires_at_its_stated_time(aws_environment: dict[str, str], bucket: str) -> None:
    link = open_bucket(aws_environment, bucket, ttl_seconds=60).presign(ARCHIVE, "a.zip")
    assert "X-Amz-Expires=60" in link.url
    assert timedelta(seconds=50) < link.expires_at - datetime.now(UTC) <= timedelta(seconds=60)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "s3.us-east-1.amazonaws.com"),
        ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
        ("eu-west-3", "s3.eu-west-3.amazonaws.com"),
        ("ap-southeast-2", "s3.ap-southeast-2.amazonaws.com"),
    ],
)
def test_links_are_signed_with_version_4_for_the_public_address(region: str, host: str) -> None:
    names = {**EMULATOR_CREDENTIALS, "AWS_REGION": region}
    for endpoint, start in (
        (
            {
                "AWS_ENDPOINT_URL": "http://inside:4566",
                "S3_PUBLIC_ENDPOINT": "http://files.example:9000",
            },
            "http://files.example:9000/data/",
        ),
        ({}, f"https://data.{host}/"),
    ):
        url = open_bucket(names | endpoint, "data").presign(ARCHIVE, "a.zip").url
        assert url.startswith(start + ARCHIVE)
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
        assert f"%2F{region}%2Fs3%2Faws4_request" in url


def test_a_bucket_that_does_not_exist_is_unavailable(aws_environment: dict[str, str]) -> None:
    stored = open_bucket(aws_environment, f"no-such-{uuid.uuid4().hex}")
    with pytest.raises(Unavailable, match="data bucket returned NoSuchBucket"):
        stored.list_run_numbers(RUN.nc)
    with pytest.raises(Unavailable):
        stored.ping()
