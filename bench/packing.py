"""Speed of the packer compared with zipfile and with ISA-L alone, its memory, and many members.

    python -m bench.packing [DIRECTORY]

It packs every SOAPS.vec below DIRECTORY (default: DATA_DIR, or the sample in data/). Every figure
is the best of several rounds. The variants alternate, so that other load on the machine affects
all of them.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import multiprocessing
import os
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from isal import isal_zlib

from chalicelib.zipstream import Member, ZipStream
from chalicelib.zipstream.pipeline import LEVEL

MIB = 2**20


@dataclass(frozen=True)
class Throughput:
    name: str
    bytes_per_second: float
    ratio: float


@dataclass(frozen=True)
class Growth:
    """Growth of the memory of a process that packs `size_bytes`, and the time that it takes."""

    name: str
    size_bytes: int
    peak_bytes: int
    seconds: float


def main() -> None:
    default = Path(os.environ.get("DATA_DIR") or Path(__file__).parents[1] / "data")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path, nargs="?", default=default)
    for line in measure_packing(read_contents(parser.parse_args().directory), rounds=5):
        print(line)


def measure_packing(contents: Sequence[bytes], rounds: int) -> Iterator[str]:
    """Yield the lines of the report: a table of speeds, the memory, and many members."""
    rows = measure_throughputs(contents, rounds)
    level_6, ceiling = (
        next(row for row in rows if row.name.startswith(name))
        for name in ("zipfile level 6", "ISA-L alone")
    )
    yield "| | MB/s | ratio | times level 6 | of ISA-L alone |"
    yield "|---|---:|---:|---:|---:|"
    for row in rows:
        speed = row.bytes_per_second
        relative = (
            f"{speed / level_6.bytes_per_second:.1f} | {speed / ceiling.bytes_per_second:.0%}"
        )
        yield f"| {row.name} | {speed / 1e6:.0f} | {row.ratio:.2f} | {relative} |"
    yield ""
    for name in ("pack",):
        growth = measure_memory(name, contents[0])
        size, peak = growth.size_bytes / 2**30, growth.peak_bytes / MIB
        speed = growth.size_bytes / growth.seconds / 1e6
        yield f"- {name} {size:.0f} GiB: peak RSS +{peak:.0f} MiB, {speed:.0f} MB/s"
    small, large = (min(_time_members(count) for _ in range(3)) for count in (1_000, 10_000))
    yield f"- 10,000 small members: {large / small:.1f} times as long as 1,000 ({large:.2f} s)"


def read_contents(directory: Path) -> list[bytes]:
    contents = [path.read_bytes() for path in sorted(directory.rglob("SOAPS.vec"))]
    if not contents:
        sys.exit(f"no SOAPS.vec found below {str(directory)!r}")
    return contents


def measure_throughputs(contents: Sequence[bytes], rounds: int) -> list[Throughput]:
    total, one_core = sum(map(len, contents)), "one core: "
    ways: dict[str, tuple[Callable[[], int], int]] = {
        "zipfile level 6 (stdlib)": (lambda: _zip_with_stdlib(contents, 6), 1),
        "zipfile level 1 (stdlib)": (lambda: _zip_with_stdlib(contents, 1), rounds),
        "ISA-L alone": (
            lambda: sum(len(isal_zlib.compress(content, LEVEL, -15)) for content in contents),
            rounds,
        ),
        "ISA-L, its CRC-32, SHA-256 of both, no archive": (
            lambda: sum(map(_compress_and_hash, contents)),
            rounds,
        ),
        f"{one_core}ZipStream, 1 worker": (lambda: _zip_with_stream(contents, 1), rounds),
        f"{one_core}ZipStream, 2 workers": (lambda: _zip_with_stream(contents, 2), rounds),
        "ZipStream, 1 worker": (lambda: _zip_with_stream(contents, 1), rounds),
        "ZipStream, 2 workers": (lambda: _zip_with_stream(contents, 2), rounds),
    }
    best = dict.fromkeys(ways, float("inf"))
    out_bytes = {}
    for turn in range(rounds):
        for name, (way, turns) in ways.items():
            if turn >= turns:
                continue
            with _limit_cores(1 if name.startswith(one_core) else None):
                began = time.perf_counter()
                out_bytes[name] = way()
                best[name] = min(best[name], time.perf_counter() - began)
    return [Throughput(name, total / best[name], total / out_bytes[name]) for name in ways]


def measure_memory(name: str, content: bytes, size_bytes: int = 4 * 2**30) -> Growth:
    """Pack `size_bytes` of repeated `content` in a separate process."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe()
    process = context.Process(target=_pack, args=(content, size_bytes, sender))
    process.start()
    peak_bytes, seconds = receiver.recv()
    process.join()
    return Growth(name, size_bytes, peak_bytes, seconds)


def _time_members(count: int) -> float:
    sources = [_source(f"member-{number}", [b"content %d" % number]) for number in range(count)]
    began = time.perf_counter()
    for _ in ZipStream(sources):
        pass
    return time.perf_counter() - began


def _source(name: str, chunks: Sequence[bytes]) -> Member:
    return Member(name, sum(map(len, chunks)), lambda: iter(chunks))


def _zip_with_stream(contents: Sequence[bytes], workers: int) -> int:
    sources = [_source(f"{number}", [content]) for number, content in enumerate(contents)]
    return sum(map(len, ZipStream(sources, workers=workers)))


def _compress_and_hash(content: bytes) -> int:
    """Do the minimum work of the packer on one core, which limits its speed there."""
    hashlib.sha256(content)
    isal_zlib.crc32(content)
    deflated = isal_zlib.compress(content, LEVEL, -15)
    hashlib.sha256(deflated)
    return len(deflated)


def _zip_with_stdlib(contents: Sequence[bytes], level: int) -> int:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}", content)
    return sink.tell()


def _pack(content: bytes, size_bytes: int, result: Connection) -> None:
    chunks = [content[start : start + MIB // 4] for start in range(0, len(content), MIB // 4)]
    member_bytes = size_bytes // 8

    def iter_member() -> Iterator[bytes]:
        left = member_bytes
        while left:
            for chunk in chunks:
                piece = chunk[:left]
                yield piece
                left -= len(piece)

    stream = ZipStream([Member(f"{number}", member_bytes, iter_member) for number in range(8)])
    before = _read_memory_bytes("VmRSS")
    began = time.perf_counter()
    for _ in stream:
        pass
    result.send((_read_memory_bytes("VmHWM") - before, time.perf_counter() - began))


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


def _read_memory_bytes(field: str) -> int:
    """Return a field of /proc/self/status.

    VmHWM is the high-water mark of this program alone; that of getrusage includes the parent's.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise LookupError(field)


if __name__ == "__main__":
    main()
