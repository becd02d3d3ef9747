"""Speed of the packer: compared with zipfile, and with the least work on the same cores."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from chalicelib.zipstream import Member, ZipStream

from .floors import pack
from .rows import Row
from .service import timed

_ROUNDS = 3


def measure_packing(data: Path) -> list[Row]:
    """Pack every SOAPS.vec in `data`: with zipfile, with ZipStream, and without an archive."""
    contents = [path.read_bytes() for path in sorted(data.rglob("SOAPS.vec"))]
    if not contents:
        sys.exit(f"no SOAPS.vec found below {str(data)!r}")
    total = sum(map(len, contents))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ways: dict[str, tuple[Callable[[], object], int | None]] = {
            "one core": (lambda: _pack(contents, 1), 1),
            "one core, floor": (lambda: list(map(_pack_without_archive, contents)), 1),
            "all cores": (lambda: _pack(contents, 2), None),
            "all cores, floor": (lambda: list(pool.map(_pack_without_archive, contents)), None),
        }
        seconds = dict.fromkeys(ways, float("inf"))
        for _ in range(_ROUNDS):
            for name, (way, cores) in ways.items():
                with _limit_cores(cores):
                    seconds[name] = min(seconds[name], timed(way))
    zipfile_seconds = timed(lambda: _pack_with_zipfile(contents))
    return [
        Row(
            "Packing SOAPS.vec",
            name,
            "MB/s",
            total / seconds[name] / 1e6,
            total / zipfile_seconds / 1e6,
            total / seconds[f"{name}, floor"] / 1e6,
        )
        for name in ("one core", "all cores")
    ]


def _pack(contents: Sequence[bytes], workers: int) -> None:
    def source(position: int) -> Member:
        content = contents[position]
        return Member(f"{position}", len(content), lambda: iter([content]))

    for _ in ZipStream([source(position) for position in range(len(contents))], workers=workers):
        pass


def _pack_without_archive(content: bytes) -> None:
    hashlib.sha256(pack(content))


def _pack_with_zipfile(contents: Sequence[bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for position, content in enumerate(contents):
            archive.writestr(f"{position}", content)


@contextmanager
def _limit_cores(count: int | None) -> Iterator[None]:
    """Limit the threads that are started in the context to this number of cores."""
    if count is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    available = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(available)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, available)
