"""Edits of fields in a text keep the text around them."""

from __future__ import annotations

from typing import Any

import pytest
from asked import requests
from hypothesis import assume, given
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.errors import MISSING, InputError
from goldenpath.kubeyaml.editing import edited, with_change

WRITTEN = """\
# Vision: labelling and training.
name: vision   # the team's own word
title: "Vision"
compute:
  cpu: '16'
  # Raised in spring.
  memory: 512Gi  # for the large model
retiring:
- berlin
# Eight of them, until spring.
gpus:
- {profile: nvidia-h100-80gb, quota: 8}   # ours
- profile: nvidia-l4-24gb
  quota: 1
network: {}  # closed
access:
  admins: [leads, "night shift"]
"""


@pytest.mark.parametrize(
    ("location", "value", "before", "after"),
    [
        (("compute", "memory"), "1Ti", "  memory: 512Gi  # for", "  memory: 1Ti  # for"),
        (("compute", "cpu"), "32", "'16'", "'32'"),
        (("title",), "Vision: all", '"Vision"', '"Vision: all"'),
        (("gpus", 0, "quota"), 12, "quota: 8}", "quota: 12}"),
        (("gpus", 1, "quota"), 2, "  quota: 1\n", "  quota: 2\n"),
        (("gpus", 1, "borrow"), 2, "  quota: 1\n", "  quota: 1\n  borrow: 2\n"),
        (("gpus", 0, "borrow"), 2, "quota: 8}", "quota: 8, borrow: 2}"),
        (("gpus", 2), {"profile": "x", "quota": 1}, "  quota: 1\n", "  quota: 1\n- profile: x\n  quota: 1\n"),
        (("gpus", 0), MISSING, "- {profile: nvidia-h100-80gb, quota: 8}   # ours\n", ""),
        (("gpus", 1), MISSING, "- profile: nvidia-l4-24gb\n  quota: 1\n", ""),
        (("gpus", 1, "profile"), MISSING, "- profile: nvidia-l4-24gb\n  quota: 1\n", "- quota: 1\n"),
        (("compute", "cpu"), MISSING, "  cpu: '16'\n", ""),
        (("compute", "pods"), 9, "  memory: 512Gi  # for the large model\n", "  memory: 512Gi  # for the large model\n  pods: 9\n"),
        (("retiring",), MISSING, "retiring:\n- berlin\n", ""),
        (("retiring",), True, "retiring:\n- berlin\n", "retiring: true\n"),
        (("retiring", 0), MISSING, "retiring:\n- berlin\n", "retiring: []\n"),
        (("retiring", 1), "austin", "- berlin\n", "- berlin\n- austin\n"),
        (("access", "admins", 2), "new", '[leads, "night shift"]', '[leads, "night shift", new]'),
        (("access", "admins", 0), MISSING, '[leads, "night shift"]', '["night shift"]'),
        (("access", "admins", 1), MISSING, '[leads, "night shift"]', "[leads]"),
        (("access", "viewers"), ["all"], '"night shift"]\n', '"night shift"]\n  viewers:\n  - all\n'),
        (("network", "egress"), [{"port": 1}], "network: {}  # closed\n", "network:  # closed\n  egress:\n  - port: 1\n"),
        (("environment",), "staging", '"night shift"]\n', '"night shift"]\nenvironment: staging\n'),
        (("placement", "labels", "a.b/c"), "d", '"night shift"]\n', '"night shift"]\nplacement:\n  labels:\n    a.b/c: d\n'),
    ],
)  # fmt: skip
def test_only_the_field_changes(location: Any, value: Any, before: str, after: str) -> None:
    assert WRITTEN.count(before) == 1
    assert edited(WRITTEN, [(location, value)]) == WRITTEN.replace(before, after)


def test_several_changes_follow_each_other() -> None:
    changed = edited(WRITTEN, [(("gpus", 0), MISSING), (("gpus", 0, "quota"), 5)])
    assert kubeyaml.load(changed)["gpus"] == [{"profile": "nvidia-l4-24gb", "quota": 5}]


@pytest.mark.parametrize("key", ["network:", "network:  # closed"])
def test_the_only_entry_below_a_comment_goes_and_the_comment_stays(key: str) -> None:
    text = f"{key}\n  # Until spring.\n\n  # Or later.\n  egress:\n    port: 1\nname: vision\n"
    emptied = key.replace("network:", "network: {}")
    expected = f"{emptied}\n  # Until spring.\n\n  # Or later.\nname: vision\n"
    assert edited(text, [(("network", "egress"), MISSING)]) == expected


