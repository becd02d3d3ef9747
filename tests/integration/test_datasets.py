"""Frozen datasets over the API: creation, version numbers, documents and links."""

from __future__ import annotations

import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.api import dataset_documents
from chalicelib.domain import manifest
from tests.conftest import Aws
from tests.support.api import Api
from tests.support.frozen_data import (
    Store,
    create,
    freeze,
    read_payload,
    request,
    schedule,
    store_sub_run,
    verify_version,
)

FOLDER = "Al2/c/md/lammps/100/1/2000/1/"


@pytest.fixture
def glass(api: Api, store: Store) -> Api:
    """Return the API with two runs of two complete sub-runs."""
    for id_run in (1, 2):
        for sub_run in (0, 1):
            store_sub_run(store, id_run, sub_run)
    schedule(api, runs=2)
    return api


def test_a_version_has_the_files_of_its_manifest_and_a_content_id(glass: Api) -> None:
    response = glass.call("POST", "/v1/datasets", request())
    progress = json.loads(response.body)
    assert (response.status_code, response.headers["Retry-After"]) == (202, "1")
    assert (progress["status"], progress["runs_done"]) == ("FREEZING", 0)
    version = create(glass, request())
    assert (version["name"], version["version"], version["runs"]) == ("glass", "1.0.0", 2)
    assert (version["sub_runs"], version["files"], version["compositions"]) == (4, 24, ["Al2"])
    assert version["soap_descriptor"]
    listed = verify_version(glass, version)
    assert version["size_bytes"] == sum(map(len, read_payload(glass, "glass", "latest").values()))
    assert listed.count(b"\n") == 24


def test_the_created_version_has_a_location(glass: Api) -> None:
    body = request()
    while (response := glass.call("POST", "/v1/datasets", body)).status_code == 202:
        pass
    assert response.headers["Location"] == "/v1/datasets/glass/1.0.0"
    assert glass.get("/v1/datasets/glass/1.0.0") == json.loads(response.body)


def test_the_same_content_and_description_is_the_same_version(glass: Api) -> None:
    first = create(glass, request())
    assert freeze(glass, request()) == (200, first)
    assert len(glass.get("/v1/datasets/glass")["versions"]) == 1
    related = json.loads(glass.call("GET", "/v1/datasets/glass/1.0.0/datacite").body)
    assert "IsNewVersionOf" not in str(related)


def test_version_numbers_follow_the_change(glass: Api, store: Store) -> None:
    one_run = [{"nc": "Al2", "id_run": "1"}]
    create(glass, request(items=one_run))
    assert create(glass, request(items=one_run, title="Metallic glasses"))["version"] == "1.0.1"
    assert create(glass, request())["version"] == "1.1.0"
    before = glass.get("/v1/datasets/glass/latest")
    store(FOLDER + "Al2.scf.in", b"other input\n")
    after = create(glass, request())
    assert after["version"] == "2.0.0"
    assert create(glass, request(items=one_run))["version"] == "3.0.0"
    assert verify_version(glass, before) != verify_version(glass, after)
    assert [each["version"] for each in glass.get("/v1/datasets/glass")["versions"]] == [
        "1.0.0",
        "1.0.1",
        "1.1.0",
        "2.0.0",
        "3.0.0",
    ]


