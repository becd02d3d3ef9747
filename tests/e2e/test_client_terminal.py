"""Command `dataops` on a terminal and in a shell: completion, live lines and questions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.terminal import run_in_terminal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal")

BIN = str(Path(sys.executable).parent)
STATUS = {
    "nc": "Al2", "id_run": "1", "sub_runs": ["0"], "run_scheduled_at": "2026-01-01T00:00:00+00:00",
    "sub_runs_scheduled_at": None, "sub_runs_status": None,
    "sub_run_outcomes": {"0": {"outcome": "DONE", "scf_iterations": 9}},
}  # fmt: skip
MANIFEST = {
    "nc": "Al2", "id_run": "1", "sub_run": None, "missing": [], "skipped": [],
    "files": [{"name": "0/a", "size_bytes": 20 * 10**9, "role": "other", "etag": "e"}],
}  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATAOPS_")}
    return kept | {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(tmp_path / "configuration"),
    }


def complete(environment: dict[str, str], folder: Path, *words: str) -> list[str]:
    """Return the words that bash offers for the last of these words of a command line."""
    line = " ".join(f"'{word}'" for word in words)
    script = f"""
        eval "$(dataops completion bash)"
        COMP_WORDS=({line}) COMP_CWORD={len(words) - 1}
        $(complete -p dataops | sed 's/.*-F \\([^ ]*\\) .*/\\1/') dataops
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-ec", script],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_bash_completes_commands_and_options(environment: dict[str, str], tmp_path: Path) -> None:
    assert complete(environment, tmp_path, "dataops", "dow") == ["download"]
    assert complete(environment, tmp_path, "dataops", "f") == ["find", "files", "file"]
    assert complete(environment, tmp_path, "dataops", "dataset", "p") == ["pull"]
    assert complete(environment, tmp_path, "dataops", "download", "Al2", "--la") == [
        "--labels-complete"
    ]
    assert "--url" in complete(environment, tmp_path, "dataops", "--")
    assert not (tmp_path / "configuration").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_accepts_its_script(
    environment: dict[str, str], tmp_path: Path, shell: str
) -> None:
    script = subprocess.run(
        ["dataops", "completion", shell],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "_DATAOPS_COMPLETE" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is missing; on Debian: apt-get install {shell}")
    (tmp_path / "script").write_text(script)
    subprocess.run([shell, "-n", "script"], cwd=tmp_path, check=True)


@pytest.fixture
def api(httpserver: HTTPServer, environment: dict[str, str]) -> Iterator[HTTPServer]:
    """Serve a run that is RUNNING once, then DONE, and whose sub-run has 20 GB."""
    states = iter(["RUNNING", "DONE", "DONE", "DONE"])

    def respond(request: Request) -> Response:
        body = json.dumps(STATUS | {"run_status": next(states)})
        return Response(body, headers={"Retry-After": "0"}, mimetype="application/json")

    httpserver.expect_request("/v1/generate/Al2/1/status").respond_with_handler(respond)
    httpserver.expect_request("/v1/generate/Al2/1/manifest").respond_with_json(MANIFEST)
    httpserver.expect_request("/v1/generate/Al2/1/0/download").respond_with_json(
        {"detail": "the sub-run has no files", "code": "not_found"}, status=404
    )
    environment["DATAOPS_URL"] = httpserver.url_for("").rstrip("/")
    yield httpserver


def test_a_live_line_shows_the_state_while_waiting(
    api: HTTPServer, environment: dict[str, str], tmp_path: Path
) -> None:
    command = ["dataops", "status", "Al2", "1", "--wait"]
    shown, code = run_in_terminal(command, tmp_path, environment=environment, columns=80)
    assert code == 0
    assert any("run 1 RUNNING; files: 1 done" in line for line in shown.seen)
    assert shown.lines() == [
        "sub-run  deformation  outcome  SCF steps  energy (Ry)  bonds",
        "0        reference    done             9            -      -",
        "run 1 DONE (simulated executor: no calculation is run), not augmented; files: 1 done",
    ]


def test_an_exceeded_time_limit_has_its_exit_code(
    httpserver: HTTPServer, environment: dict[str, str], tmp_path: Path
) -> None:
    httpserver.expect_request("/v1/generate/Al2/1/status").respond_with_json(
        STATUS | {"run_status": "RUNNING"}, headers={"Retry-After": "60"}
    )
    url = httpserver.url_for("").rstrip("/")
    command = ["dataops", "status", "Al2", "1", "--wait", "--timeout", "30", "--url", url]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr == (
        "dataops: time limit exceeded: run 1 of Al2 is RUNNING after 30 s (--timeout)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "typed", "confirmed", "code"),
    [((), "n\n", True, 1), ((), "y\n", True, 0), (("--yes",), "", False, 0)],
)
def test_a_large_download_is_confirmed_on_a_terminal(
    api: HTTPServer,
    environment: dict[str, str],
    tmp_path: Path,
    arguments: tuple[str, ...],
    typed: str,
    confirmed: bool,
    code: int,
) -> None:
    command = ["dataops", "download", "Al2", "1", *arguments]
    shown, returned = run_in_terminal(
        command, tmp_path, environment=environment, columns=80, prompt="[y/N]: ", typed=typed
    )
    output = "\n".join(shown.lines())
    assert ("Download 20.0 GB (unpacked) of 1 run? [y/N]:" in output) is confirmed
    assert (returned, "Al2/1/0: no files" in output) == (code, code == 0), output


def test_no_question_is_printed_without_a_terminal(
    api: HTTPServer, environment: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        ["dataops", "download", "Al2", "1"],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Al2/1/0: no files\n", "")


def test_a_token_is_not_echoed_at_the_prompt(
    httpserver: HTTPServer, environment: dict[str, str], tmp_path: Path
) -> None:
    httpserver.expect_request("/v1/whoami").respond_with_json(
        {"auth": "token", "name": "ada", "scopes": ["read"], "expires_at": None}
    )
    command = ["dataops", "login", "--url", httpserver.url_for("").rstrip("/")]
    shown, code = run_in_terminal(
        command,
        tmp_path,
        environment=environment,
        columns=80,
        prompt="Token for http",
        typed="the_secret\n",
    )
    output = "".join(shown.lines())
    assert (code, "as ada; profile default" in output, "the_secret" in output) == (0, True, False)
    stored = (tmp_path / "configuration" / "dataops" / "credentials.toml").read_text()
    assert 'token = "the_secret"' in stored
