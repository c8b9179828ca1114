"""A publish removes few objects and never a Namespace, unless a person confirms the number."""

from __future__ import annotations

import pytest
import small_requests as small
from fleet_trees import FLEET, rendered

from goldenpath import kubeyaml
from goldenpath.repository.object_changes import compare
from goldenpath.repository.publish_plan import Part, Plan
from goldenpath.repository.removal_guard import (
    MAX_AFFECTED_OWNERS,
    MAX_REMOVED_OBJECTS,
    removal_problems,
    removals,
)
from goldenpath.spec.ref import Ref

FLAT_FILES, _ = rendered(small.request())
WITHOUT_KUEUE = FLEET | {
    "clusters": {name: cluster | {"addons": {"flux": "2.9"}} for name, cluster in FLEET["clusters"].items()}
}


def config(name, kind="ConfigMap"):
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "vision"}}


def losing(number, name="vision", kind="ConfigMap"):
    before = {
        "clusters/berlin/a.yaml": kubeyaml.dump_all(config(f"c{index}", kind) for index in range(number))
    }
    return Part(Ref.of_tenant(name), compare(before, {}))


def stopped(*parts, **allowed):
    return [(problem.path, problem.rule) for problem in removal_problems(Plan.of(parts), **allowed)]


def test_a_few_removals_need_no_confirmation():
    assert stopped(losing(MAX_REMOVED_OBJECTS)) == []
    assert stopped(*(losing(1, f"team-{number}") for number in range(MAX_AFFECTED_OWNERS))) == []


def test_more_objects_or_more_tenants_need_the_number():
    many = losing(37)
    spread = [losing(1, f"team-{number}") for number in range(MAX_AFFECTED_OWNERS + 1)]

    assert stopped(many) == stopped(*spread) == [("", "too-many-removals")]
    (problem,) = removal_problems(Plan.of([many]))
    assert "would remove 37 objects (tenant vision)" in problem.message
    assert problem.message.endswith("allow it with --allow-removals 37")


@pytest.mark.parametrize(("allowed", "free"), [(36, False), (37, True), (1000, True), (0, False)])
def test_the_confirmed_number_covers_all_removals(allowed, free):
    assert (stopped(losing(37), allowed=allowed) == []) is free


def test_many_losers_are_named_as_far_as_one_reads():
    (problem,) = removal_problems(Plan.of([losing(1, f"team-{number}") for number in range(8)]))

    assert (
        "(tenant team-0, tenant team-1, tenant team-2, tenant team-3, tenant team-4 and 3 more)"
        in problem.message
    )


def test_no_confirmation_allows_removing_an_unheld_namespace():
    part = Part(Ref.of_tenant("vision"), compare(FLAT_FILES, {}))

    (problem,) = removal_problems(Plan.of([part]), allowed=10_000)

    assert (problem.path, problem.rule) == ("tenant vision", "namespace-removal")
    assert "Namespace vision on berlin" in problem.message
    assert "`goldenpath retire vision`" in problem.message


def test_only_a_held_namespace_may_be_removed():
    held, _ = rendered(small.request(retiring=True))
    edge, _ = rendered(small.request(name="edge"))
    parts = [
        Part(Ref.of_tenant("vision"), compare(held, {})),
        Part(Ref.of_tenant("edge"), compare(edge, {})),
    ]

    assert stopped(parts[0], allowed=1000) == []
    assert stopped(*parts, allowed=1000) == [("tenant edge", "namespace-removal")]


def test_leaving_a_cluster_without_a_hold_is_reported():
    both, _ = rendered(small.request(clusters=["berlin", "paris"]))
    part = Part(
        Ref.of_tenant("vision"),
        compare(both, FLAT_FILES),
        before="tenant/v1 1.0.0",
        after="tenant/v1 1.0.0",
    )

    assert any(
        "`goldenpath retire vision --cluster paris`" in problem.message
        for problem in removal_problems(Plan.of([part]))
    )


def test_a_moved_object_is_not_a_removal():
    sharded, _ = rendered(small.request(), FLEET | {"layout": "sharded"})
    part = Part(Ref.of_tenant("vision"), compare(FLAT_FILES, sharded))

    assert part.changes.files
    assert removals(Plan.of([part])).objects == 0
    assert stopped(part) == []


def test_an_addon_that_was_left_out_stops_at_the_fourth_tenant():
    """One line of the fleet takes the queues of every tenant away."""

    def parts(number):
        for index in range(number):
            request = small.request(name=f"team-{index}")
            changes = compare(rendered(request)[0], rendered(request, WITHOUT_KUEUE)[0])
            yield Part(Ref.of_tenant(f"team-{index}"), changes)

    assert stopped(*parts(3)) == []
    assert stopped(*parts(4)) == [("", "too-many-removals")]


def test_a_file_that_no_one_can_read_any_more_may_have_held_an_object():
    part = Part(Ref.of_tenant("vision"), compare({"clusters/berlin/a.yaml": "kind: ["}, {}))

    assert removals(Plan.of([part])) == removals(Plan.of([losing(1)]))


def test_a_namespace_of_another_api_group_is_no_namespace():
    body = config("n", "Namespace") | {"apiVersion": "example.org/v1"}
    part = Part(Ref.of_tenant("vision"), compare({"clusters/berlin/a.yaml": kubeyaml.dump(body)}, {}))

    assert stopped(part) == []
