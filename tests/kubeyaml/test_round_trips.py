"""Written values read back unchanged with goldenpath, PyYAML and kubectl."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from kubectl_oracle import KUBECTL, ask, value_case
from outcomes import outcome, typed

from goldenpath import kubeyaml
from goldenpath.kubeyaml import _rendered

# Text near the edges: words, numbers and indicators in odd arrangements.
_tricky = st.text(
    st.sampled_from(list("yYnNoOtTfF01289eExob._:+-~#&*!|>'\"%@`[]{},?=<\\/ \t\n\r\x85\u2028\ufeffé😀"))
)
_text = st.one_of(_tricky, st.text(st.characters(exclude_categories=["Cs"])))
_number = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: abs(number) < 2**53),
)
_scalars = st.one_of(st.none(), st.booleans(), _number, _text)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.dictionaries(_text.filter(lambda key: len(key) < 60), inner, max_size=5),
    ),
    max_leaves=20,
)


def _same(read: Any, written: Any) -> bool:
    """Equal, with text staying text and booleans booleans; ``1.0`` may come back as ``1``."""
    if isinstance(written, dict):
        return list(read) == list(written) and all(_same(read[key], written[key]) for key in written)
    if isinstance(written, list):
        return len(read) == len(written) and all(map(_same, read, written))
    kinds = (str, bool, type(None))
    return read == written and all(isinstance(read, kind) == isinstance(written, kind) for kind in kinds)


@settings(deadline=None)
@given(_scalars)
def test_a_scalar_reads_back_in_block_and_in_flow(value: Any) -> None:
    written = kubeyaml.scalar(value)
    assert "\n" not in written
    for text, unpack in [
        (f"k: {written}\n", lambda document: document["k"]),
        (f"- {written}\n", lambda document: document[0]),
        (f"[{written}, {written}]\n", lambda document: document[1]),
        (f"{{k: {written}, l: x}}\n", lambda document: document["k"]),
        (f"k: {written} # a comment\n", lambda document: document["k"]),
    ]:
        for read in (kubeyaml.load(text), yaml.safe_load(text), kubeyaml.load_rendered(text)[0]):
            assert _same(unpack(read), value), text


@settings(deadline=None)
@given(_text.filter(lambda key: len(key) < 60))
def test_a_key_reads_back(key: str) -> None:
    for text in (f"{kubeyaml.scalar(key)}: 1\n", f"{{{kubeyaml.scalar(key)}: 1}}\n"):
        assert kubeyaml.load(text) == yaml.safe_load(text) == {key: 1}


@settings(deadline=None)
@given(_values, st.integers(0, 8))
def test_a_value_reads_back(value: Any, indent: int) -> None:
    text = kubeyaml.dump(value, indent=indent)
    assert _same(kubeyaml.load(text), value)
    assert _same(yaml.safe_load(text), value)


@settings(deadline=None)
@given(_values, st.integers(0, 2))
def test_fast_reading_agrees_on_whatever_is_written(value: Any, indent: int) -> None:
    text = kubeyaml.dump_all([value, value]) if indent == 0 else kubeyaml.dump(value, indent=indent)
    assert typed(kubeyaml.load_rendered(text)) == typed(kubeyaml.load_all(text))


# Lines as templates have them, and as slips make them: most combinations are not even YAML.
_lines = st.builds(
    lambda indent, dashes, rest: " " * indent + "- " * dashes + rest,
    st.integers(0, 6),
    st.sampled_from([0, 0, 0, 1, 1, 2]),
    st.one_of(
        st.sampled_from(
            [
                "a: 1", "b: y", "c:", "d: |", "e: |-", "f: [a, 'b', 014]", "g: {h: 1, i: x}", 'j: "x # y"', "k: v # c",
                "# c", "", "l: # c", "text", "m: >-", "---", "n: 12:30", "o: 1e3", "y: 1", "'p': 1", '"q": 1',
                "r: &a 1", "s: *a", "t: 'it''s'", "u: a, b", "<<: {a: 1}", "v: .inf", "w: ~", "x: -", "...", "z: \t1",
                "a: [b: c]", "b: {c}", "d: [a,b]", "e: {f:1}", "g: [a, ]", "h: []", "i: {}", 'j: "\\u0041\\n"',
                'k: "\\x41"', "l: a\tb", "m: - a", "n: |+", "o: a: b", "a:b: c", "d:-e: (f|g)", "h: (", "i:: j", "k: {l:m: n}", "1: a", "p: 0x1f ", "q: http://x:80/y?z",
            ]
        ),
        _tricky,
    ),
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.lists(_lines, max_size=9), st.sampled_from(["\n", ""]))
def test_fast_reading_agrees_or_gives_way_on_any_lines(lines: list[str], end: str) -> None:
    text = "\n".join(lines) + end
    assert outcome(kubeyaml.load_rendered, text) == outcome(kubeyaml.load_all, text)


def test_the_fast_reader_reads_every_rendered_file_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A guard for the speed: a slip in the fast reader would only show as a slower check."""

    def exact(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("the exact reader was asked")

    text = (
        "# Why this file is here.\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: vision\n  labels:\n"
        '    goldenpath.dev/tenant: vision\n  annotations: {}\nspec:\n  hard:\n    requests.nvidia.com/gpu: "4"\n'
        '  rules:\n  - apiGroups: ["", apps]\n    resources: [pods, services] # a comment\n  - from:\n'
        '    - namespaceSelector: {matchLabels: {"a": b}}\n'.replace("{matchLabels: {", "{").replace(
            "}}", "}"
        )
        + '  args:\n    - --flag=x\n    - "a: \\u00e9"\n  empty:\n  text: |\n    a: b\n\n      c\n  last: -5\n'
    )
    expected = kubeyaml.load_all(text)
    monkeypatch.setattr(_rendered, "load_document", exact)
    assert kubeyaml.load_rendered(text) == expected


def test_a_very_long_document_is_read_but_not_cached() -> None:
    _rendered._parsed.cache_clear()
    text = f"a: 1\nb: {'x' * 40_000}\n"
    assert kubeyaml.load_rendered(text) == kubeyaml.load_all(text)
    assert _rendered._parsed.cache_info().currsize == 0


def test_a_flow_collection_is_not_shared_between_documents() -> None:
    first, second = kubeyaml.load_rendered("a: [x]\nb: {c: d}\n---\na: [x]\nb: {c: d}\n")
    first["a"].append("y")
    first["b"]["c"] = "z"
    assert second == {"a": ["x"], "b": {"c": "d"}}


def _drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Many values at once, since one kubectl process answers for all of them."""
    values: list[Any] = []

    @settings(max_examples=count, deadline=None, phases=[Phase.generate], database=None)
    @given(strategy)
    def draw(value: Any) -> None:
        values.append(value)

    draw()
    return values


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on PATH")
def test_kubectl_reads_written_texts() -> None:
    values = _drawn(_scalars, 400)
    answers = ask([value_case(kubeyaml.scalar(value)) for value in values])
    for value, answer in zip(values, answers, strict=True):
        assert _same(answer["is"]["data"]["k"], value), kubeyaml.scalar(value)


@pytest.mark.skipif(KUBECTL is None, reason="kubectl is not on PATH")
def test_kubectl_reads_dumped_texts() -> None:
    values = _drawn(_values, 150)
    heads = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: case}\n"
    answers = ask([heads + kubeyaml.dump({"data": value}) for value in values])
    for value, answer in zip(values, answers, strict=True):
        assert typed(answer["is"]["data"]) == typed(kubeyaml.load(kubeyaml.dump(value))), value
