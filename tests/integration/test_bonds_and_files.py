"""Bonds, single files, compositions and the page's own files through the app."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

import pytest

from app import app
from chalicelib.api.static import load_static_files
from localdev.gateway_event import build_event
from tests.support.api import Api

Store = Callable[..., None]
FOLDER = "Zr49Cu49Al2/c/md/lammps/100/21/2000/0/"
SUB_RUN = "/v1/generate/Zr49Cu49Al2/21/0"
ICOHPLIST = (
    b"  COHP#  atomMU  atomNU     distance     translation      ICOHP (at) eF   for spin  1\n"
    b"      1     Cu1     Zr2      3.26048       0   0   0           -0.41728 \n"
    b"      2     Cu1     Cu3      2.47778       0   0   1           -0.48810 \n"
)


@pytest.fixture
def scheduled(api: Api, store: Store) -> Api:
    store(FOLDER + "ICOHPLIST.lobster", ICOHPLIST)
    api.post("/v1/generate/Zr49Cu49Al2")
    return api


def test_bonds_are_numbers_with_their_units(scheduled: Api) -> None:
    assert scheduled.get(f"{SUB_RUN}/bonds?limit=1")["bonds"] == [
        {
            "atom_a": 1, "atom_b": 2, "label_a": "Cu1", "label_b": "Zr2", "bond_type": "Zr-Cu",
            "distance": 3.26048, "translation": [0, 0, 0], "icohp": 0.41728,
        }
    ]  # fmt: skip


def test_pages_of_bonds_are_walked_by_link_or_cursor(scheduled: Api) -> None:
    response = scheduled.call("GET", f"{SUB_RUN}/bonds?limit=1")
    first = json.loads(response.body)
    [following] = re.findall(r'<(\?[^>]+)>; rel="next"', response.headers["Link"])
    second = scheduled.call("GET", f"{SUB_RUN}/bonds{following}")
    assert (
        second.body
        == scheduled.call("GET", f"{SUB_RUN}/bonds?limit=1&cursor={first['next_cursor']}").body
    )
    assert [bond["label_b"] for bond in first["bonds"] + json.loads(second.body)["bonds"]] == [
        "Zr2",
        "Cu3",
    ]
    assert "Link" not in second.headers
    assert json.loads(second.body)["next_cursor"] is None


def test_bonds_are_cached_among_the_archives(scheduled: Api, aws: Any, bucket: str) -> None:
    before = scheduled.get(f"{SUB_RUN}/bonds")
    [kept] = aws.s3.list_objects_v2(Bucket=bucket, Prefix="archives/Zr49Cu49Al2/21/0/")["Contents"]
    assert re.fullmatch(r"archives/Zr49Cu49Al2/21/0/[0-9a-f]{64}\.bonds\.json", kept["Key"])
    assert scheduled.get(f"{SUB_RUN}/bonds") == before
    content = aws.s3.get_object(Bucket=bucket, Key=kept["Key"])["Body"].read()
    aws.s3.put_object(Bucket=bucket, Key=kept["Key"], Body=content.replace(b"0.41728", b"0.5"))
    assert scheduled.get(f"{SUB_RUN}/bonds")["bonds"][0]["icohp"] == 0.5


def test_records_of_bonds_do_not_disturb_archives(scheduled: Api) -> None:
    scheduled.get(f"{SUB_RUN}/bonds")
    assert [file["name"] for file in scheduled.get(f"{SUB_RUN}/download")["files"]] == [
        "ICOHPLIST.lobster",
        "ro-crate-metadata.json",
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("0/bonds?limit=0", 422),
        ("0/bonds?limit=5001", 422),
        ("0/bonds?limit=x", 422),
        ("0/bonds?cursor=x", 422),
        ("0/bonds?cursor=%3Cb%3E", 422),
        ("0/bonds?offset=1", 400),
        ("1/bonds", 404),
        ("15/bonds", 422),
        ("0/files/nothing", 404),
        ("0/files/..%2F0%2FICOHPLIST.lobster", 404),
        ("0/files/%00", 404),
        ("0/files/ICOHPLIST.lobster?redirect=perhaps", 422),
        ("1/files/ICOHPLIST.lobster", 404),
    ],
)
def test_a_bad_request_is_a_problem(scheduled: Api, path: str, status: int) -> None:
    assert scheduled.problem("GET", f"/v1/generate/Zr49Cu49Al2/21/{path}")["status"] == status


def test_a_broken_icohplist_is_a_conflict_that_names_the_line(scheduled: Api, store: Store) -> None:
    store(FOLDER + "ICOHPLIST.lobster", ICOHPLIST + b"oops \xff\n")
    problem = scheduled.problem("GET", f"{SUB_RUN}/bonds")
    assert problem["status"] == 409
    assert "line 4 is 'oops \ufffd'" in problem["detail"]


@pytest.mark.parametrize(
    "name",
    ["ICOHPLIST.lobster", 'odd "name" (1) + % #;é.txt', "back\\slash.txt", "<b>&amp;.txt", "%41"],
)
def test_a_link_leads_to_one_file_under_its_own_name(
    scheduled: Api, store: Store, aws: Any, bucket: str, name: str
) -> None:
    store(FOLDER + name, ICOHPLIST)
    if "\\" in name and FOLDER + name not in {
        found["Key"] for found in aws.s3.list_objects_v2(Bucket=bucket)["Contents"]
    }:
        pytest.skip("this store keeps a key with a backslash under another name")
    path = f"{SUB_RUN}/files/{quote(name, safe='')}"
    link = scheduled.get(path)
    assert {key: link[key] for key in ("nc", "id_run", "sub_run", "name", "size_bytes")} == {
        "nc": "Zr49Cu49Al2", "id_run": "21", "sub_run": "0", "name": name, "size_bytes": len(ICOHPLIST),
    }  # fmt: skip
    with urllib.request.urlopen(link["download_url"]) as response:
        assert response.read() == ICOHPLIST
        assert response.headers["ETag"] == link["etag"]
        disposition = response.headers["Content-Disposition"]
    plain, *extended = re.fullmatch(
        r"""attachment; filename="([ -~]*)"(?:; filename\*=UTF-8''(\S+))?""", disposition
    ).groups("")  # type: ignore[union-attr]
    assert (unquote(extended[0]) or plain) == name
    redirect = scheduled.call("GET", f"{path}?redirect=true")
    assert redirect.status_code == 303
    assert redirect.headers["Location"].split("?")[0] == link["download_url"].split("?")[0]


def test_compositions_are_those_of_the_bucket(scheduled: Api, store: Store) -> None:
    store("Cu50Zr50/c/md/lammps/100/1/2000/0/a")
    store("Cu50Zr50-SOAPS/c/md/lammps/100/1/2000/0/SOAPS.vec")
    scheduled.get(f"{SUB_RUN}/bonds")
    assert scheduled.get("/v1/compositions") == {"compositions": ["Cu50Zr50", "Zr49Cu49Al2"]}


def test_the_page_refuses_inline_code_and_names_only_assets_that_are_there(api: Api) -> None:
    page = api.call("GET", "/")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    html = page.body.decode()
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?://", html)
    for address in re.findall(r'(?:href|src)="(/[^"]+)"', html):
        assert api.call("GET", address).status_code == 200, address


def test_assets_have_their_types_and_may_be_kept_for_ever(api: Api) -> None:
    folder = load_static_files("page")
    types = {
        "html": "text/html",
        "css": "text/css",
        "js": "text/javascript",
        "svg": "image/svg+xml",
    }
    for name in folder.texts:
        response = api.call(
            "GET", f"/page/{folder.version}/{name}", headers={"Accept": "text/html"}
        )
        assert response.status_code == 200
        assert (
            response.headers["Content-Type"] == f"{types[name.rpartition('.')[2]]}; charset=utf-8"
        )
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    # 150 kB of the first view are the limit of tests/e2e/page/test_start_page.py.
    assert sum(len(text.encode()) for text in folder.texts.values()) < 220_000


@pytest.mark.parametrize(
    "address",
    [
        "/page/000000000000/app.js",
        "/page/{version}/nothing.js",
        "/page/{version}/..%2F..%2F__init__.py",
    ],
)
def test_assets_that_are_not_there_are_problems(api: Api, address: str) -> None:
    assert (
        api.problem("GET", address.format(version=load_static_files("page").version))["status"]
        == 404
    )


@pytest.mark.parametrize(
    ("path", "prefix"),
    [("/", ""), ("/api/", "/api"), ("/api", "/api"), ("//evil.example/", ""), ('/"><b>/', "")],
)
def test_the_page_finds_its_assets_under_every_stage_prefix(path: str, prefix: str) -> None:
    event = build_event("GET", path, "/", prefix="")
    response = app(event, SimpleNamespace(aws_request_id="1"))
    assert f'href="{prefix}/page/{load_static_files("page").version}/style.css"' in response["body"]
