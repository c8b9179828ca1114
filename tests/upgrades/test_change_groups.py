"""A plan shows each change of an object once, with the owners that have it."""

from __future__ import annotations

from goldenpath.edits.effects import Effect
from goldenpath.repository.object_changes import compare
from goldenpath.spec.ref import Ref
from goldenpath.upgrades.change_shape import ObjectShape, grouped, shapes_of
from goldenpath.upgrades.changed_objects import changed_objects


def shape(name: str, *values: str, effect: Effect = Effect.IN_PLACE) -> ObjectShape:
    return ObjectShape(f"~ {name}", tuple(("spec.x", "(none)", value) for value in values), effect)


def test_changes_of_the_same_owners_are_one_group_and_an_owner_is_in_several() -> None:
    common, quota, role = shape("A", "1"), shape("B", "2", effect=Effect.RESTART), shape("C", "3")
    groups = grouped([(common, quota), (common, quota, role), (common,), ()])
    assert [(group.owners, group.lines[::2], group.effect) for group in groups] == [
        ((0, 1, 2), ("~ A",), Effect.IN_PLACE),
        ((0, 1), ("~ B",), Effect.RESTART),
        ((1,), ("~ C",), Effect.IN_PLACE),
    ]
    assert len({group.digest for group in groups}) == 3


def test_many_values_of_one_field_are_one_change_with_their_number() -> None:
    (group,) = grouped([(shape("A", str(number)),) for number in range(100)])
    assert len(group.owners) == 100
    assert group.lines == ("~ A", "    spec.x: (none) → 0, (none) → 1, (none) → 2 and 97 other values")
    assert len(grouped([(shape("A", str(number)),) for number in range(10)])) == 10


def test_a_grouped_change_contains_no_owner_or_shard() -> None:
    def shapes(name: str, shard: str) -> tuple[ObjectShape, ...]:
        body = (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}-a, namespace: {0}}}\ndata: {{a: '{1}'}}\n"
        )
        path = f"clusters/berlin/tenants/{shard}/{name}/a.yaml"
        changes = compare({path: body.format(name, 1)}, {path: body.format(name, 2)})
        return shapes_of(changes, Ref.of_tenant(name), changed_objects(changes))

    assert shapes("vision", "c") == shapes("speech", "0")
    files = compare({}, {"tenants/c/vision/README.md": "x"})
    other = compare({}, {"tenants/0/speech/README.md": "x"})
    assert shapes_of(files, Ref.of_tenant("vision"), ()) == shapes_of(other, Ref.of_tenant("speech"), ())
