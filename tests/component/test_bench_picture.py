"""The picture of the benchmark. It is no unit test: matplotlib writes a cache of fonts."""

from __future__ import annotations

from pathlib import Path

from bench.picture import draw
from bench.rows import Report, Row


def test_the_picture_is_a_small_svg_that_is_the_same_each_time(tmp_path: Path) -> None:
    rows = (
        Row("Downloads, verified", "first", "ms", 80, 400, 60, 100),
        Row("Links with 20 ms", "first", "ms", 160, None, 110, 170),
        Row("Requests per second, 1 worker", "status, 8 callers", "requests/s", 150),
        Row("Requests per second, 2 workers", "status, 8 callers", "requests/s", 250),
    )
    paths = [tmp_path / name for name in ("a.svg", "b.svg")]
    for path in paths:
        draw(Report("2026-11-29", "two cores", "90 MB", 400, rows, ()), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert len(paths[0].read_bytes()) < 200_000
