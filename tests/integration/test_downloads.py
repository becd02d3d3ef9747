"""Downloads through the app: links that lead to whole archives, and nothing where something is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import random
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.usecases.building import COPIED_FROM_BYTES
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
            store(f"Zr49Cu49Al2/c/md/lammps/100/21/2000/{sub_run}/{name}", content + str(sub_run).encode())
        store(f"Zr49Cu49Al2-SOAPS/c/md/lammps/100/21/2000/{sub_run}/SOAPS.vec", b"soap" * 100_000)
    store("Zr49Cu49Al2/c/md/lammps/100/21/Zr49Cu49Al2.lmp.out")
    api.post("/v1/generate/Zr49Cu49Al2")
    api.post("/v1/generate/Zr49Cu49Al2/21/augment")
    yield api


def fetch(link: dict[str, Any]) -> dict[str, bytes]:
    with urllib.request.urlopen(link["download_url"]) as answer:
        content = answer.read()
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{link["filename"]}"'
    assert (len(content), hashlib.sha256(content).hexdigest()) == (link["size_bytes"], link["sha256"])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_link_leads_to_every_file_byte_for_byte(scheduled: Api) -> None:
    link = scheduled.get("/v1/generate/Zr49Cu49Al2/21/3/download")
    assert {key: link[key] for key in ("nc", "id_run", "sub_run", "filename", "profile", "cached", "missing")} == {
        "nc": "Zr49Cu49Al2", "id_run": "21", "sub_run": "3", "filename": "Zr49Cu49Al2_21_3.zip", "profile": "full", "cached": False,
        "missing": [],
    }  # fmt: skip
    files = fetch(link)
    assert files.pop("ro-crate-metadata.json")
    assert files.pop("SOAPS.vec") == b"soap" * 100_000
    assert files == {name: content + b"3" for name, content in FILES.items()}
    assert [file["name"] for file in link["files"]] == [*sorted([*FILES, "SOAPS.vec"]), "ro-crate-metadata.json"]


def test_a_repeated_download_is_cached_and_the_same(scheduled: Api) -> None:
    first = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    second = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    assert second["cached"]
    changing = ("cached", "download_url", "expires_at")
    assert {key: first[key] for key in first if key not in changing} == {key: second[key] for key in second if key not in changing}


def test_a_redirect_is_given_to_those_who_ask_for_one(scheduled: Api) -> None:
    for path, headers in (("?redirect=true", {}), ("", {"Accept": "application/zip"})):
        answer = scheduled.call("GET", f"/v1/generate/Zr49Cu49Al2/21/0/download{path}", headers=headers)
        assert answer.status_code == 303
        assert answer.body == b""
        assert "X-Amz-Signature=" in answer.headers["Location"]


def test_a_manifest_tells_what_an_archive_would_hold_and_builds_nothing(scheduled: Api, aws: Any, bucket: str) -> None:
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
    assert scheduled.get("/v1/generate/Zr49Cu49Al2/21/manifest")["archive_key"] == link["archive_key"]


def test_files_of_many_megabytes_are_copied_into_the_archive_of_a_run(scheduled: Api, store: Store) -> None:
    large = random.Random(21).randbytes(COPIED_FROM_BYTES)
    for sub_run in (0, 3):
        store(f"Zr49Cu49Al2/c/md/lammps/100/21/2000/{sub_run}/large", large + str(sub_run).encode())
        assert scheduled.get(f"/v1/generate/Zr49Cu49Al2/21/{sub_run}/download")["sha256"]
    link = scheduled.get("/v1/generate/Zr49Cu49Al2/21/download?wait=20")
    with urllib.request.urlopen(link["download_url"]) as answer:
        content = answer.read()
    assert (len(content), link["sha256"]) == (link["size_bytes"], None)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for file in link["files"]:
            assert hashlib.sha256(archive.read(file["name"])).hexdigest() == file["sha256"], file["name"]
        assert archive.read("3/large") == large + b"3"


def test_a_large_archive_is_built_in_the_background_and_polled(environment: dict[str, str], scheduled: Api) -> None:
    with serving(environment | {"BUILD_INLINE_MAX_BYTES": "1000"}) as api:
        answer = api.call("GET", "/v1/generate/Zr49Cu49Al2/21/0/download")
        assert answer.status_code == 202
        assert answer.headers["Retry-After"] == "1"
        assert json.loads(answer.body)["status"] == "BUILDING"
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
def test_a_bad_download_is_a_problem_and_builds_nothing(scheduled: Api, aws: Any, bucket: str, path: str, status: int) -> None:
    assert scheduled.problem("GET", f"/v1/generate/{path}")["status"] == status
    assert aws.s3.list_objects_v2(Bucket=bucket, Prefix="archives/")["KeyCount"] == 0


def test_a_sub_run_that_is_not_scheduled_is_a_conflict(api: Api, store: Store) -> None:
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/0/a")
    store("Zr49Cu49Al2/c/md/lammps/100/21/2000/1/a")
    api.post("/v1/generate/Zr49Cu49Al2")
    assert api.problem("GET", "/v1/generate/Zr49Cu49Al2/21/1/download")["code"] == "sub_run_not_scheduled"


def test_an_archive_without_its_record_is_built_again_to_the_same_bytes(scheduled: Api, aws: Any, bucket: str) -> None:
    first = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    files = fetch(first)
    aws.s3.delete_object(Bucket=bucket, Key=first["archive_key"].replace(".zip", ".json"))
    second = scheduled.get("/v1/generate/Zr49Cu49Al2/21/0/download")
    # From the coarse to the fine, so that a failure tells what is not the same: the inputs, the members, or their packing.
    assert second["archive_key"] == first["archive_key"]
    assert fetch(second) == files
    assert (second["cached"], second["sha256"]) == (False, first["sha256"])
