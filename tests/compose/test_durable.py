"""docker-compose.durable.yml, run for real: nothing that was answered is lost by `down`, nor by a SIGKILL in the middle of work."""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import shlex
import subprocess
import threading
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from dataops_client import DataOpsClient, verify

from tests.support.ports import free_port
from tools.lifeline import ROOT

COMPOSE = os.environ.get("COMPOSE")
pytestmark = [
    pytest.mark.skipif(not COMPOSE, reason="the durable Compose file is run where COMPOSE names the command: make test-compose"),
    pytest.mark.timeout(1500),
]
NC, RUNS = "Al2", 60
_PATIENCE_SECONDS = 180


@dataclass
class Service:
    """The services of the file, under a name of their own."""

    environment: dict[str, str]
    url: str
    s3_url: str
    token: str = ""

    def compose(self, *arguments: str) -> str:
        command = [*shlex.split(COMPOSE or ""), *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def up(self) -> None:
        self.compose("up", "-d", "--build")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._healthy():
            assert time.monotonic() < deadline, self.compose("logs", "--tail", "20")
            time.sleep(1)

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def client(self) -> DataOpsClient:
        return DataOpsClient(self.url, token=self.token)

    def post(self, path: str) -> Any:
        """The JSON of the answer, if one came: no second try, as from the simplest of callers."""
        request = urllib.request.Request(f"{self.url}{path}", method="POST", headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data = tmp_path_factory.mktemp("data")
    for id_run in range(1, RUNS + 1):
        for sub_run, size in ((0, 2_000), (3, 3_000_000 if id_run % 10 == 1 else 500)):
            folder = data / NC / "c" / "md" / "lammps" / "100" / str(id_run) / "2000" / str(sub_run)
            folder.mkdir(parents=True)
            (folder / f"{NC}.scf.in").write_bytes(hashlib.sha512(f"{id_run}/{sub_run}".encode()).digest() * (size // 64 + 1))
    for path in (data.parent, data):
        path.chmod(0o755)  # the container's user is another
    api, s3 = free_port(), free_port()
    environment = {
        **os.environ,
        "COMPOSE_FILE": "docker-compose.durable.yml",
        "COMPOSE_PROJECT_NAME": f"dataops{secrets.token_hex(4)}",
        "DATAOPS_ACCESS_KEY": "test",
        "DATAOPS_SECRET_KEY": secrets.token_hex(16),
        "DATA_DIR": str(data),
        "API_PORT": str(api),
        "S3_PORT": str(s3),
        "S3_PUBLIC_ENDPOINT": f"http://localhost:{s3}",
    }
    service = Service(environment, f"http://localhost:{api}", f"http://localhost:{s3}")
    try:
        service.up()
        told = service.compose("exec", "-T", "dataops-api", "tools/dataops-admin", "create", "--scope", "schedule", "--note", "test")
        service.token = told.strip().splitlines()[-1]
        yield service
    finally:
        service.compose("down", "-v", "--rmi", "local")


def test_without_a_token_nobody_is_let_in(service: Service) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{service.url}/v1/compositions")


def test_secrets_have_no_defaults(service: Service) -> None:
    environment = {name: value for name, value in service.environment.items() if not name.startswith("DATAOPS_")}
    command = [*shlex.split(COMPOSE or ""), "config"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "docs/self-hosting.md" in done.stderr


def test_what_was_answered_outlives_a_kill_of_everything_and_down(service: Service, tmp_path: Path) -> None:
    answered: list[str] = []
    augmented: set[str] = set()
    built: dict[str, str] = {}
    enough = threading.Event()

    def schedule() -> None:
        while not enough.is_set():
            if run := service.post(f"/v1/generate/{NC}"):
                answered.append(run["id_run"])
                if service.post(f"/v1/generate/{NC}/{run['id_run']}/augment"):
                    augmented.add(run["id_run"])

    def build() -> None:
        done = 0
        while not enough.is_set():
            if len(answered) <= done:
                time.sleep(0.01)
                continue
            done += 1
            path = f"/v1/generate/{NC}/{answered[done - 1]}/download?wait=20"
            request = urllib.request.Request(f"{service.url}{path}", headers={"Authorization": f"Bearer {service.token}"})
            try:
                with urllib.request.urlopen(request, timeout=40) as answer:
                    built[json.load(answer)["archive_key"]] = path
            except (OSError, ValueError):
                continue

    workers = [threading.Thread(target=work) for work in (schedule, schedule, schedule, build, build)]
    for worker in workers:
        worker.start()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (len(answered) < RUNS // 3 or len(built) < 3) and time.monotonic() < deadline:
        time.sleep(0.01)
    service.compose("kill")  # SIGKILL, all containers, while they work
    enough.set()
    for worker in workers:
        worker.join()
    assert RUNS // 3 <= len(answered) < RUNS, "the kill came before, or after, the work"
    service.up()
    with service.client() as client:
        runs = {run.id_run: run for run in client.available(NC)[NC]}
        assert len(set(answered)) == len(answered), "an id twice"
        assert {*answered} <= runs.keys(), "a run that was answered is lost"
        assert sorted(map(int, runs)) == list(range(1, len(runs) + 1)), "a gap"
        assert all("3" in runs[id_run].sub_runs for id_run in augmented), "sub-runs that were answered are lost"
        assert built.keys() <= _whole_archives(service), "an archive that was handed out is gone"
        for id_run in ("1", "2"):
            client.download(NC, id_run, "0", tmp_path)
        assert all(not checked.differences for checked in verify(tmp_path))
        service.compose("down")
        service.up()
        assert {run.id_run: run for run in client.available(NC)[NC]} == runs
        next_run = client.generate(NC).id_run
        assert next_run == str(len(runs) + 1)
        client.download(NC, next_run, "0", tmp_path)


def _whole_archives(service: Service) -> set[str]:
    """The archives that callers can see; each is what its record says."""
    key, secret = (service.environment[name] for name in ("DATAOPS_ACCESS_KEY", "DATAOPS_SECRET_KEY"))
    config = Config(s3={"addressing_style": "path"}, signature_version="s3v4")
    s3 = boto3.Session(key, secret, region_name="us-east-1").client("s3", endpoint_url=service.s3_url, config=config)

    def content(name: str) -> bytes:
        return s3.get_object(Bucket="dataops-data", Key=name)["Body"].read()

    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="dataops-data", Prefix="archives/")
    records = [stored["Key"] for page in pages for stored in page.get("Contents", []) if stored["Key"].endswith(".json")]
    archives = {name: name.replace(".json", ".zip") for name in records}
    for name, archive in archives.items():
        record, packed = json.loads(content(name)), content(archive)
        assert (len(packed), hashlib.sha256(packed).hexdigest()) == (record["size_bytes"], record["sha256"])
        with zipfile.ZipFile(io.BytesIO(packed)) as opened:
            assert opened.testzip() is None
    return set(archives.values())
