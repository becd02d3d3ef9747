"""deploy/docker-compose.durable.yml, run for real.

`down` and SIGKILL under load lose nothing that was acknowledged.

The sleeps are pauses between polls: containers do not report when they are ready.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import shlex
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from dataops_client import DataOpsClient, verify

from localdev.network import free_port
from localdev.paths import ROOT
from tests.support.compose import COMPOSE, Project, needs_compose
from tests.support.expected_files import METADATA

pytestmark = needs_compose
NC, RUNS = "Al2", 150
BACKUP_NC = "Al3"
DOCS = (ROOT / "docs" / "how-to" / "self-host.md").read_text()
LARGE_BYTES = 12 * 1024**2
"""Sub-run 3 of run 1: more than one part of an upload. It cannot be packed."""

_TIMEOUT_SECONDS = 180


@dataclass
class Service:
    """The services of the file, and their data."""

    project: Project
    data: Path
    url: str
    s3_url: str
    token: str = ""

    def up(self) -> None:
        self.project.run("up", "-d", "--build")
        self._await()

    def run_shown(self, commands: str, folder: Path) -> None:
        """Run commands of the docs, in which `dc` is short for Compose with the file."""
        script = commands.replace("runs.tar.gz", shlex.quote(str(folder / "runs.tar.gz")))
        script = re.sub(
            r"^alias .*$|^dc ",
            lambda found: f"{COMPOSE} " if found[0] == "dc " else "",
            script,
            flags=re.MULTILINE,
        )
        self.project.shell(script)
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while not self._healthy():
            assert time.monotonic() < deadline, self.project.run("logs", "--tail", "20")
            time.sleep(1)  # a real service starts: nothing signals readiness

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def client(self) -> DataOpsClient:
        return DataOpsClient(self.url, token=self.token)

    def send(self, method: str, path: str) -> Any:
        """Return the JSON of a success, or None. There is no second attempt."""
        request = urllib.request.Request(
            f"{self.url}{path}", method=method, headers={"Authorization": f"Bearer {self.token}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=40) as response:
                return json.load(response)
        except (OSError, ValueError):
            return None

    def sub_run(self, id_run: str, sub_run: str, nc: str = NC) -> Path:
        return self.data / nc / "c" / "md" / "lammps" / "100" / id_run / "2000" / sub_run

    def files(self, id_run: str) -> dict[str, bytes]:
        """Return the content of an archive of the whole run."""
        run = self.sub_run(id_run, "0").parent
        return {
            path.relative_to(run).as_posix(): path.read_bytes()
            for path in run.rglob("*")
            if path.is_file()
        }


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    api, s3 = free_port(), free_port()
    variables = {
        "DATAOPS_ACCESS_KEY": "test",
        "DATAOPS_SECRET_KEY": secrets.token_hex(16),
        "DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "API_PORT": str(api),
        "S3_PORT": str(s3),
        "S3_PUBLIC_ENDPOINT": f"http://localhost:{s3}",
    }
    project = Project(ROOT, "deploy/docker-compose.durable.yml", variables)
    service = Service(
        project, Path(variables["DATA_DIR"]), f"http://localhost:{api}", f"http://localhost:{s3}"
    )
    for id_run in range(1, RUNS + 1):
        for sub_run, size in (("0", 2_000), ("3", LARGE_BYTES if id_run == 1 else 500)):
            folder = service.sub_run(str(id_run), sub_run)
            folder.mkdir(parents=True)
            (folder / f"{NC}.scf.in").write_bytes(os.urandom(size))
    for number in ("1", "2"):
        folder = service.sub_run(number, "0", BACKUP_NC)
        folder.mkdir(parents=True)
        (folder / f"{BACKUP_NC}.scf.in").write_text("content")
    for path in (service.data.parent, service.data):
        path.chmod(0o755)  # the container's user is another
    try:
        service.up()
        output = project.run(
            "exec",
            "-T",
            "dataops-api",
            "dataops-admin",
            "create",
            "--scope",
            "schedule",
            "--note",
            "test",
        )
        service.token = output.strip().splitlines()[-1]
        yield service
    finally:
        project.remove()


def test_requests_without_a_token_are_refused(service: Service) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{service.url}/v1/compositions")


def test_only_ports_that_require_signatures_listen_outside_their_container(
    service: Service,
) -> None:
    """Users of the machine reach the addresses of its containers, published ports or not."""
    assert _listening(service, "seaweedfs") == {8333}
    assert _listening(service, "dynalite") == {4567}
    assert _listening(service, "dataops-api") == {8000}


def _listening(service: Service, name: str) -> set[int]:
    """Return the ports that a service opens outside its loopback address, from /proc."""
    rows = [
        row.split()
        for row in service.project.run(
            "exec", "-T", name, "cat", "/proc/net/tcp", "/proc/net/tcp6"
        ).splitlines()
    ]
    local = [row[1].split(":") for row in rows if row[3] == "0A"]  # LISTEN
    return {
        int(port, 16)
        for address, port in local
        if not address.endswith("7F") and address != "0" * 24 + "01000000"
    }


_SIGNED_AND_NOT = """
import boto3, os, urllib.error, urllib.request
from botocore.config import Config

