"""List edits of overrides: accepted forms, effects, and reports of missing items."""

from __future__ import annotations

from typing import Any

import pytest
import small_requests as small

from goldenpath.pipeline import Pipeline
from goldenpath.spec.document_model import Surroundings
from goldenpath.spec.list_edits import apply_list_edit
from goldenpath.spec.override import ListEdit
from goldenpath.spec.parse import parse_fleet, parse_request
from goldenpath.spec.tenant import Tenant

BODY: dict[str, Any] = {
    "spec": {"ports": [{"port": 80}, {"port": 80, "protocol": "UDP"}], "args": ["a", "b"]}
}
AGREED = {"reason": "Test", "approved_by": "platform-team", "expires": "2099-01-01"}


@pytest.mark.parametrize(
    ("edit", "wanted"),
    [
        ({"at": ["spec", "ports", {"port": 80, "protocol": None}], "patch": {"name": "web"}}, [{"port": 80, "name": "web"}, {"port": 80, "protocol": "UDP"}]),
        ({"at": ["spec", "ports", {"port": 80, "protocol": "UDP"}], "remove": True}, [{"port": 80}]),
        ({"at": ["spec", "ports", {"port": 80}], "remove": True}, BODY["spec"]["ports"]),
        ({"at": ["spec", "ports", {"port": 81}], "patch": {"name": "web"}}, BODY["spec"]["ports"]),
        ({"at": ["spec", "ports"], "add": {"port": 81}}, [*BODY["spec"]["ports"], {"port": 81}]),
        ({"at": ["spec", "ports"], "add": {"port": 80}}, BODY["spec"]["ports"]),
        ({"at": ["spec", "ports"], "remove": {"port": 80}}, [{"port": 80, "protocol": "UDP"}]),
        ({"at": ["spec", "ports"], "remove": {"port": 80}, "add": {"port": 90}}, [{"port": 90}, {"port": 80, "protocol": "UDP"}]),
        ({"at": ["spec", "ports"], "remove": {"port": 70}, "add": {"port": 90}}, BODY["spec"]["ports"]),
    ],
)  # fmt: skip
def test_one_item_changes_and_the_others_stay(edit: dict[str, Any], wanted: list[Any]) -> None:
    changed = apply_list_edit(BODY, ListEdit.model_validate(edit))
    assert changed["spec"]["ports"] == wanted
    assert changed["spec"]["args"] == ["a", "b"]


def test_an_item_is_added_to_a_missing_list() -> None:
    assert apply_list_edit({"spec": {}}, ListEdit(at=("spec", "new"), add=1)) == {"spec": {"new": [1]}}


@pytest.mark.parametrize(
    ("items", "path"),
    [
        ([], "overrides[0]"),
        ([{"at": ["spec", {"name": "a"}], "add": 1}], "overrides[0].items[0]"),
        ([{"at": ["spec", {"name": "a"}], "remove": {"name": "a"}}], "overrides[0].items[0]"),
        ([{"at": ["spec"], "patch": {}}], "overrides[0].items[0]"),
        ([{"at": ["spec"]}], "overrides[0].items[0]"),
        ([{"at": [{"name": "a"}], "remove": True}], "overrides[0].items[0].at"),
        ([{"at": ["spec"], "add": "[[ x ]]"}], "overrides[0].items[0].add"),
    ],
)
def test_invalid_list_edits_are_refused(items: list[dict[str, Any]], path: str) -> None:
    override = {"kind": "LimitRange", "name": "a", "items": items, **AGREED}
    assert path in {problem.path for problem in small.problems(small.request(overrides=[override]))}


def test_an_edit_without_an_item_is_a_finding_and_one_for_another_cluster_is_quiet() -> None:
    def found(**more: Any) -> set[str]:
        override = {
            "kind": "LimitRange",
            "name": "vision-defaults",
            "items": [{"at": ["spec", "limits", {"type": "Nothing"}], "patch": {"max": {"cpu": "1"}}}],
            **AGREED,
            **more,
        }
        fleet = parse_fleet(small.fleet())
        request = parse_request(Tenant, small.request(overrides=[override]), Surroundings(fleet))
        findings = Pipeline(fleet).check(request)
        return {finding.rule for finding in findings if finding.field.startswith("overrides[0]")}

    assert "override-without-item" in found()
    assert found(clusters=["elsewhere"]) - {"override-of-guard"} == set()
