"""Reading YAML: limits, errors and their places."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import pytest
import yaml

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.kubeyaml import _read

if TYPE_CHECKING:
    from pathlib import Path


def problem_of(text: str) -> Problem:
    with pytest.raises(InputError) as refused:
        kubeyaml.load_all(text, name="tenant.yaml")
    (problem,) = refused.value.problems
    assert problem.file == "tenant.yaml"
    return problem


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("a: 1\nb: 2\na: 3\n", "yaml-duplicate-key", "line 3, column 1"),
        ("a: 1\n---\nb: {c: 1, c: 2}\n", "yaml-duplicate-key", "line 3, column 11"),
        ("a:\n\tb: 1\n", "yaml-syntax", "line 2, column 1"),
        ("a: 'b\n", "yaml-syntax", "line 2, column 1"),
        ("a: \x07\n", "yaml-character", "line 1, column 4"),
        ("a: 1\n---\nb: 1\nc: \x1b[31m\n", "yaml-character", "line 4, column 4"),
        ("a: \ud800\n", "yaml-character", "line 1, column 4"),
        ("a: !!python/object/apply:os.system [id]\n", "yaml-tag", "line 1, column 4"),
        ("a: !!python/none x\n", "yaml-tag", "line 1, column 4"),
        ("a: &x {b: *x}\n", "yaml-alias", "line 1, column 11"),
        ("a: .inf\n", "yaml-number", "line 1, column 4"),
        ("a: -.NaN\nb: .nan\n", "yaml-number", "line 2, column 4"),
        ("? [a]\n: b\n", "yaml-key", "line 1, column 3"),
        ("~: b\n", "yaml-key", "line 1, column 1"),
        ("a: 1\n<<: 2\n", "yaml-merge", "line 2, column 1"),
        ("a: 1\n--- {b: 2}\n", "yaml-separator", "line 2"),
        ('a: "\\/"\n', "yaml-syntax", "line 1, column 4"),
    ],
)
def test_a_refusal_names_rule_file_and_place(text: str, rule: str, place: str) -> None:
    problem = problem_of(text)
    assert problem.rule == rule
    assert problem.message.startswith(f"{place}: ")


def test_a_billion_laughs_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert problem_of("\n".join(lines)).rule == "yaml-alias"


def test_aliases_within_the_limit_are_copies() -> None:
    first, second = kubeyaml.load("- &a {k: [1]}\n- *a\n")
    assert first == second
    first["k"].append(2)
    assert second == {"k": [1]}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "- - ? [a, "])
@pytest.mark.parametrize("depth", [101, 200_000])
def test_a_document_that_nests_too_deep_is_refused(opening: str, depth: int) -> None:
    assert problem_of(opening * depth).rule in {"yaml-depth", "yaml-syntax"}


def test_the_limit_of_depth_is_exact() -> None:
    limit = kubeyaml.MAX_DEPTH
    assert kubeyaml.load("[" * limit + "]" * limit) is not None
    assert problem_of("[" * (limit + 1) + "]" * (limit + 1)).rule == "yaml-depth"


def test_a_document_that_is_too_large_is_refused_and_a_long_stream_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_read, "MAX_DOCUMENT_CHARS", 10)
    assert kubeyaml.load_all("a: 1\n---\nb: 2\n---\nc: 3\n") == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert problem_of("a: 12345678\n").rule == "yaml-size"
    assert problem_of('{"a": "12345678"}').rule == "yaml-size"


def test_load_refuses_several_documents() -> None:
    assert kubeyaml.load("---\n# nothing\n---\na: 1\n---\n") == {"a": 1}
    assert kubeyaml.load("# nothing\n") is None
    with pytest.raises(InputError, match="has 2 YAML documents; keep one"):
        kubeyaml.load("a: 1\n---\nb: 2\n")


def test_a_separator_inside_a_block_is_text() -> None:
    assert kubeyaml.load("a: |\n  x\n  ---\n  y\n") == {"a": "x\n---\ny\n"}


def test_json_is_read_with_its_own_escapes() -> None:
    value = {"emoji": "\U0001f600", "slash": "a/b", "n": 1.5, "big": 1e3}
    assert kubeyaml.load(json.dumps(value).replace("a/b", "a\\/b")) == value
    assert problem_of('{"a": 1, "a": 2}').rule == "yaml-duplicate-key"
    assert problem_of('{"a": NaN}\x00').rule == "yaml-character"
    assert kubeyaml.load('{"a": NaN}') == {"a": "NaN"}


def test_a_number_that_go_prints_as_an_integer_is_one() -> None:
    assert [type(item) for item in kubeyaml.load("[1e3, 1.0, 1.5, 014]")] == [int, int, float, int]
    assert type(kubeyaml.load('{"a": 2.0}')["a"]) is int


def test_files_are_utf8_with_or_without_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "tenant.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: \xc3\xa9\n")
    assert kubeyaml.load_file(file) == {"a": "é"}
    file.write_bytes(b"a: \xff\n")
    with pytest.raises(InputError, match="not UTF-8"):
        kubeyaml.load_file(file)
    with pytest.raises(InputError, match=r"absent\.yaml.*No such file"):
        kubeyaml.load_file(tmp_path / "absent.yaml")


def test_without_libyaml_the_same_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: [y, 014, 12:30, 'x', \"\\u00e9\", ~]\n? b\n: |\n  t\n1: &k {c: 1e3}\n2: *k\n"
    exact = kubeyaml.load(text)
    monkeypatch.setattr(_read, "LOADER", yaml.SafeLoader)
    assert kubeyaml.load(text) == exact
    assert problem_of("a: \x07\n").rule == "yaml-character"
    assert problem_of("a: 1\na: 2\n").rule == "yaml-duplicate-key"


def test_a_number_keeps_its_text_in_another_process() -> None:
    document = kubeyaml.load("a: 0x10\nb: 1.50\nc: [0100, 1_0, -0, 1e3]\n", written=True)
    copied = pickle.loads(pickle.dumps(document))
    assert copied == document
    assert repr(copied) == repr(document)
    assert "1.50" in repr(copied)