address = {"TableName": os.environ["RUN_TABLE"], "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}

def succeeds(send):
    try:
        send()
    except Exception as error:
        assert "InvalidSignatureException" in str(getattr(error, "response", "")) or "400" in str(error), error
        return False
    return True

def sent(request, body=None, **changed):
    headers = {name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items()}
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    urllib.request.urlopen(urllib.request.Request(request.url, body or request.body, headers)).close()

for version in ("v4", "s3v4"):  # the latter signs a header with the body's hash in place of the body
    client, held = boto3.client("dynamodb", config=Config(signature_version=version)), []
    client.meta.events.register("before-send.dynamodb.GetItem", lambda request, **_: held.append(request))
    client.get_item(**address)
    assert succeeds(lambda: sent(held[0]))
    assert not succeeds(lambda: sent(held[0], body=held[0].body + b" "))
    assert not succeeds(lambda: sent(held[0], X_Amz_Target="DynamoDB_20120810.Scan"))
    assert not succeeds(lambda: sent(held[0], X_Amz_Date="20260101T000000Z"))
    assert not succeeds(lambda: sent(held[0], Authorization=""))
    wrong = boto3.client("dynamodb", aws_secret_access_key="wrong", aws_access_key_id="test", config=Config(signature_version=version))
    assert not succeeds(wrong.list_tables)
assert not succeeds(lambda: urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL_DYNAMODB"]))
print("as it must be")
"""


def test_the_run_table_refuses_unsigned_requests(service: Service) -> None:
    output = service.project.run("exec", "-T", "dataops-api", "python", "-c", _SIGNED_AND_NOT)
    assert output.strip() == "as it must be"


def test_secrets_have_no_defaults(service: Service) -> None:
    done = service.project.attempt("config", without="DATAOPS_")
    assert done.returncode != 0
    assert "docs/how-to/self-host.md" in done.stderr


def test_links_are_valid_behind_a_proxy_that_changes_the_host(service: Service) -> None:
    s3 = _store(service)
    s3.put_object(Bucket="dataops-data", Key="proxied", Body=b"content")
    link = s3.generate_presigned_url(
        "get_object", Params={"Bucket": "dataops-data", "Key": "proxied"}
    )

    def fetch(url: str) -> bytes:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers={"Host": "seaweedfs:8333"})
        ) as response:
            return bytes(response.read())

    assert fetch(link) == b"content"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch(link.replace("/proxied?", "/other?"))


def test_the_backup_of_the_docs_can_be_put_back(service: Service, tmp_path: Path) -> None:
    backup, restore = (
        block
        for block in re.findall(r"^```bash\n(.+?)^```$", DOCS, re.MULTILINE | re.DOTALL)
        if "runs.tar.gz" in block
    )
    with service.client() as client:
        client.generate(BACKUP_NC)
        before = client.available(BACKUP_NC)
        service.run_shown(backup, tmp_path)
        client.generate(BACKUP_NC)
        service.run_shown(restore, tmp_path)
        assert client.available(BACKUP_NC) == before


@dataclass
class Work:
    """The requests of concurrent callers, and those that were acknowledged."""

    service: Service
    scheduled: list[str] = field(default_factory=list)
    augmented: list[str] = field(default_factory=list)
    ordered: list[str] = field(default_factory=list)
    """Yield paths of archives of run 1 that differ in a glob without matches, so that each is
    built."""
    built: dict[str, str] = field(default_factory=dict)
    """The archives that came of them, by their paths."""
    unacknowledged: int = 0

    def __post_init__(self) -> None:
        self._killed = threading.Event()
        self._lock = threading.Lock()
        work = [self._schedule, self._schedule, self._schedule, self._build, self._build]
        self._workers = [threading.Thread(target=each) for each in work]

    def until(self, scheduled: int, built: int) -> None:
        """Start the work and return once enough is acknowledged and a build is running.

        The work continues until `end`.
        """
        for worker in self._workers:
            worker.start()
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while len(self.scheduled) < scheduled or not built <= len(self.built) < len(self.ordered):
            assert time.monotonic() < deadline, self
            time.sleep(0.01)  # the workers are threads of this test on a real service

    def end(self) -> None:
        self._killed.set()
        for worker in self._workers:
            worker.join()

    def _request(self, method: str, path: str) -> Any:
        response = self.service.send(method, path)
        if response is None:
            with self._lock:
                self.unacknowledged += 1
            time.sleep(0.1)
        return response

    def _schedule(self) -> None:
        id_run = "1"
        while not self._killed.is_set():
            if len(self.scheduled) < RUNS - 10:  # what is left is for afterwards
                if not (run := self._request("POST", f"/v1/generate/{NC}")):
                    continue
                id_run = run["id_run"]
                self.scheduled.append(id_run)
            if self._request("POST", f"/v1/generate/{NC}/{id_run}/augment"):
                self.augmented.append(id_run)

    def _build(self) -> None:
        while not self._killed.is_set():
            if "1" not in self.augmented:
                time.sleep(0.01)  # the workers are threads of this test on a real service
                continue
            with self._lock:
                path = f"/v1/generate/{NC}/1/download?include=*&include=none-{len(self.ordered)}&wait=20"
                self.ordered.append(path)
            while not self._killed.is_set() and path not in self.built:
                if (response := self._request("GET", path)) and "archive_key" in response:
                    self.built[path] = response["archive_key"]


def test_acknowledged_work_survives_a_kill_of_all_services_and_down(
    service: Service, tmp_path: Path
) -> None:
    work = Work(service)
    try:
        work.until(scheduled=20, built=3)
        service.project.run("kill")  # SIGKILL, all containers, while they work
    finally:
        work.end()
    assert work.unacknowledged, "no request was open at the kill"
    service.up()
    with service.client() as client:
        runs = {run.id_run: run for run in client.available(NC)[NC]}
        assert len(set(work.scheduled)) == len(work.scheduled), "an id twice"
        assert {*work.scheduled} <= runs.keys(), "an acknowledged run is lost"
        assert sorted(map(int, runs)) == list(range(1, len(runs) + 1)), "a gap"
        assert all("3" in runs[id_run].sub_runs for id_run in work.augmented), (
            "acknowledged sub-runs are lost"
        )
        assert {*work.built.values()} <= _whole_archives(service), (
            "an archive that was handed out is gone"
        )
        cut_off = [path for path in work.ordered if path not in work.built]
        assert cut_off, "no build was cut off"
        for path in cut_off:
            assert _members(_archive(service, path)) == service.files("1")
        client.download_run(NC, "1", tmp_path)
        assert all(not checked.differences for checked in verify(tmp_path))
        service.project.run("down")
        service.up()
        assert {run.id_run: run for run in client.available(NC)[NC]} == runs
        next_run = client.generate(NC).id_run
        assert next_run == str(len(runs) + 1)
        client.download(NC, next_run, "0", tmp_path)


def _archive(service: Service, path: str) -> bytes:
    """Return the archive of a path, waiting until the lease of a killed build has expired."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while "download_url" not in (response := service.send("GET", path) or {}):
        assert time.monotonic() < deadline, f"{path}: {response}"
        time.sleep(1)
    with urllib.request.urlopen(response["download_url"]) as archive:
        packed = bytes(archive.read())
    assert hashlib.sha256(packed).hexdigest() == response["sha256"]
    return packed


def _members(packed: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        return {name: opened.read(name) for name in opened.namelist() if name != METADATA}


def _store(service: Service) -> Any:
    key, secret = (
        service.project.environment[name] for name in ("DATAOPS_ACCESS_KEY", "DATAOPS_SECRET_KEY")
    )
    config = Config(s3={"addressing_style": "path"}, signature_version="s3v4")
    return boto3.Session(key, secret, region_name="us-east-1").client(
        "s3", endpoint_url=service.s3_url, config=config
    )


def _whole_archives(service: Service) -> set[str]:
    """Return the archives that callers can see, after a check against their records."""
    s3 = _store(service)

    def content(name: str) -> bytes:
        return bytes(s3.get_object(Bucket="dataops-data", Key=name)["Body"].read())

    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="dataops-data", Prefix="archives/")
    records = [
        stored["Key"]
        for page in pages
        for stored in page.get("Contents", [])
        if stored["Key"].endswith(".json")
    ]
    archives = {name: name.replace(".json", ".zip") for name in records}
    for name, archive in archives.items():
        record, packed = json.loads(content(name)), content(archive)
        assert (len(packed), hashlib.sha256(packed).hexdigest()) == (
            record["size_bytes"],
            record["sha256"],
        )
        with zipfile.ZipFile(io.BytesIO(packed)) as opened:
            assert opened.testzip() is None
    return set(archives.values())
