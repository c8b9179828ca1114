"""The words that the style guide rules out are not in messages, docs, docstrings, comments or names."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
CODE = ("goldenpath", "backstage-backend/goldenpath_backstage", "tools", "benchmarks")
TEXTS = (
    "docs/**/*.md",
    "*.md",
    "templates/**/*",
    "goldenpath/**/*.yaml",
    "backstage-backend/scaffolder-module/src/*.ts",
)
NOT_OURS = re.compile(r"/versions/|/expected/|/style-guide\.md$|/wire\.ts$")
"""Frozen golden paths, rendered files, the guide that names the words, and what is generated from code."""
RULED_OUT = re.compile(
    r"\b(nobody|told|whoever|(?<!there )(?:is|are|was|were) none|(?<!any )(?<!all )(?<!each )(?<!one )(?<!some )of which)\b",
    re.IGNORECASE,
)

ALLOWED = Counter(
    {
        # The reason is in rendered files, and frozen versions of golden paths keep their bytes.
        ("goldenpath/engines/scaling.yaml", "nobody"): 1,
        ("docs/reference/engines.md", "nobody"): 3,
    }
)
"""Real uses by file and word, with their number. Where a file has fewer, lower its number."""


def in_python(text: str) -> Iterator[str]:
    """Texts, comments and names."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}:
            yield token.string
        elif token.type == tokenize.NAME:
            yield token.string.replace("_", " ")


def found(path: Path) -> Iterator[tuple[str, str]]:
    text = re.sub(r"\b(?:is|are|was) None\b", "==", path.read_text())  # which is code
    if (
        RULED_OUT.search(" ".join(text.replace("_", " ").split())) is None
    ):  # a tenth of the time of reading tokens
        return
    for part in in_python(text) if path.suffix == ".py" else [text]:
        for match in RULED_OUT.finditer(" ".join(part.split())):
            yield path.relative_to(ROOT).as_posix(), match[0].lower()


def files() -> Iterator[Path]:
    for folder in CODE:
        yield from (ROOT / folder).rglob("*.py")
    for pattern in TEXTS:
        yield from (
            path for path in ROOT.glob(pattern) if path.is_file() and not NOT_OURS.search(path.as_posix())
        )


def test_no_excluded_word_of_the_style_guide_is_used() -> None:
    used = Counter(use for path in files() for use in found(path))
    assert used == ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        "# nobody has it",
        '"was told"',
        '"a list, of which two"',
        "def test_nobody_waits(): ...",
        '"a name that is none"',
    ],
)
def test_such_a_word_is_found(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.write_text(f"{text}\n")
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert len(list(found(file))) == 1


@pytest.mark.parametrize(
    "text",
    ["x is None", '"all of which"', '"untold; there is none"', '"""``x`` is None where it is not set."""'],
)
def test_code_and_plain_english_are_not(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.write_text(f"{text}\n")
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert list(found(file)) == []


def test_no_two_modules_have_one_file_name() -> None:
    """Commands keep their names in each group: the file is named after what a person types."""
    folders = (*CODE, "tests")
    names = Counter(
        path.name
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if path.name not in {"__init__.py", "conftest.py"} and "cli/commands" not in path.as_posix()
    )
    assert {name for name, count in names.items() if count > 1} == set()
