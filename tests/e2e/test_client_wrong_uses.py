"""Wrong uses of the command: each message states what is wrong and what to do.

The table is that of the first review by new users; its numbers are kept. Wrong uses of `make` and of
the API without the client are tested elsewhere (30 to 32 of `make`, 28 of the API); those
of tokens, 25 and 26, in tests/component/test_client_cli.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from dataops_client import DataOpsClient

from localdev.deployment import LocalDeployment
from tests.e2e.conftest import SampleStack

NC = "Zr50Cu40Al10"
WRONG_USES = {
    "1 --url after the command, without a scheme": (
        "list --url X", 2, "invalid API URL 'X'; write http:// or https:// before it, such as http://X",
    ),
    "2 no scheme": (
        "list --url localhost:8077", 2, "write http:// or https:// before it, such as http://localhost:8077",
    ),
    "3 no server": (
        "list --url http://localhost:1", 4,
        "nothing listens on http://localhost:1; start `make serve`, or set DATAOPS_URL or --url",
    ),
    "5 https to http": ("list --url {https}", 4, "does not use TLS; write http:// in the URL: {url}"),
    "6 unknown host": (
        "list --url http://nothing.invalid", 4,
        "host 'nothing.invalid' is unknown; check the URL (DATAOPS_URL or --url) and the network",
    ),
    "7 another web server": (
        "list --url {other}", 1, "it is not a DataOps API: check the URL (DATAOPS_URL or --url)",
    ),
    "8 lower case": ("generate zr50cu40al10", 2, "such as 'Zr49Cu49Al2'"),
    "9 no such composition": ("generate Fe2O3", 3, "hint: `dataops compositions` and `dataops list` list"),
    "10 nothing left": (f"generate {NC} --count 50", 3, "hint: `dataops list NC` lists the runs"),
    "11 sub-run 15": (f"augment {NC} 1 15", 2, "sub-run 15 does not exist; use 1 to 14"),
    "12 sub-run 0": (f"augment {NC} 1 0", 2, "sub-run 0 is scheduled together with its run; use 1 to 14"),
    "13 run not scheduled": (f"augment {NC} 99", 3, "hint: `dataops compositions` and `dataops list` list"),
    "14 run that is no number": (f"status {NC} abc", 2, "'abc' is not a number or a range; use for example"),
    "15 misspelled command": ("lists", 2, "Did you mean 'list'?"),
    "16 runs as two arguments": (
        f"download {NC} 21 22", 2,
        "sub-run 22 does not exist; use 0 to 14 (several runs are written as one argument, such as 21,22)",
    ),
    "17 reversed range": (f"download {NC} 1 5-0", 2, "range '5-0' is reversed; use 0-5"),
    "18 unknown profile of files": (f"download {NC} 1 --profile small", 2, "'essential'"),
    "19 sub-runs and --whole": (
        f"download {NC} 1 0 --whole", 2, "sub-runs cannot be given together with --whole",
    ),
    "20 no jobs": (f"download {NC} 1 -j 0", 2, "0 is not in the range 1<=x<=32"),
    "21 output is a file": (f"download {NC} 1 0 -o {__file__}", 1, "Not a directory"),
    "22 folder does not exist": ("verify nothing", 3, "folder 'nothing' does not exist"),
    "22 folder without archives": (
        "verify .", 3, "name the folder that `dataops download` wrote to",
    ),
    "24 unknown format": ("export . --format xlsx", 2, "'xlsx' is not one of 'parquet', 'csv'"),
    "27 token with a line feed": (
        "list", 1, "DATAOPS_TOKEN contains a character that is not allowed in a token",
    ),
    "29 sub-run not scheduled": (f"download {NC} 1 9", 3, "augment the run first"),
    "unknown profile of the configuration": (
        "list -P nope", 2, "profile 'nope' does not exist; `dataops login -P nope --url URL` creates it",
    ),
    "no such file": (f"file {NC} 1 0 nothing", 3, "hint: `dataops files NC RUN SUB_RUN` lists the files"),
    "no sub-run matches": (
        f"download {NC} 1 --outcome NO_DATA", 3, "`dataops status NC RUN` lists sub-runs and outcomes",
    ),
    "selection into a folder with other files": (
        f"download {NC} 1 0 --include *.xyz", 1,
        "choose another folder (--output), or replace the files (--force)",
    ),
    "note in a folder": (
        f"download {NC} 1 0 -o noted", 1, "'mine.txt', which is not from an archive; move it elsewhere",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def served(sample_stack: SampleStack) -> Iterator[LocalDeployment]:
    """Serve run 1 of NC, of which only sub-run 0 is scheduled."""
    with sample_stack() as running, DataOpsClient(running.api_url) as client:
        client.generate(NC)
        yield running


@pytest.fixture(scope="module")
def other_server() -> Iterator[str]:
    """Serve files by another web server, which responds with pages of HTML."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", WRONG_USES)
def test_a_wrong_use_is_explained_with_what_to_do(
    served: LocalDeployment, other_server: str, tmp_path: Path, name: str
) -> None:
    arguments, code, message = WRONG_USES[name]
    urls = {
        "url": served.api_url,
        "https": served.api_url.replace("http:", "https:"),
        "other": other_server,
    }
    environment = {**os.environ, "DATAOPS_URL": served.api_url, "COLUMNS": "80"}
    environment["XDG_CONFIG_HOME"] = str(tmp_path / "configuration")
    if name.startswith("27"):
        environment["DATAOPS_TOKEN"] = "the_secret\nthe_secret"
    if name.startswith("selection"):
        with DataOpsClient(served.api_url) as client:
            client.download(NC, 1, 0, tmp_path)
            (tmp_path / NC / "1" / "0" / f"{NC}.xyz").unlink()
    if name.startswith("note"):
        (tmp_path / "noted" / NC / "1" / "0").mkdir(parents=True)
        (tmp_path / "noted" / NC / "1" / "0" / "mine.txt").touch()
    done = subprocess.run(
        [sys.executable, "-m", "dataops_client", *arguments.format(**urls).split()],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert message.format(**urls) in done.stderr
    for forbidden in (
        "Traceback",
        "(HTTP",
        "the_secret",
        "regex",
        "<html",
        "[Errno 111]",
        "_ssl.c",
    ):
        assert forbidden not in done.stderr
    assert not re.search(r"\^\[|\{1,", done.stderr)


def test_the_version_in_the_url_is_ignored(served: LocalDeployment, tmp_path: Path) -> None:
    """Wrong use 4."""
    done = subprocess.run(
        [sys.executable, "-m", "dataops_client", "compositions", "--url", f"{served.api_url}/v1"],
        env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, NC in done.stdout) == (0, True)


def test_numbers_are_accepted_as_integers(served: LocalDeployment) -> None:
    """Wrong use 33."""
    with DataOpsClient(served.api_url) as client:
        assert client.status(NC, 1).sub_runs == ("0",)
