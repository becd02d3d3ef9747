"""Downloads through the app.

Links that lead to whole archives, and nothing where something is wrong.
"""

from __future__ import annotations

import hashlib
import io
import json
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.api import Api, serving

Store = Callable[..., None]
FILES = {
    "Zr49Cu49Al2.scf.in": b"&CONTROL\n" * 50,
    "Zr49Cu49Al2.scf.out": bytes(range(256)) * 4000,
    "ICOHPLIST.lobster": b"  COHP#\n",
    "odd name (1) + % #.txt": b"x",
    "empty": b"",
}


@pytest.fixture
def scheduled(api: Api, store: Store) -> Iterator[Api]:
    """Run 21 with files in sub-runs 0 and 3, and all sub-runs scheduled."""
    for sub_run in (0, 3):
        for name, content in FILES.items():
            store(
                f"Zr49Cu49Al2/c/md/lammps/100/21/2000/{sub_run}/{name}",
                content + str(sub_run).encode(),
            )
        store(f"Zr49Cu49Al2-SOAPS/c/md/lammps/100/21/2000/{sub_run}/SOAPS.vec", b"soap" * 100_000)
    store("Zr49Cu49Al2/c/md/lammps/100/21/Zr49Cu49Al2.lmp.out")
    api.post("/v1/generate/Zr49Cu49Al2")
    api.post("/v1/generate/Zr49Cu49Al2/21/augment")
    yield api


def fetch(link: dict[str, Any]) -> dict[str, bytes]:
    with urllib.request.urlopen(link["download_url"]) as response:
        content = response.read()
        assert (
            response.headers["Content-Disposition"] == f'attachment; filename="{link["filename"]}"'
        )
    assert (len(content), hashlib.sha256(content).hexdigest()) == (
        link["size_bytes"],
        link["sha256"],
    )
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_link_leads_to_every_file_byte_for_byte(scheduled: Api) -> None:
    link = scheduled.get("/v1/generate/Zr49Cu49Al2/21/3/download")
    assert {key: link[key] for key in ("nc", "id_run", "sub_run", "filename", "profile", "cached", "missing")} == {
        "nc": "Zr49Cu49Al2", "id_run": "21", "sub_run": "3", "filename": "Zr49Cu49Al2_21_3.zip", "profile": "full", "cached": False,
        "missing": ["Zr49Cu49Al2.lb.out", "lobsterin-quippy"],
    }  # fmt: skip
    files = fetch(link)
    assert files.pop("ro-crate-metadata.json")
    assert files.pop("SOAPS.vec") == b"soap" * 100_000
    assert files == {name: content + b"3" for name, content in FILES.items()}
    assert [file["name"] for file in link["files"]] == [
        *sorted([*FILES, "SOAPS.vec"]),
        "ro-crate-metadata.json",
    ]


def test_a_repeated_download_is_cached_and_the_same(scheduled: Api) -> None:
    first = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    second = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    assert second["cached"]
    changing = ("cached", "download_url", "expires_at")
    assert {key: first[key] for key in first if key not in changing} == {
        key: second[key] for key in second if key not in changing
    }


def test_callers_that_request_a_redirect_get_one(scheduled: Api) -> None:
    for path, headers in (("?redirect=true", {}), ("", {"Accept": "application/zip"})):
        response = scheduled.call(
            "GET", f"/v1/generate/Zr49Cu49Al2/21/0/download{path}", headers=headers
        )
        assert response.status_code == 303
        assert response.body == b""
        assert "X-Amz-Signature=" in response.headers["Location"]


def test_a_manifest_lists_the_members_and_builds_nothing(
    scheduled: Api, aws: Any, bucket: str
) -> None:
    manifest = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/manifest?include=*.vec&include=ICOHP*")
    assert [(file["name"], file["role"]) for file in manifest["files"]] == [
        ("ICOHPLIST.lobster", "bond-strengths"), ("SOAPS.vec", "soap-descriptors"),
    ]  # fmt: skip
    assert manifest["size_bytes"] == 9 + 400_000
    assert aws.s3.list_objects_v2(Bucket=bucket, Prefix="archives/")["KeyCount"] == 0


