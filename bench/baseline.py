"""The baseline: a download from the FastAPI prototype.

    python -m bench.baseline DATA_DIR

It prints its address once it accepts requests. Every request copies the files from the local disk
and creates a new ZIP archive of them.
"""

from __future__ import annotations

import shutil
import socket
import sys
import tempfile
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from localdev.child_process import exit_with_parent


def create_app(data: Path) -> FastAPI:
    app = FastAPI()

    # unused-ignore: mypy sees an untyped decorator only if FastAPI is not installed.
    @app.get("/v1/generate/{nc}/{id_run}/{sub_run}/download")  # type: ignore[untyped-decorator, unused-ignore]
    def download(nc: str, id_run: str, sub_run: str) -> FileResponse:
        below = f"c/md/lammps/100/{id_run}/2000/{sub_run}"
        work = Path(tempfile.mkdtemp())
        files = work / "files"
        files.mkdir()
        for item in (data / nc / below).iterdir():
            shutil.copy(item, files)
        soaps = data / f"{nc}-SOAPS" / below / "SOAPS.vec"
        if soaps.exists():
            shutil.copy(soaps, files)
        archive = shutil.make_archive(str(work / "archive"), "zip", root_dir=files)
        return FileResponse(
            archive, media_type="application/zip", background=BackgroundTask(shutil.rmtree, work)
        )

    return app


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    exit_with_parent()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(create_app(Path(sys.argv[1])), log_level="error")).run([listener])


if __name__ == "__main__":
    main()
