"""Pull, verification and bags of datasets, against an API and an object store with faults."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest
from dataops_client import (
    ArchiveLink,
    Cancelled,
    ChecksumMismatch,
    DataOpsClient,
    InvalidArchive,
    NotFound,
    TargetNotEmpty,
    UnexpectedResponse,
    verify_dataset,
)
from dataops_client.datasets.archive_links import ArchiveLinks, parse_archive

from tests.support.fake_datasets import (
    PAYLOAD,
    VERSION_PATH,
    FakeDatasets,
    build_archive,
    build_manifest,
)
from tests.support.raw_server import RawServer, build_json_response, build_response, raw_server

REFERENCE = "glasses@1.0.0"
DAMAGED = "data/Al2/2/3/Al2.scf.in"
needs_sha256sum = pytest.mark.skipif(
    shutil.which("sha256sum") is None, reason="sha256sum is missing: install coreutils"
)


@pytest.fixture
def fake() -> FakeDatasets:
    return FakeDatasets()


@pytest.fixture
def server(fake: FakeDatasets) -> Iterator[RawServer]:
    with raw_server(fake.respond) as running:
        fake.url = running.url
        yield running


@pytest.fixture
def client(server: RawServer) -> Iterator[DataOpsClient]:
    with DataOpsClient(server.url) as opened:
        yield opened


def list_payload(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (folder / "data").rglob("*")
        if path.is_file()
    }


def check_sums(folder: Path, name: str = "manifest-sha256.txt") -> int:
    command = ["sha256sum", "--check", "--quiet", "--strict", name]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode


@needs_sha256sum
def test_a_pulled_dataset_is_what_the_manifest_says(
    client: DataOpsClient, fake: FakeDatasets, tmp_path: Path
) -> None:
    reported: list[tuple[str, int, int]] = []
    pulled = client.pull_dataset(
        REFERENCE, tmp_path / "d", progress=lambda *each: reported.append(each)
    )
    folder = pulled.path
    assert (pulled.files, pulled.restored, pulled.offline) == (12, 12, False)
    assert list_payload(folder) == PAYLOAD
    assert check_sums(folder) == 0
    lock = json.loads((folder / "dataops.lock").read_text())
    assert (lock["name"], lock["version"], lock["api"]) == ("glasses", "1.0.0", client.url)
    assert lock["content_id"] == fake.version["content_id"]
    assert {path.name for path in folder.iterdir()} == {
        "data", "manifest-sha256.txt", "selection.json", "dataops.lock"
    }  # fmt: skip
    assert ("checking files", 12, 12) in reported
    assert reported[-1] == ("downloading", pulled.received_bytes, fake.version["archive_bytes"])
    verified = verify_dataset(folder)
    assert (verified.differences, verified.files) == ((), 12)


def test_a_complete_folder_is_pulled_without_a_request(
    client: DataOpsClient, server: RawServer, tmp_path: Path
) -> None:
    client.pull_dataset(REFERENCE, tmp_path / "d")
    server.requests.clear()
    again = client.pull_dataset(REFERENCE, tmp_path / "d")
    assert (again.offline, again.restored, server.requests) == (True, 0, [])
    latest = client.pull_dataset("glasses", tmp_path / "d")
    assert (latest.offline, latest.restored) == (False, 0)
    assert not [each for each in server.requests if each.target.startswith("/store/")]


def test_only_missing_and_changed_files_are_restored(
    client: DataOpsClient, server: RawServer, tmp_path: Path
) -> None:
    folder = client.pull_dataset(REFERENCE, tmp_path / "d").path
    inodes = {path: (folder / path).stat().st_ino for path in PAYLOAD}
    (folder / DAMAGED).write_text("mine")
    (folder / "data/Al2/2/0/Al2.scf.in").unlink()
    (folder / "data/Al2/2/0/note").write_text("mine")
    server.requests.clear()
    pulled = client.pull_dataset(REFERENCE, folder)
    assert pulled.restored == 2
    assert {each.target.split("/")[3] for each in server.requests if "store" in each.target} == {
        "2"
    }
    assert list_payload(folder) == PAYLOAD | {"data/Al2/2/0/note": b"mine"}
    changed = {path for path in PAYLOAD if (folder / path).stat().st_ino != inodes[path]}
    assert changed <= {DAMAGED, "data/Al2/2/0/Al2.scf.in"}
    assert [found.kind for found in verify_dataset(folder).differences] == ["extra"]


def test_the_folder_of_other_data_is_refused(
    client: DataOpsClient, server: RawServer, tmp_path: Path
) -> None:
    (tmp_path / "mine" / "data").mkdir(parents=True)
    with pytest.raises(TargetNotEmpty, match="a folder 'data' that is not from a dataset"):
        client.pull_dataset(REFERENCE, tmp_path / "mine")
    folder = client.pull_dataset(REFERENCE, tmp_path / "d").path
    other = FakeDatasets({"data/Al2/1/0/new": b"new"})
    server.respond, other.url = other.respond, server.url
    with pytest.raises(TargetNotEmpty, match=r"contains glasses@1\.0\.0; choose another folder"):
        client.pull_dataset("glasses", folder)
    (folder / "dataops.lock").unlink()  # as an interrupted pull leaves it
    with pytest.raises(TargetNotEmpty, match="contains another dataset"):
        client.pull_dataset(REFERENCE, folder)
    assert list_payload(folder) == PAYLOAD


def test_a_cancelled_pull_is_incomplete_and_continues_with_what_arrived(tmp_path: Path) -> None:
    payload = {f"data/Al2/{run}/0/random": os.urandom(300_000) for run in ("1", "2")}
    fake, cancel = FakeDatasets(payload), threading.Event()
    first, second = fake.stores["Al2", "1"], fake.stores["Al2", "2"]
    second.faults = ["stall"]  # after a part of the archive

    def stop(phrase: str, done: int, total: int) -> None:
        if phrase == "downloading" and done > len(first.content):
            cancel.set()

    with raw_server(fake.respond) as server:
        fake.url = server.url
        with DataOpsClient(server.url) as client:
            with pytest.raises(Cancelled):
                client.pull_dataset(REFERENCE, tmp_path, jobs=1, progress=stop, cancel=cancel)
            assert "data/Al2/1/0/random" in list_payload(tmp_path)
            assert not (tmp_path / "dataops.lock").exists()
            with pytest.raises(NotFound, match="is not a complete dataset"):
                verify_dataset(tmp_path)
            pulled = client.pull_dataset(REFERENCE, tmp_path)
        for connection in list(second.waiting):
            connection.close()
    assert (pulled.restored, list_payload(tmp_path)) == (1, payload)
    assert pulled.received_bytes == len(second.content)
    assert second.ranges[-1] is not None  # what had arrived was not requested again
    assert not (tmp_path / ".dataops").exists()


KILLED = """
import os, sys
from dataops_client import DataOpsClient
from dataops_client.datasets import pull
def kill(*arguments):
    os.kill(os.getpid(), 9)
