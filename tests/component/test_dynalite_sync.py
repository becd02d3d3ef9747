"""`deploy/dynalite/synced.js`, which makes dynalite write to disk before it responds."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from localdev.paths import ROOT

FOLDER = ROOT / "deploy" / "dynalite"
SCRIPT = """
const { ClassicLevel } = require('classic-level'), level = new ClassicLevel()
console.log(JSON.stringify([level._put('k', 'v', {a: 1}), level._del('k', {}), level._batch([1], {sync: false})]))
"""


def run_synced(folder: Path, methods: str) -> subprocess.CompletedProcess[str]:
    """Run `synced.js` on a LevelDB class with these methods; print the arguments of writes."""
    if not (node := shutil.which("node")):
        pytest.skip("Node.js is missing: on Debian, apt-get install nodejs")
    library = folder / "classic-level"
    library.mkdir()
    (library / "index.js").write_text(f"exports.ClassicLevel = class {{ {methods} }}")
    return subprocess.run(
        [node, "--require", str(FOLDER / "synced.js"), "-e", SCRIPT],
        env={"NODE_PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_write_is_synchronous(tmp_path: Path) -> None:
    methods = " ".join(f"{name}(...args) {{ return args }}" for name in ("_put", "_del", "_batch"))
    done = run_synced(tmp_path, methods)
    assert json.loads(done.stdout) == [
        ["k", "v", {"a": 1, "sync": True}],
        ["k", {"sync": True}],
        [[1], {"sync": True}],
    ]
    server = (FOLDER / "server.js").read_text()
    assert 0 < server.index("require('./synced.js')") < server.index("require('dynalite')")


def test_a_leveldb_with_another_write_method_does_not_start(tmp_path: Path) -> None:
    done = run_synced(tmp_path, "_put() {} _del() {}")
    assert done.returncode != 0
    assert "has no _batch" in done.stderr