def test_a_whole_run_is_one_archive_with_a_folder_per_sub_run(scheduled: Api) -> None:
    scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    link = scheduled.get("/v1/generate/Zr49Cu49Al2/21/download")
    files = fetch(link)
    assert link["sub_run"] is None
    assert {name.split("/")[0] for name in files} == {"0", "3", "ro-crate-metadata.json"}
    assert files["0/Zr49Cu49Al2.scf.out"] == FILES["Zr49Cu49Al2.scf.out"] + b"0"
    only = scheduled.get("/v1/generate/Zr49Cu49Al2/21/download?sub_runs=3")
    assert {name.split("/")[0] for name in fetch(only)} == {"3", "ro-crate-metadata.json"}
    assert (
        scheduled.get("/v1/generate/Zr49Cu49Al2/21/manifest")["archive_key"] == link["archive_key"]
    )


def test_a_large_archive_is_built_in_the_background_and_polled(
    environment: dict[str, str], scheduled: Api
) -> None:
    with serving(environment | {"BUILD_INLINE_MAX_BYTES": "1000"}) as api:
        response = api.call("GET", "/v1/generate/Zr49Cu49Al2/21/0/download")
        assert response.status_code == 202
        assert response.headers["Retry-After"] == "1"
        assert json.loads(response.body)["status"] == "BUILDING"
        link = api.get("/v1/generate/Zr49Cu49Al2/21/0/download?wait=20")
        assert fetch(link)["SOAPS.vec"] == b"soap" * 100_000


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Zr49Cu49Al2/21/15/download", 422),
        ("Zr49Cu49Al2/21/00/download", 422),
        ("Zr49Cu49Al2/21/..%2F0/download", 422),
        ("Zr49Cu49Al2/22/0/download", 404),
        ("Zr49Cu49Al2/21/7/download", 404),
        ("Zr49Cu49Al2/21/7/manifest", 404),
        ("Zr49Cu49Al2/21/0/download?profile=all", 422),
        ("Zr49Cu49Al2/21/0/download?profile=full&profile=full", 400),
        ("Zr49Cu49Al2/21/0/download?redirect=maybe", 422),
        ("Zr49Cu49Al2/21/0/download?wait=21", 422),
        ("Zr49Cu49Al2/21/0/download?include=*.png", 404),
        ("Zr49Cu49Al2/21/0/download?sub_runs=0", 400),
        ("Zr49Cu49Al2/21/download?sub_runs=0,,1", 422),
        ("Zr49Cu49Al2/21/download?sub_runs=7", 404),
    ],
)
def test_a_bad_download_is_a_problem_and_builds_nothing(
    scheduled: Api, aws: Any, bucket: str, path: str, status: int
) -> None:
    assert scheduled.problem("GET", f"/v1/generate/{path}")["status"] == status
    assert aws.s3.list_objects_v2(Bucket=bucket, Prefix="archives/")["KeyCount"] == 0


def test_a_sub_run_that_is_not_scheduled_does_not_exist(api: Api, store: Store) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/a")
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/1/a")
    api.post("/v1/generate/Zr49Cu49Al2")
    for path in ("1/download", "1/manifest", "download?sub_runs=0,1"):
        problem = api.problem("GET", f"/v1/generate/Zr49Cu49Al2/21/{path}")
        assert (problem["status"], problem["code"]) == (404, "sub_run_not_scheduled")


def test_an_archive_without_its_record_is_built_again_to_the_same_bytes(
    scheduled: Api, aws: Any, bucket: str
) -> None:
    first = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    files = fetch(first)
    aws.s3.delete_object(Bucket=bucket, Key=first["archive_key"].replace(".zip", ".json"))
    second = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    # From coarse to fine, so that a failure shows the difference: the inputs, the members, or their
    # packing.
    assert second["archive_key"] == first["archive_key"]
    assert fetch(second) == files
    assert (second["cached"], second["sha256"]) == (False, first["sha256"])


def test_an_archive_that_was_replaced_is_built_again(scheduled: Api, aws: Any, bucket: str) -> None:
    first = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    whole = scheduled.get("/v1/generate/Zr49Cu49Al2/21/download")
    for link in (first, whole):
        aws.s3.put_object(Bucket=bucket, Key=link["archive_key"], Body=bytes(link["size_bytes"]))
    for link, path in ((whole, "21/download"), (first, "21/0/download")):
        again = scheduled.get(f"/v1/generate/Zr49Cu49Al2/{path}")
        assert (again["cached"], again["sha256"]) == (False, link["sha256"])
        assert fetch(again)


