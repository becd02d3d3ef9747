"""Keys that obstore rejects or changes: with empty segments, control characters, final slashes."""

from __future__ import annotations

import pytest

from chalicelib.domain.runs import RunKey, SubRunKey
from tests.conftest import Aws
from tests.support.stores import intercept_calls, open_bucket

RUN = RunKey.parse("Zr49Cu49Al2", "21")
FILES = "Zr49Cu49Al2/c/md/lammps/100/21/2000/0/"
# SeaweedFS changes such keys, so other stores are not tested.
pytestmark = [pytest.mark.stores, pytest.mark.self_contained]


@pytest.mark.parametrize("odd", ["/nested", "a//b", "con\x01trol", "x/../y", "./z"])
def test_a_key_that_obstore_rejects_hides_no_file(
    aws: Aws, aws_environment: dict[str, str], bucket: str, odd: str
) -> None:
    for name in ("plain", odd):
        aws.s3.put_object(Bucket=bucket, Key=FILES + name, Body=b"content")
    stored = open_bucket(aws_environment, bucket)
    listed = {artifact.name for artifact in stored.list_artifacts(SubRunKey(RUN, 0))}
    assert listed == {"plain", odd}
    assert {artifact.name for artifact in stored.list_run_artifacts(RUN)[0]} == {"plain", odd}
    assert stored.has_files(SubRunKey(RUN, 0))
    assert stored.list_runs_with_files(RUN, 0) == {21: True}
    assert set(stored.list_named_files(RUN, {0}, {"plain"})[0]) == {"plain"}


def test_compositions_and_runs_are_listed_beside_odd_folders(
    aws: Aws, aws_environment: dict[str, str], bucket: str
) -> None:
    for key in ("/root", "con\x01trol/a", f"{FILES}a", "Zr49Cu49Al2/c/md/lammps/100//b"):
        aws.s3.put_object(Bucket=bucket, Key=key, Body=b"content")
    stored = open_bucket(aws_environment, bucket)
    assert list(map(str, stored.list_compositions())) == ["Zr49Cu49Al2"]
    assert list(stored.list_run_numbers(RUN.nc)) == [21]


def test_an_empty_file_is_no_folder_marker(
    aws: Aws, aws_environment: dict[str, str], bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("empty", "marker/", "folder/", "folder/file"):
        aws.s3.put_object(Bucket=bucket, Key=FILES + name, Body=b"1" if "file" in name else b"")
    stored = open_bucket(aws_environment, bucket)
    calls: list[str] = []
    intercept_calls(monkeypatch, lambda client, name, arguments: calls.append(name))
    for heads in (3, 0):  # which empty objects are files is looked up once
        calls.clear()
        names = [artifact.name for artifact in stored.list_run_artifacts(RUN)[0]]
        assert names == ["empty", "folder/file"]
        assert calls.count("HeadObject") == heads
    [empty, _] = stored.list_run_artifacts(RUN)[0]
    assert b"".join(stored.read(empty)) == b""
