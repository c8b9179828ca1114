"""One field of a request is set or removed, and what a person wrote around it stays."""

from __future__ import annotations

from asked import requests
from hypothesis import given
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.fleet.yaml_edit import with_field

WRITTEN = """\
# Vision: labelling and training.
name: vision   # the team's own word
retiring:
- berlin
# Eight of them, until spring.
gpus:
- {profile: nvidia-h100-80gb, quota: 8}
"""


def test_a_new_field_comes_last_and_nothing_else_changes() -> None:
    text = "# Why.\nname: vision\n"
    assert with_field(text, "retiring", True) == "# Why.\nname: vision\nretiring: true\n"


def test_a_field_of_several_lines_is_replaced_with_its_lines_and_comments_around_it_stay() -> None:
    assert (
        with_field(WRITTEN, "retiring", True)
        == WRITTEN.replace("retiring:\n- berlin\n", "") + "retiring: true\n"
    )


def test_a_removed_field_leaves_the_rest() -> None:
    assert with_field(WRITTEN, "retiring", None) == WRITTEN.replace("retiring:\n- berlin\n", "")


def test_a_last_line_without_its_end_is_not_glued_to_the_field() -> None:
    assert with_field("name: vision", "retiring", True) == "name: vision\nretiring: true\n"


def test_a_request_in_braces_is_written_anew() -> None:
    assert kubeyaml.load(with_field("{name: vision, gpus: []}", "retiring", ["berlin"])) == {
        "name": "vision",
        "gpus": [],
        "retiring": ["berlin"],
    }


def test_a_word_at_the_start_of_a_line_of_text_is_not_taken_for_the_field() -> None:
    text = "title: |\n  retiring: no\nname: vision\n"
    assert with_field(text, "retiring", True) == text + "retiring: true\n"


@given(requests(), st.sampled_from([True, ["berlin"], None]))
def test_whatever_a_request_says_only_the_field_changes(request: dict, value: object) -> None:
    document = request if isinstance(request, dict) else request.model_dump(mode="json", exclude_unset=True)
    before = {**document, "retiring": ["a", "b"]}
    expected = {key: known for key, known in document.items() if key != "retiring"}
    after = kubeyaml.load(with_field(kubeyaml.dump(before), "retiring", value))
    assert after == (expected if value is None else {**expected, "retiring": value})
