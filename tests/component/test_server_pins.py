"""What the API's image runs needs nothing but its pins."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from localdev.paths import ROOT

_PINS = (ROOT / "requirements/server.txt").read_text()
_RUN = """
import asyncio, importlib.metadata, json, re, sys

pinned = {*json.loads(sys.argv[1]), "dataops-api"}  # the product itself
found = importlib.metadata.packages_distributions()
installed = {module for module, names in found.items() if {re.sub("[-_.]+", "-", name).lower() for name in names} & pinned}

class OnlyPinned:
    def find_spec(self, name, path=None, target=None):
        module = name.partition(".")[0]
        if module in found and module not in installed:
            raise ModuleNotFoundError(f"no module named {name!r} in the image", name=name)

sys.meta_path.insert(0, OnlyPinned())
import server.admin, server.asgi, server.provision, server.run

async def request():
    sent = []
    async def send(message): sent.append(message)
    scope = {"type": "http", "method": "GET", "raw_path": b"/docs", "query_string": b"", "headers": []}
    await server.asgi.create_application(1)(scope, None, send)
    assert sent[0]["status"] == 200, sent

asyncio.run(request())
"""


def run(pins: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _RUN, json.dumps(pins)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_image_imports_pinned_packages_only() -> None:
    done = run(re.findall(r"^([a-z0-9-]+)==", _PINS, re.MULTILINE))
    assert done.returncode == 0, done.stderr


def test_a_missing_pin_is_noticed() -> None:
    done = run(
        [name for name in re.findall(r"^([a-z0-9-]+)==", _PINS, re.MULTILINE) if name != "six"]
    )
    assert "no module named 'six" in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "moto",
        "flask",
        "docker",
        "cryptography",
        "inquirer",
        "pip",
        "setuptools",
        "wheel",
        "hatchling",
    ],
)
def test_the_image_contains_no_emulator_and_no_build_tools(name: str) -> None:
    assert not re.search(rf"^{name}==", _PINS, re.MULTILINE)
    assert (
        "--no-deps --require-hashes -r server.txt"
        in (ROOT / "deploy" / "api.Dockerfile").read_text()
    )
