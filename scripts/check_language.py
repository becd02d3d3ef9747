"""Checks of the language and the length of Python modules (CONTRIBUTING.md).

A docstring of a function starts with an imperative verb. A module has at most 250 lines.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

MAX_MODULE_LINES = 250
_NOT_VERBS = frozenset({"What", "Whether", "Who", "How", "Where", "The", "A", "An"})


def list_modules(root: Path, folders: tuple[str, ...]) -> list[Path]:
    """Return the Python modules of the folders and files below `root`."""
    paths = [root / folder for folder in folders]
    return [
        module
        for path in paths
        for module in ([path] if path.is_file() else sorted(path.rglob("*.py")))
    ]


def find_noun_docstrings(module: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each docstring of a function that starts with no verb."""
    for node in ast.walk(ast.parse(module.read_bytes())):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        docstring = ast.get_docstring(node)
        if docstring and docstring.split(maxsplit=1)[0] in _NOT_VERBS:
            yield node.body[0].lineno, docstring.splitlines()[0]


def find_language_errors(root: Path, folders: tuple[str, ...]) -> Iterator[str]:
    """Yield a finding, with file and line, for each docstring that starts with no verb."""
    for module in list_modules(root, folders):
        for line, text in sorted(find_noun_docstrings(module)):
            yield f"{module.relative_to(root)}:{line}: start the docstring with a verb: {text!r}"


def find_long_modules(root: Path, folders: tuple[str, ...]) -> Iterator[str]:
    """Yield a finding for each module with more than MAX_MODULE_LINES lines."""
    for module in list_modules(root, folders):
        lines = len(module.read_bytes().splitlines())
        if lines > MAX_MODULE_LINES:
            yield f"{module.relative_to(root)}: {lines} lines; the limit is {MAX_MODULE_LINES}"
