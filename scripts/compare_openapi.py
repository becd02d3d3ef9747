"""Comparison of two OpenAPI documents: exit code 0 if they differ in texts only.

    python -m scripts.compare_openapi OLD NEW

Texts are titles, summaries and descriptions, and the `detail` and `title` of problem examples. Any
other difference is printed with its JSON path, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TEXTS = ("description", "summary", "title")
_NAME_MAPS = ("properties", "schemas")
"""Keys of objects whose keys are names: a property may be called `title`."""
_PROBLEM_TEXTS = ("detail", "title")

JsonPath = tuple[str, ...]


def find_differences(old: Any, new: Any, path: JsonPath = ()) -> Iterator[tuple[JsonPath, str]]:
    """Yield the path and the kind of each difference.

    The kind is the name of the text (`description`, `example detail`, ...), or `contract`.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            below = (*path, key)
            if key in old and key in new:
                yield from find_differences(old[key], new[key], below)
            else:
                text = _classify(below, old.get(key, ""), new.get(key, ""))
                yield below, text or "contract"
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from find_differences(before, after, (*path, str(index)))
    elif old != new or type(old) is not type(new):
        yield path, _classify(path, old, new) or "contract"


def _classify(path: JsonPath, old: Any, new: Any) -> str | None:
    """Return the kind of text at this path, or None if it is not a text."""
    if not (isinstance(old, str) and isinstance(new, str)):
        return None
    *parents, key = path
    if parents[-3:] == ["properties", "detail", "examples"]:
        return "example detail"
    if "example" in parents or "examples" in parents:
        is_problem = "application/problem+json" in parents
        return f"example {key}" if is_problem and key in _PROBLEM_TEXTS else None
    if key in _TEXTS and not (parents and parents[-1] in _NAME_MAPS):
        return key
    return None


def format_path(path: JsonPath) -> str:
    """Return the path as a JSON pointer (RFC 6901)."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    arguments = parser.parse_args()
    old, new = (json.loads(path.read_bytes()) for path in (arguments.old, arguments.new))
    differences = list(find_differences(old, new))
    contract = [path for path, kind in differences if kind == "contract"]
    if contract:
        sys.exit("\n".join(f"differs: {format_path(path)}" for path in contract))
    if not differences:
        print("identical")
        return
    counts = Counter(kind for _, kind in differences)
    print("differs in texts only:", ", ".join(f"{counts[kind]} {kind}" for kind in sorted(counts)))


if __name__ == "__main__":
    main()