def test_an_equal_value_changes_no_byte() -> None:
    assert edited(WRITTEN, [(("compute", "memory"), "512Gi"), (("nothing",), MISSING)]) == WRITTEN


def test_a_last_line_without_its_end_gets_one() -> None:
    assert edited("name: vision", [(("owner",), "team")]) == "name: vision\nowner: team\n"


def test_a_block_of_text_is_replaced_whole() -> None:
    text = "description: |\n  One.\n\n  Two.\n\nname: vision\n"
    assert edited(text, [(("description",), "Short")]) == "description: Short\n\nname: vision\n"


def test_a_document_behind_its_separator_is_changed_in_place() -> None:
    text = "# why\n---\n# head\nname: é✓ vision\nquota: 1\n"
    assert edited(text, [(("quota",), 2)]) == "# why\n---\n# head\nname: é✓ vision\nquota: 2\n"


def test_json_is_changed_in_place() -> None:
    assert edited('{"name": "vision", "quota": 1}\n', [(("quota",), 2)]) == '{"name": "vision", "quota": 2}\n'


def test_a_place_that_an_alias_shares_is_refused_and_not_harmed() -> None:
    text = "compute: &base\n  cpu: 1\nother: *base\n"
    with pytest.raises(InputError) as refused:
        edited(text, [(("other", "cpu"), 2)], name="tenant.yaml")
    problem = refused.value.problems[0]
    assert (problem.rule, problem.path, problem.file) == ("not-editable", "other.cpu", "tenant.yaml")


def test_a_place_inside_a_scalar_is_no_place() -> None:
    with pytest.raises(InputError, match="does not exist"):
        edited("name: vision\n", [(("name", "first"), "x")])


KEYS = st.sampled_from(["a", "b c", "x.y/z", "name", "ja", "9"])
SCALARS = st.one_of(
    st.integers(-9, 99), st.booleans(), st.none(), st.sampled_from(["", "y", "a: b", "#x", "é✓", "l1\nl2\n"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


def _flowing(value: Any, choose: Any) -> str:
    """The document as a person may write it: some of its values on one line, comments between its fields."""
    text = kubeyaml.dump(value)
    lines = []
    for number, line in enumerate(text.splitlines(keepends=True)):
        in_text = "l1" in text
        if not in_text and choose(number):
            lines.append(f"{' ' * (len(line) - len(line.lstrip()))}# note {number}\n")
        lines.append(line)
    return "".join(lines)


@given(DOCUMENTS, st.data())
def test_any_edit_has_the_asked_meaning_and_keeps_comments(document: Any, data: Any) -> None:
    text = _flowing(document, lambda number: data.draw(st.booleans()))
    location: list[str | int] = []
    node: Any = document
    while isinstance(node, dict | list) and (not location or data.draw(st.booleans())):
        if isinstance(node, dict):
            step: str | int = data.draw(st.sampled_from([*node, "new"]))
            node = node.get(str(step))
        else:
            step = data.draw(st.integers(0, len(node)))
            node = node[step] if step < len(node) else None
        location.append(step)
    value = data.draw(st.one_of(st.just(MISSING), VALUES))
    wanted = with_change(document, tuple(location), value)
    assume(wanted)  # a request without any field is not a request
    changed = edited(text, [(tuple(location), value)])
    assert kubeyaml.load(changed) == wanted
    if value is not MISSING and not isinstance(node, dict | list):
        notes = [line for line in text.splitlines() if line.lstrip().startswith("# note")]
        assert all(note in changed.splitlines() for note in notes)


@given(requests(), st.sampled_from([True, ["berlin"], MISSING]))
def test_whatever_a_request_says_only_the_field_changes(request: Any, value: object) -> None:
    document = request if isinstance(request, dict) else request.model_dump(mode="json", exclude_unset=True)
    before = {**document, "retiring": ["a", "b"]}
    expected = {key: known for key, known in document.items() if key != "retiring"}
    after = kubeyaml.load(edited(kubeyaml.dump(before), [(("retiring",), value)]))
    assert after == (expected if value is MISSING else {**expected, "retiring": value})
