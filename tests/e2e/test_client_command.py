"""Command `dataops` and library with a served API. The README of the client is executed."""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dataops_client
import pytest
from dataops_client import (
    AsyncDataOpsClient,
    Cancelled,
    DataOpsClient,
    DownloadResult,
    NotFound,
    TargetNotEmpty,
    download_all,
    dry_run,
    list_targets,
    verify,
)
from dataops_client.cli.app import app
from dataops_client.cli.exit_codes import (
    EXIT_ADVISORY,
    EXIT_CODES,
    EXIT_FAILURE,
    EXIT_INTERRUPTED,
    EXIT_TIME_LIMIT,
)
from pytest_httpserver import HTTPServer
from typer.main import get_command

from localdev.deployment import LocalDeployment
from localdev.paths import ROOT
from tests.conftest import Aws
from tests.e2e.conftest import SampleStack
from tests.support.fake_api import serve_fake_api
from tests.support.fault_server import fault_server
from tests.support.terminal import run_in_terminal

README = (ROOT / "client" / "README.md").read_text()
BIN = str(Path(sys.executable).parent)
NC = "Zr50Cu40Al10"
GLOBAL = {"--url", "-P", "--config-profile", "--verbose", "--help"}


@pytest.fixture(scope="module")
def served(sample_stack: SampleStack) -> Iterator[LocalDeployment]:
    with sample_stack() as running:
        yield running


@pytest.fixture(scope="module")
def augmented(served: LocalDeployment) -> Iterator[DataOpsClient]:
    """Client of an API with runs 1 (all sub-runs) and 2; of run 2, only sub-run 0 has files."""
    with DataOpsClient(served.api_url) as client:
        for id_run in ("1", "2"):
            assert client.generate(NC).id_run == id_run
            client.augment(NC, id_run, None if id_run == "1" else ["5"])
        yield client