def test_an_archive_that_was_removed_is_built_again(scheduled: Api, aws: Any, bucket: str) -> None:
    first = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    aws.s3.delete_object(Bucket=bucket, Key=first["archive_key"])
    assert fetch(scheduled.get("/v1/generate/Zr49Cu49Al2/21/download"))
    again = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    assert (again["cached"], again["sha256"]) == (False, first["sha256"])
    assert fetch(again)


def test_names_that_an_archive_cannot_contain_are_skipped_and_linked(
    scheduled: Api, store: Store
) -> None:
    for name in ("ro-crate-metadata.json", "aux.log", "run 12:30.log", "empty.", "out/b", "EMPTY"):
        store(f"Zr49Cu49Al2/c/md/lammps/100/21/2000/3/{name}", b"content")
    link = scheduled.get("/v1/generate/Zr49Cu49Al2/21/3/download")
    assert [file["name"] for file in link["skipped"]] == [
        "aux.log",
        "empty",
        "empty.",
        "out/b",
        "ro-crate-metadata.json",
        "run 12:30.log",
    ]
    assert {file["name"] for file in link["files"]} & {"empty", "EMPTY"} == {"EMPTY"}
    assert fetch(link)
    manifest = scheduled.get("/v1/generate/Zr49Cu49Al2/21/3/manifest")
    assert manifest["skipped"] == link["skipped"]
    assert "3/aux.log" in {
        file["name"] for file in scheduled.get("/v1/generate/Zr49Cu49Al2/21/download")["skipped"]
    }
    file = scheduled.get("/v1/generate/Zr49Cu49Al2/21/3/files/aux.log")
    with urllib.request.urlopen(file["download_url"]) as response:
        assert response.read() == b"content"


@pytest.mark.parametrize("key", ["", "out/b", "aux.log"])
def test_a_run_without_a_file_to_pack_is_not_scheduled(api: Api, store: Store, key: str) -> None:
    store(f"Al2/c/md/lammps/100/1/2000/0/{key}", b"")
    assert api.problem("POST", "/v1/generate/Al2")["code"] == "nothing_available"
    store("Al2/c/md/lammps/100/3/2000/0/Al2.scf.in", b"")
    assert api.post("/v1/generate/Al2")["id_run"] == "3"


def test_an_archive_that_arrived_with_other_bytes_is_verified_on_request(
    scheduled: Api, aws: Any, bucket: str
) -> None:
    first = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    key = first["archive_key"].replace(".zip", ".json")
    record = json.loads(aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    aws.s3.put_object(
        Bucket=bucket, Key=key, Body=json.dumps(record | {"sha256": "0" * 64}).encode()
    )
    assert scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")["sha256"] == "0" * 64
    again = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download?verify=true")
    assert (again["cached"], again["sha256"]) == (False, first["sha256"])
    assert scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download?verify=true")["cached"]


def test_a_damaged_archive_of_a_sub_run_never_gets_into_that_of_the_run(
    scheduled: Api, aws: Any, bucket: str
) -> None:
    first = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    record_key = first["archive_key"].replace(".zip", ".json")
    record = json.loads(aws.s3.get_object(Bucket=bucket, Key=record_key)["Body"].read())
    content = bytearray(aws.s3.get_object(Bucket=bucket, Key=first["archive_key"])["Body"].read())
    content[record["files"][1]["data_offset"] + 5] ^= 0xFF
    etag = aws.s3.put_object(Bucket=bucket, Key=first["archive_key"], Body=bytes(content))["ETag"]
    aws.s3.put_object(
        Bucket=bucket, Key=record_key, Body=json.dumps(record | {"etag": etag}).encode()
    )
    files = fetch(scheduled.get("/v1/generate/Zr49Cu49Al2/21/download"))
    assert files["0/Zr49Cu49Al2.scf.out"] == FILES["Zr49Cu49Al2.scf.out"] + b"0"
    again = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    assert (again["cached"], again["sha256"]) == (False, first["sha256"])
