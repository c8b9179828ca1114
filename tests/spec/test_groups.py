"""Groups of an identity provider: every name is accepted as it is, and reaches the RoleBinding unchanged."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from small_requests import fleet, places, problems, request, tenancy

from goldenpath.check.reference_checks import check_references
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet
from goldenpath.spec.types import TEMPLATE_OPENERS

PREFIX = "aad:"
ON = Pipeline(parse_fleet(fleet(groups={"prefix": PREFIX})))

NAMES = (
    st.text(st.characters(exclude_categories=("C", "Zl", "Zp"), codec="utf-8"), min_size=1, max_size=60)
    .map(str.strip)
    .filter(bool)
)
HIDDEN = st.characters(categories=("Cc", "Cf", "Zl", "Zp"), exclude_characters="\u200c\u200d")
"""Without the two joiners, which Persian and Indian scripts need."""
ISSUED = [
    "R&D Vision", "/groups/ml-team", "CN=Big Team,OU=Groups,DC=example,DC=org", r"EXAMPLE\ml leads", "team@example.org",
    "6f0c0c9e-1111-4222-8333-444455556666", "équipe vision", "队伍", "a: b", "- a", "#a", "'", '"', "no", "null", "~", "1e3",
    "0x1f", "*a", "&a", "!a", "%a", "@a", "`a", "a#b", "{a}", "[a, b]", "a/b:c", "arn:aws:iam::123456789012:group/ml",
    "CN=R\\, D,OU=x", "a  b", "<a>", "$a", "a|b", "=a",
]  # fmt: skip


def subjects(group: str, role: str) -> list[str]:
    """The names of the groups that the rendered RoleBinding of a role binds."""
    rendered = ON.run(parse(request(access={role: [group]}), fleet=ON.fleet))
    (part,) = rendered.parts
    return [
        subject["name"]
        for item in part.objects
        if item.kind == "RoleBinding" and item.name == f"vision-{role.removesuffix('s')}"
        for subject in item.body["subjects"]
        if subject["kind"] == "Group"
    ]


@pytest.mark.parametrize("group", ISSUED)
def test_a_name_that_an_identity_provider_issues_is_one_group(group: str) -> None:
    assert subjects(group, "admins") == [PREFIX + group]


@settings(deadline=None, max_examples=60)
@given(group=NAMES, role=st.sampled_from(["admins", "developers", "viewers"]))
@example(group="CN=Big Team,OU=Groups", role="developers")
def test_every_printable_name_reaches_its_binding_unchanged(group: str, role: str) -> None:
    assume(not group.startswith("system:") and not any(opener in group for opener in TEMPLATE_OPENERS))
    assert subjects(group, role) == [PREFIX + group]


@settings(deadline=None)
@given(group=NAMES)
def test_a_group_of_kubernetes_itself_is_refused_whatever_follows(group: str) -> None:
    assert places(problems(request(access={"admins": [f"system:{group}"]}))) == [
        ("access.admins[0]", "reserved-group")
    ]


@settings(deadline=None)
@given(group=NAMES, hidden=HIDDEN, where=st.integers(0, 60))
def test_a_character_that_no_reviewer_sees_is_refused(group: str, hidden: str, where: int) -> None:
    where = min(max(where, 1), len(group))
    assume(where < len(group))
    found = problems(request(access={"admins": [group[:where] + hidden + group[where:]]}))
    assert {problem.path for problem in found} == {"access.admins[0]"}


@settings(deadline=None)
@given(group=NAMES)
def test_a_group_with_the_prefix_is_a_warning_and_one_without_is_not(group: str) -> None:
    assume(not any(opener in group for opener in TEMPLATE_OPENERS))
    assume(not group.startswith(("system:", PREFIX)))
    on = fleet(groups={"prefix": PREFIX})

    def fixes(name: str) -> list[str]:
        found = check_references(tenancy(request(access={"admins": [name]}), on))
        return [each.fix for each in found if each.rule == "group-prefix-twice"]

    assert fixes(group) == []
    assert fixes(PREFIX + group) == [f"Write {group!r}."]
