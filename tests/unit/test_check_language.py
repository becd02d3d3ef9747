"""The checks of docstrings and of the length of modules."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.check_language import MAX_MODULE_LINES, find_language_errors, find_long_modules


def write_module(folder: Path, text: str) -> None:
    (folder / "package").mkdir()
    (folder / "package" / "module.py").write_text(text)


@pytest.mark.parametrize("word", ["What", "Whether", "Who", "How", "Where", "The", "A", "An"])
def test_a_function_docstring_without_a_verb_is_found(tmp_path: Path, word: str) -> None:
    write_module(tmp_path, f'"""Module."""\n\n\ndef f():\n    """{word} thing."""\n')
    (finding,) = find_language_errors(tmp_path, ("package",))
    assert finding.startswith("package/module.py:5: ")
    assert f"{word} thing." in finding


def test_methods_and_nested_and_async_functions_are_checked(tmp_path: Path) -> None:
    write_module(
        tmp_path,
        "class C:\n"
        "    def method(self):\n"
        '        """The result."""\n'
        "        async def nested():\n"
        '            """\n'
        "            How it is done.\n"
        '            """\n',
    )
    lines = [finding.split(":")[1] for finding in find_language_errors(tmp_path, ("package",))]
    assert lines == ["3", "5"]


def test_classes_modules_and_verbs_pass(tmp_path: Path) -> None:
    write_module(
        tmp_path,
        '"""The module."""\n\n\nclass C:\n    """A class."""\n\n    def f(self):\n'
        '        """Analyse the result."""\n\n    def g(self): ...\n',
    )
    assert list(find_language_errors(tmp_path, ("package",))) == []


def test_a_single_file_can_be_checked(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text('def f():\n    """The result."""\n')
    assert len(list(find_language_errors(tmp_path, ("app.py",)))) == 1


@pytest.mark.parametrize(("extra", "findings"), [(0, 0), (1, 1)])
def test_a_long_module_is_found(tmp_path: Path, extra: int, findings: int) -> None:
    write_module(tmp_path, "x = 1\n" * (MAX_MODULE_LINES + extra))
    assert len(list(find_long_modules(tmp_path, ("package",)))) == findings