def dataops(
    served: LocalDeployment, folder: Path, *arguments: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATAOPS_URL": served.api_url, "COLUMNS": "80"}
    environment["XDG_CONFIG_HOME"] = str(folder / "configuration")
    command = [sys.executable, "-m", "dataops_client", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_session_of_the_readme_prints_its_output(
    sample_stack: SampleStack, tmp_path: Path
) -> None:
    (session,) = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    parts = re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]
    with sample_stack() as running:
        environment = {
            **os.environ,
            "DATAOPS_URL": running.api_url,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "XDG_CONFIG_HOME": str(tmp_path / "configuration"),
        }
        for command, _, output in (part.partition("\n") for part in parts):
            shown, code = run_in_terminal(
                ["bash", "-ec", command], tmp_path, environment=environment, columns=80
            )
            lines = [re.sub(r"in [0-9.]+ s$", "in 0.6 s", line) for line in shown.lines()]
            assert (code, lines) == (0, output.splitlines()), command


def test_the_programs_of_the_readme_run(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    environment = {**os.environ, "DATAOPS_URL": served.api_url}
    for program in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Zr49Cu49Al2/21/0" in done.stdout


def list_commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the commands of a group with their names, such as `dataset pull`."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from list_commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


def test_the_readme_lists_exactly_the_commands_and_options() -> None:
    group = get_command(app)
    commands = dict(list_commands(group))
    rows = set(
        re.findall(r"^\| `((?:dataset )?[a-z]+)(?: [^|`]*)?` \| [A-Z]", README, re.MULTILINE)
    )
    assert rows == commands.keys()
    for name, command in commands.items():
        options = {
            option
            for parameter in command.params
            if parameter.param_type_name == "option"
            for option in parameter.opts
            if not parameter.hidden and option not in GLOBAL
        }
        row = next(line for line in README.splitlines() if re.match(rf"\| `{name}[ `]", line))
        assert set(re.findall(r"`(-{1,2}[a-z-]+)", row)) == options, name
        for parameter in command.params:
            assert getattr(parameter, "help", "") or parameter.hidden, (name, parameter.name)
    for parameter in group.params:
        assert f"`{parameter.opts[0]}" in README, parameter.opts


def test_the_readme_lists_every_public_name() -> None:
    missing = [name for name in dataops_client.__all__ if f"`{name}`" not in README]
    assert missing == ["__version__"]


def test_the_readme_lists_exactly_the_exit_codes() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert codes == {0, *EXIT_CODES.values(), EXIT_TIME_LIMIT, EXIT_ADVISORY, EXIT_INTERRUPTED}


def test_a_composition_is_downloaded_with_a_line_per_sub_run(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    done = dataops(served, tmp_path, "download", NC, "--json", "-o", "out")
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["id_run"], each["sub_run"]) for each in results] == [
        *[("1", str(n)) for n in range(15)],
        ("2", "0"),
        ("2", "5"),
    ]
    assert [each["outcome"] for each in results] == ["downloaded"] * 16 + ["no files"]
    for each in results[:-1]:
        assert {file.name for file in (tmp_path / each["path"]).iterdir()} == set(each["files"])
    again = dataops(served, tmp_path, "download", NC, "-o", "out")
    assert again.stdout.count("already present") == 16
    assert again.stderr.startswith("16 present (208 files), 1 no files; 0 bytes received in ")
    assert not list(tmp_path.rglob(".*.part*"))


def test_a_dry_run_writes_and_builds_nothing(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    done = dataops(
        served,
        tmp_path,
        "download",
        NC,
        "2",
        "--dry-run",
        "--json",
        "--profile",
        "essential",
    )
    files, without = (json.loads(line) for line in done.stdout.splitlines())
    assert (files["files"], files["present"], without["files"]) == (6, False, 0)
    assert not list(tmp_path.iterdir())
    dataops(served, tmp_path, "download", NC, "2", "0", "--profile", "essential")
    selection = ("download", NC, "2", "0", "--profile", "essential")
    assert json.loads(dataops(served, tmp_path, *selection, "--dry-run", "--json").stdout)[
        "present"
    ]


def test_quiet_prints_errors_only(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    done = dataops(served, tmp_path, "download", NC, "1,2", "0", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = dataops(served, tmp_path, "download", NC, "2", "0", "7", "--quiet")
    assert (done.returncode, done.stdout) == (3, "")
    assert "'7'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("download", NC, "9"), 3),
        (("download", "Al", "1"), 3),
        (("download", NC, "2", "5"), 3),
        (("download", NC, "2", "15"), 2),
        (("download", "../x", "1"), 2),
        (("download", NC, "1", "0", "--whole"), 2),
        (("download", NC, "1", "5-0"), 2),
        (("list", "--url", "localhost:8000"), 2),
        (("list", "-P", "nothing"), 2),
        (("download", NC, "1", "--jobs", "0"), 2),
        (("--url", "http://127.0.0.1:1", "compositions"), 4),
        (("verify", "."), 3),
        (("export", "."), 1),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(
    served: LocalDeployment,
    augmented: DataOpsClient,
    tmp_path: Path,
    arguments: tuple[str, ...],
    code: int,
) -> None:
    done = dataops(served, tmp_path, *arguments)
    assert (done.returncode, bool(done.stderr)) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_whole_downloads_one_archive_per_run(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    done = dataops(served, tmp_path, "download", NC, "1,2", "--whole")
    assert done.stdout == f"{NC}/1: 195 files\n{NC}/2: 13 files\n"
    assert all(not checked.differences for checked in verify(tmp_path))


def test_verify_lists_missing_changed_and_extra_files(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    dataops(served, tmp_path, "download", NC, "1", "3", "4")
    place = tmp_path / NC / "1"
    (place / "3" / "QE_done").write_text("2\n")
    (place / "3" / "Zr50Cu40Al10.xyz").unlink()
    (place / "4" / "note").touch()
    done = dataops(served, tmp_path, "verify", NC)
    assert done.returncode == EXIT_FAILURE
    assert done.stdout.splitlines() == [
        "folder\tfiles\tstate\tdifferences",
        f"{NC}/1/3\t13\tMODIFIED\t2",
        f"{NC}/1/4\t13\tMODIFIED\t1",
    ]
    assert set(done.stderr.splitlines()) == {
        f"changed: {NC}/1/3/QE_done",
        f"missing: {NC}/1/3/Zr50Cu40Al10.xyz",
        f"extra: {NC}/1/4/note",
        "2 folders, 26 files, 2 modified",
    }
    (place / "4" / "ro-crate-metadata.json").write_text("{")
    assert (
        f"unreadable: {NC}/1/4/ro-crate-metadata.json" in dataops(served, tmp_path, "verify").stderr
    )


def test_unscheduled_and_empty_sub_runs_have_different_errors(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    done = dataops(served, tmp_path, "download", NC, "2", "5", "7", "--json")
    without, unscheduled = (json.loads(line) for line in done.stdout.splitlines())
    assert (without["outcome"], without["code"]) == ("no files", "not_found")
    assert (unscheduled["outcome"], unscheduled["code"]) == ("failed", "sub_run_not_scheduled")
    assert done.returncode == 3


def test_the_essential_profile_exports_the_same_rows_as_full(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    for profile in ("full", "essential"):
        dataops(served, tmp_path, "download", NC, "1", "--profile", profile, "-o", profile)
        exported = dataops(
            served,
            tmp_path,
            "export",
            profile,
            "--format",
            "csv",
            "--soaps",
            "-o",
            f"{profile}.csv",
        )
        assert exported.returncode == 0, exported.stderr
    assert (tmp_path / "full.csv").read_text() == (tmp_path / "essential.csv").read_text()
    assert len(list((tmp_path / "essential" / NC / "1" / "0").iterdir())) == 7


def test_a_changed_file_is_restored_and_listed(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    dataops(served, tmp_path, "download", NC, "1", "0")
    (tmp_path / NC / "1" / "0" / "QE_done").write_text("mine")
    done = dataops(served, tmp_path, "download", NC, "1", "0")
    assert done.stdout == f"{NC}/1/0: 13 files, restored changed QE_done\n"
    (tmp_path / NC / "1" / "0" / "QE_done").write_text("mine")
    assert json.loads(dataops(served, tmp_path, "download", NC, "1", "0", "--json").stdout)[
        "replaced"
    ] == ["QE_done"]


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal")
def test_the_bar_and_the_result_lines_do_not_mix_on_a_terminal(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    command = [
        sys.executable,
        "-m",
        "dataops_client",
        "--url",
        served.api_url,
        "download",
        NC,
        "1",
        "-j",
        "2",
    ]
    shown, code = run_in_terminal(command, tmp_path)
    assert code == 0
    lines = shown.lines()
    assert [line for line in lines if line.startswith(NC)] == [
        f"{NC}/1/{number}: 13 files" for number in range(15)
    ]
    bars = {line for line in shown.seen if " of 15 " in line}
    assert bars
    for line in bars:
        assert re.match(r"\d+ of 15 sub-runs ", line)
        assert NC not in line
    again, code = run_in_terminal(command, tmp_path)
    assert [line for line in again.lines() if line.startswith(NC)] == [
        f"{NC}/1/{number}: already present" for number in range(15)
    ]
    assert not [line for line in again.seen if "B/s" in line]  # nothing was received


def test_one_failure_does_not_stop_the_others(augmented: DataOpsClient, tmp_path: Path) -> None:
    (tmp_path / NC / "1" / "3").mkdir(parents=True)
    (tmp_path / NC / "1" / "3" / "mine").touch()
    counted: dict[str, int] = {}

    def progress(wanted: object, arrived: int, total: int) -> None:
        counted[str(wanted)] = counted.get(str(wanted), 0) + arrived

    results: list[DownloadResult] = list(
        download_all(
            augmented, list_targets(augmented, NC, ["1"]), tmp_path, jobs=3, progress=progress
        )
    )
    assert [result.status for result in results] == [
        "downloaded" if number != 3 else "failed" for number in range(15)
    ]
    assert type(results[3].error).__name__ == "TargetNotEmpty"
    assert counted[f"{NC}/1/0"] == results[0].download.link.size_bytes  # type: ignore[union-attr]
    assert all(
        each.present is (each.target.sub_run != "3")
        for each in dry_run(augmented, list_targets(augmented, NC, ["1"]), tmp_path)
    )


def test_a_composition_without_scheduled_runs_is_not_found(augmented: DataOpsClient) -> None:
    with pytest.raises(NotFound, match="'Al'"):
        list_targets(augmented, "Al")


def _restore_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(os.name != "posix", reason="SIGINT")
def test_the_same_command_resumes_after_ctrl_c(tmp_path: Path, httpserver: HTTPServer) -> None:
    content = os.urandom(3_000_000)
    with fault_server(content, seed=2) as storage:
        url = serve_fake_api(httpserver, storage)
        storage.faults = ["stall"]
        command = [
            sys.executable,
            "-m",
            "dataops_client",
            "--url",
            url,
            "download",
            "Al2",
            "1",
            "0",
        ]
        # Background processes ignore SIGINT, and so do their children.
        with subprocess.Popen(
            command,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_restore_sigint,  # noqa: PLW1509 - it starts no thread
        ) as process:
            assert storage.stalled.wait(30)
            process.send_signal(signal.SIGINT)
            _, output = process.communicate(timeout=30)
        assert (process.returncode, "repeat the command to resume" in output) == (
            EXIT_INTERRUPTED,
            True,
        )
        assert [path.suffix for path in sorted((tmp_path / "Al2" / "1").iterdir())] == [
            ".part",
            ".json",
        ]
        again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (
            again.returncode == EXIT_FAILURE
        )  # random bytes are not a ZIP; all of them were received
        assert storage.ranges[1] is not None
        assert not list((tmp_path / "Al2" / "1").iterdir())


def public(kind: type) -> set[str]:
    return {name for name, value in inspect.getmembers(kind, callable) if not name.startswith("_")}


def test_the_asynchronous_client_has_the_methods_of_the_other() -> None:
    local = {"local_path"}  # sends no request
    assert public(AsyncDataOpsClient) == public(DataOpsClient) - local
    for name in public(AsyncDataOpsClient) - {"close"}:
        one, other = getattr(DataOpsClient, name), getattr(AsyncDataOpsClient, name)
        assert inspect.iscoroutinefunction(other)
        assert (inspect.signature(one), one.__doc__) == (inspect.signature(other), other.__doc__)
    assert inspect.signature(AsyncDataOpsClient).parameters.keys() - inspect.signature(
        DataOpsClient
    ).parameters.keys() == {"jobs"}


def test_the_asynchronous_client_downloads_concurrently(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    async def downloads() -> list[Path]:
        async with AsyncDataOpsClient(served.api_url) as client:
            assert NC in await client.compositions()
            status = await client.wait(NC, "1", timeout_seconds=60)
            done = await asyncio.gather(
                *(client.download(NC, "1", sub_run, tmp_path) for sub_run in status.sub_runs)
            )
            with pytest.raises(NotFound):
                await client.status(NC, "7")
            return [each.path for each in done]

    paths = asyncio.run(downloads())
    assert paths == [tmp_path / NC / "1" / str(number) for number in range(15)]
    assert all(not checked.differences for checked in verify(tmp_path))


def test_a_cancelled_download_stops_and_keeps_its_data(
    tmp_path: Path, httpserver: HTTPServer
) -> None:
    content = os.urandom(3_000_000)

    async def cancelled(url: str) -> None:
        async with AsyncDataOpsClient(url) as client:
            task = asyncio.create_task(client.download("Al2", "1", "0", tmp_path))
            await asyncio.to_thread(storage.stalled.wait, 30)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with fault_server(content, seed=2) as storage:
        url = serve_fake_api(httpserver, storage)
        storage.faults = ["stall"]
        asyncio.run(cancelled(url))
        assert list((tmp_path / "Al2" / "1").glob(".*.part"))


def test_waiting_for_the_api_can_be_cancelled(tmp_path: Path, httpserver: HTTPServer) -> None:
    cancel = threading.Event()
    cancel.set()
    with fault_server(b"x") as storage:
        url = serve_fake_api(httpserver, storage, building=True)
        with DataOpsClient(url) as client:
            with pytest.raises(Cancelled):
                client.download("Al2", "1", "0", tmp_path, cancel=cancel)
            with pytest.raises(Cancelled):
                client.wait("Al2", "1", cancel=cancel)


def test_the_command_is_installed() -> None:
    assert shutil.which("dataops", path=BIN)


def test_a_damaged_archive_is_rebuilt_and_downloaded(
    served: LocalDeployment, augmented: DataOpsClient, aws: Aws, tmp_path: Path
) -> None:
    """Change the ZIP and the ETag of its record: the store reports no difference."""
    bucket = served.environment["DATA_BUCKET"]
    link = augmented.link(NC, "1", "9")
    content = bytearray(aws.s3.get_object(Bucket=bucket, Key=link.archive_key)["Body"].read())
    content[len(content) // 2] ^= 0xFF
    etag = aws.s3.put_object(Bucket=bucket, Key=link.archive_key, Body=bytes(content))["ETag"]
    record_key = link.archive_key.replace(".zip", ".json")
    record = json.loads(aws.s3.get_object(Bucket=bucket, Key=record_key)["Body"].read())
    aws.s3.put_object(
        Bucket=bucket, Key=record_key, Body=json.dumps(record | {"etag": etag}).encode()
    )
    download = augmented.download(NC, "1", "9", tmp_path)
    assert (download.link.cached, download.link.sha256) == (False, link.sha256)
    assert [checked.differences for checked in verify(tmp_path)] == [()]


def test_ranges_outcomes_and_globs_select_what_is_downloaded(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    done = dataops(served, tmp_path, "download", NC, "1,2", "0-1,3", "--dry-run")
    assert done.returncode == 0
    assert [line.split("\t")[0] for line in done.stdout.splitlines()[1:]] == [
        *(f"{NC}/1/{number}" for number in (0, 1, 3)),
        *(f"{NC}/2/{number}" for number in (0, 1, 3)),
    ]
    selection = ("--outcome", "DONE", "--labels-complete", "--include", "*.vec", "-o", "vectors")
    done = dataops(served, tmp_path, "download", NC, "2", *selection)
    assert (done.returncode, done.stdout) == (0, f"vectors/{NC}/2/0: 1 file\n")
    assert {path.name for path in (tmp_path / "vectors" / NC / "2" / "0").iterdir()} == {
        "SOAPS.vec",
        "ro-crate-metadata.json",
    }


def test_a_selection_keeps_the_other_files_of_a_folder(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    full = augmented.download(NC, 1, 0, tmp_path)
    again = augmented.download(NC, 1, 0, tmp_path, include=["*.vec"])
    assert not again.downloaded
    (full.path / "SOAPS.vec").write_text("changed")
    with pytest.raises(TargetNotEmpty, match="not in this selection of files"):
        augmented.download(NC, 1, 0, tmp_path, include=["*.vec"])
    assert len(list(full.path.iterdir())) == 14
    augmented.download(NC, 1, 0, tmp_path, include=["*.vec"], force=True)
    assert len(list(full.path.iterdir())) == 2
    assert augmented.download(NC, 1, 0, tmp_path).downloaded


def test_sub_runs_of_a_run_are_downloaded_as_one_archive(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    download = augmented.download_run(NC, 1, tmp_path, sub_runs=[0, 3], profile="essential")
    assert {path.name for path in download.path.iterdir()} == {"0", "3", "ro-crate-metadata.json"}
    assert download.link.file_count == 12
    with pytest.raises(TargetNotEmpty, match="not in this selection of files"):
        augmented.download_run(NC, 1, tmp_path, sub_runs=[4])


def test_one_command_does_the_whole_job(sample_stack: SampleStack, tmp_path: Path) -> None:
    with sample_stack() as running:
        arguments = ("run", NC, "--augment", "--wait", "--key", "task-17", "-o", "data", "--json")
        for outcome in ("downloaded", "present"):
            done = dataops(running, tmp_path, *arguments)
            assert done.returncode == 0, done.stderr
            assert f"scheduled {NC} 1\nrun 1 DONE (simulated executor" in done.stderr
            results = [json.loads(line) for line in done.stdout.splitlines()]
            assert [result["outcome"] for result in results] == [outcome] * 15
        with DataOpsClient(running.api_url) as client:
            bonds = client.summary()[NC].bonds
        assert dataops(running, tmp_path, "compositions").stdout.splitlines()[1:] == [
            "Zr49Cu49Al2\t0\t0\t\t\t\t",
            f"{NC}\t1\t15\t15\t0\t0\t{bonds}",
        ]


def test_files_and_bonds_of_a_sub_run_are_listed_and_fetched(
    served: LocalDeployment, augmented: DataOpsClient, tmp_path: Path
) -> None:
    listed = dataops(served, tmp_path, "files", NC, "1", "0")
    assert listed.stdout.splitlines()[:2] == [
        "name\trole\tsize_bytes",
        "ICOHPLIST.lobster\tbond-strengths\t5926",
    ]
    assert listed.stderr == "13 files, 62.2 kB\n"
    printed = dataops(served, tmp_path, "file", NC, "1", "0", "ICOHPLIST.lobster", "-o", "-")
    written = dataops(served, tmp_path, "file", NC, "1", "0", "ICOHPLIST.lobster")
    assert written.stdout == "ICOHPLIST.lobster\n"
    assert (tmp_path / "ICOHPLIST.lobster").read_text() == printed.stdout
    bonds = dataops(served, tmp_path, "bonds", NC, "1", "0").stdout.splitlines()
    assert len(bonds) == len(augmented.bonds(NC, 1, 0).bonds) + 1
    assert bonds[0] == "label_a\tlabel_b\tbond_type\tdistance_angstrom\tminus_icohp_ev"
    found = json.loads(dataops(served, tmp_path, "bonds", NC, "1", "0", "--json").stdout)
    assert found["bonds"][0]["minus_icohp_ev"] > 0