setattr(pull, sys.argv[3], kill)
DataOpsClient(sys.argv[1]).pull_dataset("glasses@1.0.0", sys.argv[2], jobs=1)
"""


@pytest.mark.parametrize("step", ["find_damage", "extract_some", "is_orphaned"])
def test_a_killed_pull_is_incomplete_and_is_completed_by_another_process(
    client: DataOpsClient, tmp_path: Path, step: str
) -> None:
    arguments = [sys.executable, "-c", KILLED, client.url, str(tmp_path), step]
    (tmp_path / ".dataops" / "left").mkdir(parents=True)  # so that the last step is reached
    done = subprocess.run(arguments, check=False, capture_output=True)
    assert done.returncode == -9, done.stderr
    assert not (tmp_path / "dataops.lock").exists()
    (tmp_path / ".dataops" / "left").rmdir()
    client.pull_dataset(REFERENCE, tmp_path)
    assert list_payload(tmp_path) == PAYLOAD
    assert verify_dataset(tmp_path).differences == ()
    assert not (tmp_path / ".dataops").exists()


def start_pull(url: str, folder: Path) -> subprocess.Popen[str]:
    """Start `dataops dataset pull` in the background, where Ctrl-C would be ignored otherwise."""
    command = [sys.executable, "-m", "dataops_client", "--url", url, "dataset", "pull", REFERENCE]
    return subprocess.Popen(
        [*command, "-o", str(folder), "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_restore_sigint,  # noqa: PLW1509 - it starts no thread
    )


def _restore_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name != "posix", reason="SIGINT")
def test_ctrl_c_stops_a_pull_that_the_same_command_completes(
    client: DataOpsClient, fake: FakeDatasets, tmp_path: Path
) -> None:
    store = fake.stores["Al2", "2"]
    store.faults = ["unresponsive"]
    with start_pull(client.url, tmp_path) as process:
        assert store.stalled.wait(60)
        process.send_signal(signal.SIGINT)
        _, output = process.communicate(timeout=60)
    for connection in list(store.waiting):
        connection.close()
    assert (process.returncode, "repeat the command to resume the pull" in output) == (130, True)
    assert not (tmp_path / "dataops.lock").exists()
    with start_pull(client.url, tmp_path) as process:
        printed, _ = process.communicate(timeout=60)
    assert f"{REFERENCE}, 12 files, 4 written, " in printed
    assert verify_dataset(tmp_path).differences == ()


def test_two_processes_can_pull_to_one_folder(
    client: DataOpsClient, fake: FakeDatasets, tmp_path: Path
) -> None:
    for store in fake.stores.values():
        store.faults = ["together", "together"]
    with start_pull(client.url, tmp_path) as one, start_pull(client.url, tmp_path) as other:
        outputs = [process.communicate(timeout=120) for process in (one, other)]
    assert [one.returncode, other.returncode] == [0, 0], outputs
    assert list_payload(tmp_path) == PAYLOAD
    assert verify_dataset(tmp_path).differences == ()


@pytest.mark.parametrize("fault", ["expire", "cut", "throttle", "credentials", "reset"])
def test_faults_of_the_store_and_expired_links_are_survived(
    client: DataOpsClient, fake: FakeDatasets, tmp_path: Path, fault: str
) -> None:
    for store in fake.stores.values():
        store.faults = [fault]
    client.pull_dataset(REFERENCE, tmp_path / "d")
    assert list_payload(tmp_path / "d") == PAYLOAD
    assert fake.links == (1 if fault not in ("expire", "credentials") else fake.links)
    assert fake.links <= 1 + len(fake.stores)


def test_one_request_renews_the_links_of_all_archives() -> None:
    now: list[float] = [0.0]
    requests: list[float] = []
    fake = FakeDatasets()

    def request() -> dict[tuple[str, str], ArchiveLink]:
        requests.append(now[0])
        began = datetime(2026, 1, 1, tzinfo=UTC)
        return dict(parse_archive(each, began) for each in fake.list_archives())

    links = ArchiveLinks(request, lambda: now[0])
    first = links.get(("Al2", "1"))
    now[0] = 3000
    assert links.get(("Al2", "2")).lifetime_seconds == 600
    assert requests == [0.0]
    now[0] = 3590
    assert links.get(("Al2", "1"), first).lifetime_seconds == 3600
    assert links.get(("Al2", "1"), first).download_url != first.download_url
    assert links.get(("Al2", "2")).lifetime_seconds == 3600
    assert requests == [0.0, 3590]
    with pytest.raises(UnexpectedResponse, match="no archive of run Al2/7"):
        links.get(("Al2", "7"))


def test_a_manifest_of_another_content_id_is_refused(
    client: DataOpsClient, fake: FakeDatasets, tmp_path: Path
) -> None:
    fake.manifest = fake.manifest[:-1]
    with pytest.raises(ChecksumMismatch, match="content id"):
        client.pull_dataset(REFERENCE, tmp_path / "d")
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    "path",
    ["data/Al2/1/0/../x", "data/Al2/1/0/a/../../../b", "data/../1/0/x", "/data/Al2/1/0/x",
     "data/Al2/1/0/", "data/Al2/1/0/./x", "data/Al2/1/0/con", "x"],
)  # fmt: skip
def test_unsafe_paths_of_a_manifest_are_refused(
    client: DataOpsClient, fake: FakeDatasets, tmp_path: Path, path: str
) -> None:
    fake.manifest = build_manifest(PAYLOAD | {path: b"x"})
    fake.version["content_id"] = hashlib.sha256(fake.manifest).hexdigest()
    with pytest.raises(InvalidArchive, match="invalid line"):
        client.pull_dataset(REFERENCE, tmp_path / "d")
    assert not (tmp_path / "d").exists()


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ({"0/Al2.scf.in": b"other"}, ChecksumMismatch),
        ({"0/Al2.scf.in": None}, InvalidArchive),
        ({"0/unknown": b"x"}, InvalidArchive),
    ],
)
def test_an_archive_with_other_files_leaves_an_incomplete_folder(
    client: DataOpsClient,
    fake: FakeDatasets,
    tmp_path: Path,
    files: dict[str, bytes | None],
    error: type[Exception],
) -> None:
    found = {path.split("/", 3)[3]: content for path, content in PAYLOAD.items() if "/1/" in path}
    changed = {name: content for name, content in (found | files).items() if content is not None}
    fake.stores["Al2", "1"].content = build_archive(changed)
    with pytest.raises(error):
        client.pull_dataset(REFERENCE, tmp_path)
    assert not (tmp_path / "dataops.lock").exists()
    assert not [path for path in list_payload(tmp_path) if path.startswith("data/Al2/1/")]


def test_large_documents_are_read_from_the_object_store_without_the_token(
    fake: FakeDatasets, server: RawServer, tmp_path: Path
) -> None:
    fake.overrides[f"GET {VERSION_PATH}/manifest"] = lambda request: build_json_response(
        {}, "303 See Other", Location=f"{fake.url}/large"
    )
    fake.overrides["GET /large"] = lambda request: build_response(fake.manifest)
    with DataOpsClient(server.url, token="secret") as client:
        client.pull_dataset(REFERENCE, tmp_path)
    assert list_payload(tmp_path) == PAYLOAD
    (large,) = [request for request in server.requests if request.target == "/large"]
    assert "authorization" not in large.headers


@needs_sha256sum
def test_a_bag_is_valid_for_bagit_and_coreutils(
    client: DataOpsClient, fake: FakeDatasets, tmp_path: Path
) -> None:
    client.bag_dataset(REFERENCE, tmp_path / "bag")
    bag = bagit.Bag(str(tmp_path / "bag"))
    bag.validate(processes=1)
    assert bag.version_info == (1, 0)
    assert bag.info["External-Identifier"] == fake.version["content_id"]
    size = sum(map(len, PAYLOAD.values()))
    assert bag.info["Payload-Oxum"] == f"{size}.12"
    assert (
        check_sums(tmp_path / "bag") == check_sums(tmp_path / "bag", "tagmanifest-sha256.txt") == 0
    )
    assert json.loads((tmp_path / "bag" / "croissant.json").read_text()) == {
        "document": "croissant"
    }
    tags = (tmp_path / "bag" / "tagmanifest-sha256.txt").read_text()
    for name in ("datacite.json", "README.md", "selection.json", "bagit.txt", "bag-info.txt"):
        assert f"  {name}\n" in tags
    assert verify_dataset(tmp_path / "bag").differences == ()
    (tmp_path / "bag" / DAMAGED).write_text("mine")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(tmp_path / "bag")).validate(processes=1)


def test_a_damaged_manifest_or_lock_is_reported(client: DataOpsClient, tmp_path: Path) -> None:
    client.pull_dataset(REFERENCE, tmp_path)
    manifest = tmp_path / "manifest-sha256.txt"
    manifest.write_bytes(manifest.read_bytes().replace(b"/0/", b"/1/"))
    (found,) = verify_dataset(tmp_path).differences
    assert (found.path, found.kind) == (manifest, "changed")
    manifest.unlink()
    assert [each.kind for each in verify_dataset(tmp_path).differences] == ["missing"]
    client.pull_dataset(REFERENCE, tmp_path)
    assert verify_dataset(tmp_path).differences == ()
    lock = (tmp_path / "dataops.lock").read_text()
    for content in ("{", "[" * 100_000, lock.replace("glasses", "\\u001b[31m")):
        (tmp_path / "dataops.lock").write_text(content)
        with pytest.raises(InvalidArchive, match="delete it and repeat `dataops dataset pull`"):
            verify_dataset(tmp_path)
