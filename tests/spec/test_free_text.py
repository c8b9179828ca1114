"""Free text has no invisible characters and no template syntax."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import places, problems, request

from goldenpath.spec.types import TEMPLATE_OPENERS

FREE_FIELDS = ["title", "description"]
INVISIBLE = {
    "a line break": "a\nb",
    "a carriage return": "a\rb",
    "a tab": "a\tb",
    "a null": "a\x00b",
    "an escape": "a\x1b[31mb",
    "a delete": "a\x7fb",
    "a next line": "a\x85b",
    "a line separator": "a\u2028b",
    "a paragraph separator": "a\u2029b",
    "a right-to-left override": "a\u202eb",
    "an isolate": "a\u2066b",
    "a right-to-left mark": "a\u200fb",
    "a zero-width space": "a\u200bb",
    "a byte order mark": "\ufeffa",
    "a soft hyphen": "a\u00adb",
    "a tag character": "a\U000e0041b",
    "a lone surrogate": "a\ud800b",
    "a private character": "a\ue000b",
    "a noncharacter": "a\uffffb",
    "another noncharacter": "a\U0010fffeb",
}


@pytest.mark.parametrize("field", FREE_FIELDS)
@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE.keys())
def test_invisible_characters_are_refused(field: str, text: str) -> None:
    (found,) = problems(request(**{field: text}))
    assert (found.path, found.rule) == (field, "control-character")
    assert str(found).isprintable()


@pytest.mark.parametrize("opener", TEMPLATE_OPENERS)
@pytest.mark.parametrize("field", FREE_FIELDS)
def test_template_delimiters_are_refused(field: str, opener: str) -> None:
    assert places(problems(request(**{field: f"a {opener} b"}))) == [(field, "template-opener")]


def test_the_reason_of_an_override_is_free_text_too() -> None:
    override = {"kind": "LimitRange", "name": "vision", "patch": {"spec": {}}, "reason": "{{ x }}", "approved_by": "a", "expires": "2027-01-01"}  # fmt: skip
    assert places(problems(request(overrides=[override]))) == [("overrides[0].reason", "template-opener")]


@pytest.mark.parametrize("text", ["name: value", "- a", "# no", "'", '"', "\\", "%{a}", "$a", "{ {", "&a *b", "!!str", "~", "|", "👩🏽\u200d🚀", "क्\u200dष"])  # fmt: skip
def test_text_that_resembles_a_template_is_accepted(text: str) -> None:
    assert problems(request(title=text)) == ()


@given(st.text(max_size=130))
def test_accepted_text_is_one_line_without_openers_and_invisible_characters(text: str) -> None:
    if problems(request(title=text)) == ():
        assert 0 < len(text) <= 120
        assert len(text.splitlines()) == 1
        assert not any(opener in text for opener in TEMPLATE_OPENERS)
        assert {unicodedata.category(c) for c in text} & {"Cc", "Cs", "Co", "Zl", "Zp"} == set()
        text.encode()
