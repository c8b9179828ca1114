"""A stream is cut and read as a text at hand is."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outcomes import typed

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.kubeyaml import _stream

LINES = st.sampled_from(
    [
        "---",
        "--- # text",
        "----",
        "-- -",
        "a: 1",
        "b: é",
        "c: [",
        "",
        "- d",
        " ---",
        "{}",
        '{"e": 1}',
        "---\r",
    ]
)


@given(st.lists(LINES, max_size=12).map("\n".join), st.integers(4, 40))
def test_a_stream_has_the_documents_of_the_text(text: str, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_stream, "_PIECE", piece)
        read = list(kubeyaml.stream_documents(io.BytesIO(text.encode()), name="x"))
    refused = [document.refused for document in read if document.refused is not None]
    if refused:
        with pytest.raises(InputError) as error:
            kubeyaml.load_all(text, name="x")
        assert refused[0].problems == error.value.problems
    else:
        assert typed([document.value for document in read]) == typed(kubeyaml.load_all(text, name="x"))


def test_invalid_utf8_ends_a_stream_with_its_offset() -> None:
    (good, bad) = kubeyaml.stream_documents(io.BytesIO(b"a: 1\n---\nb: \xff\n"), name="x")
    assert good.value == {"a": 1}
    assert bad.refused is not None
    assert "byte 12" in str(bad.refused)