def test_the_content_id_depends_on_the_files_only(
    glass: Api, store: Store, aws: Aws, bucket: str
) -> None:
    first = create(glass, request(name="one"))
    aws.s3.put_object(Bucket=bucket, Key="dataset.json", Body=b'{"license": "CC-BY-4.0"}')
    key = FOLDER + "Al2.scf.in"
    upload = aws.s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    part = aws.s3.upload_part(
        Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"input 1 1\n"
    )
    before = aws.s3.head_object(Bucket=bucket, Key=key)["ETag"]
    aws.s3.complete_multipart_upload(
        Bucket=bucket,
        Key=key,
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    assert aws.s3.head_object(Bucket=bucket, Key=key)["ETag"] != before
    second = create(glass, request(name="two", title="Another", creators=["A. Author"]))
    assert second["content_id"] == first["content_id"]
    found = glass.get(f"/v1/datasets/by-content/{first['content_id']}")
    assert [each["name"] for each in found["versions"]] == ["one", "two"]


def test_the_content_id_does_not_depend_on_the_archive_format(
    glass: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = create(glass, request(name="one"))
    monkeypatch.setattr(manifest, "FORMAT_VERSION", manifest.FORMAT_VERSION + 1)
    second = create(glass, request(name="two"))
    assert second["content_id"] == first["content_id"]
    links = [
        {link["download_url"].partition("?")[0] for link in found["archives"]}
        for found in (
            glass.get("/v1/datasets/one/1.0.0/download"),
            glass.get("/v1/datasets/two/1.0.0/download"),
        )
    ]
    assert not links[0] & links[1]
    verify_version(glass, first)


def test_a_freeze_during_64_writers_is_one_state_of_the_files(glass: Api, store: Store) -> None:
    ended = threading.Event()

    def write(writer: int) -> None:
        number = 0
        while not ended.is_set() and number < 200:
            number += 1
            id_run, sub_run = 1 + writer % 2, writer // 2 % 2
            store(f"Al2/c/md/lammps/100/{id_run}/2000/{sub_run}/{writer}", b"%d" % number)

    with ThreadPoolExecutor(64) as pool:
        writers = [pool.submit(write, writer) for writer in range(64)]
        try:
            statuses = {freeze(glass, request(name=f"d{number}"))[0] for number in range(3)}
        finally:
            ended.set()
        for writer in writers:
            writer.result()
    assert statuses <= {201, 503}
    create(glass, request(name="after"))
    for dataset in glass.get("/v1/datasets")["datasets"]:
        verify_version(glass, dataset["latest"])


def test_a_filter_selects_by_the_current_files(glass: Api, store: Store) -> None:
    for id_run in (1, 2):
        glass.get(f"/v1/generate/Al2/{id_run}/status")  # caches the facts
    store(FOLDER + "Al2.scf.out", b"no convergence\n")
    where = {"outcome": "DONE", "labels_complete": True, "elements": "Al"}
    version = create(glass, request(where=where))
    assert version["sub_runs"] == 3
    selection = glass.get("/v1/datasets/glass/latest/selection")
    assert [f"{row['id_run']}/{row['sub_run']}" for row in selection["sub_runs"]] == [
        "1/0",
        "2/0",
        "2/1",
    ]
    assert selection["where"] == {"elements": "Al", "labels_complete": True, "outcome": "DONE"}
    assert selection["content_id"] == version["content_id"]
    row = selection["sub_runs"][2]
    assert (row["outcome"], row["bond_labels"], row["scf_iterations"]) == ("DONE", 3, 12)
    assert (row["energy_above_reference_ry"], row["deformation"]) == (-0.01, "shear")
    assert row["bonds"] == {"Al-Al": {"bonds": 3, "mean_minus_icohp_ev": 1.0}}


def test_facts_are_frozen_from_the_frozen_bytes(glass: Api, store: Store) -> None:
    spin = "COHP#  atomMU  atomNU  distance  translation  ICOHP  for spin  1\n" * 2
    store(FOLDER + "ICOHPLIST.lobster", spin.encode())
    create(glass, request())
    rows = glass.get("/v1/datasets/glass/latest/selection")["sub_runs"]
    assert [row["bonds"] is None for row in rows] == [False, True, False, False]


@pytest.mark.parametrize(
    ("where", "code"),
    [({"nc": "Zr2"}, "not_found"), ({"outcome": "NO_DATA"}, "not_found")],
)
def test_a_selection_of_nothing_is_an_error(glass: Api, where: Any, code: str) -> None:
    status, problem = freeze(glass, request(where=where))
    assert (status, problem["code"]) == (404, code)
    assert glass.get("/v1/datasets")["datasets"] == []


def test_missing_files_are_named_or_allowed(glass: Api, aws: Aws, bucket: str) -> None:
    aws.s3.delete_object(Bucket=bucket, Key=FOLDER + "lobsterin-quippy")
    status, problem = freeze(glass, request())
    assert (status, problem["code"]) == (409, "incomplete_selection")
    assert "'Al2/1/1' lacks 'lobsterin-quippy'" in problem["detail"]
    version = create(glass, request(allow_missing=True))
    assert version["files"] == 23
    rows = glass.get("/v1/datasets/glass/latest/selection")["sub_runs"]
    assert [row["missing"] for row in rows] == [[], ["lobsterin-quippy"], [], []]


def test_a_sub_run_without_files_is_named(glass: Api) -> None:
    glass.post("/v1/generate/Al2/1/augment", {"sub_runs": ["7"]})
    status, problem = freeze(glass, request(items=[{"nc": "Al2", "id_run": "1"}]))
    assert (status, problem["code"]) == (409, "incomplete_selection")
    assert "'Al2/1/7' lacks" in problem["detail"]


def test_runs_and_sub_runs_must_be_scheduled(glass: Api) -> None:
    for item, code in (
        ({"nc": "Al2", "id_run": "9"}, "not_found"),
        ({"nc": "Al2", "id_run": "1", "sub_runs": ["5"]}, "sub_run_not_scheduled"),
    ):
        status, problem = freeze(glass, request(items=[item]))
        assert (status, problem["code"]) == (404, code)


def test_an_error_is_reported_once_and_the_next_request_starts_again(
    glass: Api, store: Store, aws: Aws, bucket: str
) -> None:
    aws.s3.delete_object(Bucket=bucket, Key=FOLDER + "lobsterin-quippy")
    assert freeze(glass, request(), {"Idempotency-Key": "k"})[0] == 409
    store(FOLDER + "lobsterin-quippy", b"again")
    assert freeze(glass, request(), {"Idempotency-Key": "k"})[0] == 201


def test_a_key_returns_the_same_version_also_after_the_files_changed(
    glass: Api, store: Store
) -> None:
    first = freeze(glass, request(), {"Idempotency-Key": "k"})
    store(FOLDER + "Al2.scf.in", b"other input\n")
    assert freeze(glass, request(), {"Idempotency-Key": "k"}) == first
    status, problem = freeze(glass, request(name="other"), {"Idempotency-Key": "k"})
    assert (status, problem["code"]) == (422, "idempotency_key_reused")
    assert freeze(glass, request(), {"Idempotency-Key": "l"})[1]["version"] == "2.0.0"


def test_essential_files_only(glass: Api, store: Store) -> None:
    store(FOLDER + "charge-density.dat", b"large")
    assert create(glass, request(profile="essential"))["files"] == 24
    assert create(glass, request(profile="full"))["version"] == "1.1.0"


def test_archives_outlive_the_lifecycle_rule(glass: Api, aws: Aws, bucket: str) -> None:
    glass.get("/v1/generate/Al2/1/download")  # an archive to copy
    version = create(glass, request())
    for stored in aws.s3.list_objects_v2(Bucket=bucket, Prefix="archives/")["Contents"]:
        aws.s3.delete_object(Bucket=bucket, Key=stored["Key"])
    verify_version(glass, version)
    assert freeze(glass, request())[1] == version


def test_runs_with_equal_files_have_their_own_archives(glass: Api, store: Store) -> None:
    for sub_run in (0, 1):
        for name in ("scf.in", "scf.out"):
            store(f"Al2/c/md/lammps/100/2/2000/{sub_run}/Al2.{name}", b"equal")
            store(f"Al2/c/md/lammps/100/1/2000/{sub_run}/Al2.{name}", b"equal")
        for id_run in (1, 2):
            store(f"Al2-SOAPS/c/md/lammps/100/{id_run}/2000/{sub_run}/SOAPS.vec", b"equal")
    create(glass, request())
    links = glass.get("/v1/datasets/glass/1.0.0/download")["archives"]
    assert len({link["download_url"].partition("?")[0] for link in links}) == 2
    assert len({link["sha256"] for link in links}) == 2  # each describes its own run


def test_archives_are_shared_between_versions(glass: Api, aws: Aws, bucket: str) -> None:
    def list_archives() -> set[str]:
        found = aws.s3.list_objects_v2(Bucket=bucket, Prefix="datasets/archives/")["Contents"]
        return {stored["Key"] for stored in found if stored["Key"].endswith(".zip")}

    create(glass, request(items=[{"nc": "Al2", "id_run": "1"}]))
    first = list_archives()
    create(glass, request())
    assert len(list_archives() - first) == 1


@pytest.mark.parametrize("document", ["manifest", "selection", "croissant", "datacite", "card"])
def test_documents_never_change_and_have_etags(glass: Api, document: str) -> None:
    version = create(glass, request())
    path = f"/v1/datasets/glass/1.0.0/{document}"
    response = glass.call("GET", path)
    assert "immutable" in response.headers["Cache-Control"]
    if document == "manifest":
        assert response.headers["ETag"] == f'"{version["content_id"]}"'
    again = glass.call("GET", path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.body) == (304, b"")
    latest = glass.call("GET", f"/v1/datasets/glass/latest/{document}")
    assert latest.headers["Cache-Control"] == "no-cache"
    assert latest.body == response.body


def test_a_citation_names_the_doi_once_it_is_recorded(glass: Api) -> None:
    version = create(glass, request())
    path = "/v1/datasets/glass/1.0.0"
    bibtex = glass.call("GET", f"{path}/citation").body.decode()
    assert bibtex.startswith("@misc{glass-1.0.0,")
    assert version["content_id"] in bibtex
    glass.call("PATCH", path, {"doi": "10.5281/zenodo.1"})
    assert b"10.5281/zenodo.1" in glass.call("GET", f"{path}/citation?style=apa").body
    [csl] = json.loads(glass.call("GET", f"{path}/citation?style=csl").body)
    assert csl["DOI"] == "10.5281/zenodo.1"
    assert "'apa', 'bibtex', 'csl'" in glass.problem("GET", f"{path}/citation?style=x")["detail"]


def test_a_large_document_is_a_redirect(glass: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    create(glass, request())
    content = glass.call("GET", "/v1/datasets/glass/1.0.0/manifest").body
    monkeypatch.setattr(dataset_documents, "MAX_INLINE_BYTES", 100)
    response = glass.call("GET", "/v1/datasets/glass/1.0.0/manifest")
    assert response.status_code == 303
    with urllib.request.urlopen(response.headers["Location"], timeout=60) as found:
        assert found.read() == content


def test_lists_and_links_have_pages(glass: Api) -> None:
    for name in ("b", "a", "a-b"):
        create(glass, request(name=name))
    names, path = [], "/v1/datasets?limit=1"
    while True:
        response = glass.call("GET", path)
        page = json.loads(response.body)
        names += [each["name"] for each in page["datasets"]]
        assert [each["versions"] for each in page["datasets"]] == [1]
        if page["next_cursor"] is None:
            break
        link = response.headers["Link"].partition(">")[0].removeprefix("<")
        path = f"/v1/datasets{link}"
    assert names == ["a", "a-b", "b"]
    first = glass.get("/v1/datasets/a/1.0.0/download?limit=1")
    cursor = first["next_cursor"]
    second = glass.get(f"/v1/datasets/a/1.0.0/download?limit=1&cursor={cursor}")
    assert second["next_cursor"] is None
    ids = [each["id_run"] for each in first["archives"] + second["archives"]]
    assert ids == ["1", "2"]


def test_the_difference_names_files_outcomes_and_bond_strengths(glass: Api, store: Store) -> None:
    create(glass, request(items=[{"nc": "Al2", "id_run": "1"}]))
    store_sub_run(store, 1, 1, icohp=-2.0, bonds=1)
    store(FOLDER + "Al2.lb.out", b"setting up CO interactions... found 1 interactions\n")
    create(glass, request(title="Other"))
    found = glass.get("/v1/datasets/glass/1.0.0/diff/2.0.0")
    assert found["change"] == "MAJOR"
    assert found["files"] == {"added": 12, "removed": 0, "changed": 2, "unchanged": 10}
    assert found["changed"] == [
        "data/Al2/1/1/Al2.lb.out",
        "data/Al2/1/1/ICOHPLIST.lobster",
    ]
    assert found["documents"] == ["title"]
    assert found["outcomes"] == [
        {"sub_run": "Al2/1/1", "before": "DONE", "after": "LOB_NOT_FINISHED_BUT_ICOHP_OK"},
        {"sub_run": "Al2/2/0", "before": None, "after": "DONE"},
        {"sub_run": "Al2/2/1", "before": None, "after": "DONE"},
    ]
    assert found["bonds"] == [
        {
            "bond_type": "Al-Al",
            "bonds_before": 6,
            "bonds_after": 10,
            "mean_minus_icohp_ev_before": 1.0,
            "mean_minus_icohp_ev_after": 1.1,
        }
    ]
    back = glass.get("/v1/datasets/glass/2.0.0/diff/1.0.0")
    assert (back["files"]["removed"], back["files"]["added"]) == (12, 0)


def test_advisories_are_in_every_response_and_added_once(glass: Api) -> None:
    create(glass, request())
    create(glass, request(title="Other"))
    path = "/v1/datasets/glass/1.0.0/advisories"
    body = {"kind": "superseded", "reason": "typo in the title", "superseded_by": "1.0.1"}
    added = glass.call("POST", path, body)
    assert (added.status_code, glass.call("POST", path, body).status_code) == (201, 200)
    withdrawn = {"kind": "withdrawn", "reason": "wrong cutoff", "sub_runs": ["Al2/1/1"]}
    version = json.loads(glass.call("POST", path, withdrawn).body)
    assert [each["kind"] for each in version["advisories"]] == ["superseded", "withdrawn"]
    assert version["withdrawn"] is False
    for found in (
        glass.get("/v1/datasets/glass/1.0.0"),
        glass.get("/v1/datasets/glass/1.0.0/download"),
        glass.get("/v1/datasets/glass")["versions"][0],
        glass.get(f"/v1/datasets/by-content/{version['content_id']}")["versions"][0],
    ):
        assert found["advisories"] == version["advisories"]
    whole = json.loads(glass.call("POST", path, {**withdrawn, "sub_runs": []}).body)
    assert whole["withdrawn"] is True
    verify_version(glass, whole)  # the data stay available


def test_invalid_advisories_change_nothing(glass: Api) -> None:
    create(glass, request())
    path = "/v1/datasets/glass/1.0.0/advisories"
    for body, word in (
        ({"kind": "withdrawn", "reason": "r", "sub_runs": ["Al2/9/1"]}, "'Al2/9/1' is not in"),
        ({"kind": "gone", "reason": "r"}, "superseded"),
        ({"kind": "withdrawn"}, "'reason' is missing"),
    ):
        problem = glass.problem("POST", path, body)
        assert problem["code"] == "invalid_input"
        assert word in problem["detail"]
    missing = {"kind": "superseded", "reason": "r", "superseded_by": "9.0.0"}
    assert glass.problem("POST", path, missing)["code"] == "not_found"
    assert glass.get("/v1/datasets/glass/1.0.0")["advisories"] == []


def test_a_deleted_version_leaves_a_tombstone(glass: Api) -> None:
    first = create(glass, request())
    create(glass, request(title="Other"))
    deleted = json.loads(glass.call("DELETE", "/v1/datasets/glass/1.0.1?reason=private").body)
    assert (deleted["version"], deleted["reason"]) == ("1.0.1", "private")
    problem = glass.problem("GET", "/v1/datasets/glass/1.0.1")
    assert (problem["status"], problem["code"]) == (410, "dataset_deleted")
    assert (problem["dataset_title"], problem["title"]) == ("Other", "Gone")
    assert problem["content_id"] == first["content_id"]
    for path in ("manifest", "download", "diff/1.0.0"):
        assert glass.problem("GET", f"/v1/datasets/glass/1.0.1/{path}")["status"] == 410
    assert glass.get("/v1/datasets/glass/latest") == first
    assert glass.get("/v1/datasets/glass")["deleted"] == [deleted]
    assert create(glass, request(title="Third"))["version"] == "1.0.2"
    glass.call("DELETE", "/v1/datasets/glass/1.0.0?reason=x")
    glass.call("DELETE", "/v1/datasets/glass/1.0.2?reason=x")
    assert glass.get("/v1/datasets")["datasets"] == []
    assert glass.problem("GET", "/v1/datasets/glass/latest")["status"] == 410


def test_a_version_with_a_doi_stays(glass: Api) -> None:
    create(glass, request())
    path, body = "/v1/datasets/glass/1.0.0", {"doi": "10.5281/zenodo.1"}
    for _ in range(2):
        assert json.loads(glass.call("PATCH", path, body).body)["doi"] == "10.5281/zenodo.1"
    assert glass.problem("PATCH", path, {"doi": "10.5281/zenodo.2"})["code"] == "conflict"
    assert glass.problem("DELETE", f"{path}?reason=x")["code"] == "conflict"
    assert glass.get(path)["doi"] == "10.5281/zenodo.1"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "the field 'name' is missing"),
        ({"name": "a", "title": "t"}, "either where"),
        (
            {"name": "a", "title": "t", "where": {}, "items": [{"nc": "Al2", "id_run": "1"}]},
            "either",
        ),
        ({"name": "by-content", "title": "t", "where": {}}, "by-content"),
        ({"name": "A", "title": "t", "where": {}}, "'A' is invalid"),
        ({"name": "a", "title": "t", "items": []}, "1 to 1000"),
        ({"name": "a", "title": "t", "items": [{"nc": "Al2"}]}, "'id_run' is missing in items[0]"),
        ({"name": "a", "title": "t", "where": {"foo": 1}}, "'foo'"),
        ({"name": "a", "title": "t", "where": {"outcome": "done"}}, "done"),
        (
            {"name": "a", "title": "t", "items": [{"nc": "Al2", "id_run": "1"}] * 2},
            "'Al2/1' twice",
        ),
    ],
)
def test_invalid_requests_name_the_value(api: Api, body: Any, word: str) -> None:
    problem = api.problem("POST", "/v1/datasets", body)
    assert problem["code"] == "invalid_input"
    assert word in problem["detail"]


def test_unknown_datasets_versions_and_contents_are_not_found(glass: Api) -> None:
    create(glass, request())
    for path in ("none", "glass/9.0.0", f"by-content/{'0' * 64}", "glass/1.0.0/diff/2.0.0"):
        assert glass.problem("GET", f"/v1/datasets/{path}")["code"] == "not_found"
    for path in ("Glass", "glass/1", "glass/01.0.0", "by-content/abc"):
        assert glass.problem("GET", f"/v1/datasets/{path}")["code"] == "invalid_input"
