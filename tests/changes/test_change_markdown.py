"""The pull request of a thousand tenants stays readable for a person."""

from __future__ import annotations

from goldenpath.changes.change_markdown import change_markdown
from goldenpath.changes.edit_planning import PlannedChange
from goldenpath.changes.reach import Reach, Shield
from goldenpath.errors import Problem
from goldenpath.fleet import Proposal, PublishOptions
from goldenpath.repository.change_groups import change_groups
from goldenpath.repository.markdown_body import MAX_CHARS
from goldenpath.repository.object_changes import compare
from goldenpath.repository.publish_plan import GpuChange, Part, Plan
from goldenpath.spec.ref import Ref


def _part(number: int, before: int, after: int) -> Part:
    name = f"team-{number:04d}"
    request = "name: {name}\ncompute: {{pods: {pods}}}\n"
    quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: {name}-{what}, namespace: {name}}}\nspec: {{hard: {{pods: '{pods}'}}}}\n"
    files = [
        {
            f"tenants/{name}/tenant.yaml": request.format(name=name, pods=pods),
            f"clusters/berlin/tenants/{name}/quota.yaml": "---\n".join(
                quota.format(name=name, what=what, pods=pods) for what in ("compute", "objects")
            ),
        }
        for pods in (before, after)
    ]
    gpus = (GpuChange("berlin", "nvidia-h100-80gb", (1, 0), (2, 1)),)
    ref = Ref.of_tenant(name)
    return Part(
        ref,
        compare(*files),
        before="tenant/v1 1.1.0",
        after="tenant/v1 1.1.0",
        owner=f"owner-{number % 7}",
        gpus=gpus,
    )


def _change(parts: list[Part]) -> PlannedChange:
    plan = Plan.of(parts)
    refs = [part.ref for part in parts]
    held = Shield("ResourceQuota", f"{refs[0].name}-compute", "spec.hard.pods", "a small team", "2099-01-31")
    reach = Reach(
        tuple(refs[1:-2]),
        {refs[0]: (held,)},
        {refs[-1]: (Problem("compute.pods", "range", "is too many"),)},
        {refs[-2]: "has no compute.pods"},
    )
    what = ("where: true", "set: compute.pods=300")
    return PlannedChange("3f2a9c1b7e", "More Pods", what, Proposal(plan, (), PublishOptions(), {}), reach)


def test_identical_changes_are_one_group_and_totals_and_exceptions_are_said() -> None:
    parts = [_part(number, 100 if number % 4 else 50, 300) for number in range(1000)]
    change = _change(parts)
    body = change_markdown(change)
    assert len(body) < 6_000
    assert "| 1,000 | 997 | 1 | 1 | 1 |" in body
    assert "### 2 ways to change" in body
    assert "**750 tenants**" in body
    assert "**250 tenants**" in body
    assert '-     spec.hard.pods: "100"\n+     spec.hard.pods: "300"' in body
    assert body.count("~ ResourceQuota <tenant>/<tenant>-objects") == 2
    assert "team-0000: ResourceQuota/<tenant>-compute spec.hard.pods until 2099-01-31 (a small team)" in body
    assert "team-0999: compute.pods: is too many" in body
    assert "team-0998: has no compute.pods" in body
    assert "| `berlin` | `nvidia-h100-80gb` | 1,000 + 0 | 2,000 + 1,000 |" in body
    assert "1,000 requests of 7 owners" in body
    assert f"Plan `{change.digest}`" in body


def test_many_changes_that_differ_only_in_values_are_merged() -> None:
    parts = [_part(number, number + 1, 300 + number) for number in range(40)]
    (group,) = change_groups(parts)
    assert (len(group.parts), group.is_exact) == (40, False)
    assert "- compute.pods: 1, 2, 3 and 37 other values" in group.lines
    assert len(change_groups(parts[:10])) == 10


def test_two_objects_that_change_alike_are_both_shown() -> None:
    (group,) = change_groups([_part(1, 100, 300)])
    assert group.lines.count('+     spec.hard.pods: "300"') == 2


def test_text_of_a_person_cannot_break_the_page() -> None:
    part = _part(1, 100, 300)
    planned = _change([part, _part(2, 1, 2), _part(3, 1, 2), _part(4, 1, 2)])
    hostile = PlannedChange(
        "x", "``` @everyone <script>\n# head", ("where: `|`",), planned.proposal, planned.reach
    )
    body = change_markdown(hostile)
    assert body.startswith("````text\n")
    assert len(body) < MAX_CHARS
