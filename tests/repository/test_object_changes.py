"""Differences of two states of files: complete and minimal."""

from __future__ import annotations

import base64
import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath import kubeyaml
from goldenpath.errors import MISSING
from goldenpath.kubeyaml import same
from goldenpath.repository.field_changes import HIDDEN, field_changes
from goldenpath.repository.object_changes import ChangeKind, cluster_of, compare

texts = st.dictionaries(
    st.sampled_from(["a.yaml", "b.md", "clusters/x/c.yaml"]), st.text(max_size=5), max_size=3
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.0, 1.0])
    | st.sampled_from(["", "1", "a"])
)
keys = st.sampled_from(["name", "key", "a", "b.c/d"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def quota(**spec):
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q", "namespace": "vision"},
        "spec": spec or {"hard": {"pods": "1"}},
    }


def text_of(*bodies):
    return kubeyaml.dump_all(bodies)


def reported(changes):
    return [
        (change.action.value, str(change.id), change.file, change.moved_from) for change in changes.objects
    ]


def fields(before, after):
    return [(change.path, change.before, change.after) for change in field_changes(before, after)]


@given(texts, texts)
def test_applying_the_changes_to_the_old_objects_gives_the_new_ones(before, after):
    changes = compare(before, after)
    applied = before | {path: new.text for path, new in changes.edits.items() if new is not None}
    for path, new in changes.edits.items():
        if new is None:
            del applied[path]

    assert applied == after
    assert changes.unchanged == sum(after.get(path) == text for path, text in before.items())
    assert bool(changes) == (before != after)


def test_objects_are_added_changed_removed_or_unchanged():
    one, two = quota(), quota() | {"kind": "LimitRange"}
    more = quota(hard={"pods": "2"})
    before = {"clusters/x/a.yaml": text_of(one, two), "clusters/x/b.yaml": text_of(one)}
    after = {"clusters/x/a.yaml": text_of(more), "clusters/x/b.yaml": text_of(one)}

    assert reported(compare(before, after)) == [
        ("removed", "LimitRange vision/q", "clusters/x/a.yaml", None),
        ("changed", "ResourceQuota vision/q", "clusters/x/a.yaml", None),
    ]
    assert reported(compare({}, {"clusters/x/a.yaml": text_of(two)})) == [
        ("added", "LimitRange vision/q", "clusters/x/a.yaml", None)
    ]


def test_an_object_that_changes_its_file_is_moved_and_never_removed():
    before = {"clusters/x/old.yaml": text_of(quota(), quota() | {"kind": "LimitRange"})}
    after = {
        "clusters/x/old.yaml": text_of(quota() | {"kind": "LimitRange"}),
        "clusters/x/new.yaml": text_of(quota()),
    }

    assert reported(compare(before, after)) == [
        ("moved", "ResourceQuota vision/q", "clusters/x/new.yaml", "clusters/x/old.yaml")
    ]


def test_a_moved_and_changed_object_reports_both():
    changes = compare({"a.yaml": text_of(quota())}, {"b.yaml": text_of(quota(hard={"pods": "2"}))})

    assert reported(changes) == [("changed", "ResourceQuota vision/q", "b.yaml", "a.yaml")]
    assert [field.path for field in changes.objects[0].fields] == ["spec.hard.pods"]


def test_the_same_object_on_another_cluster_is_another_object():
    changes = compare({"clusters/x/a.yaml": text_of(quota())}, {"clusters/y/a.yaml": text_of(quota())})

    assert [change.action for change in changes.objects] == [ChangeKind.REMOVED, ChangeKind.ADDED]
    assert changes.clusters == ("x", "y")


def test_another_version_of_its_api_is_a_changed_field_and_another_group_another_object():
    queue = quota() | {"apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "ClusterQueue"}
    newer = queue | {"apiVersion": "kueue.x-k8s.io/v1beta2"}
    foreign = queue | {"apiVersion": "example.org/v1beta1"}

    assert reported(compare({"a.yaml": text_of(queue)}, {"a.yaml": text_of(newer)})) == [
        ("changed", "ClusterQueue vision/q", "a.yaml", None)
    ]
    assert {
        change.action for change in compare({"a.yaml": text_of(queue)}, {"a.yaml": text_of(foreign)}).objects
    } == {
        ChangeKind.REMOVED,
        ChangeKind.ADDED,
    }


def test_removing_one_of_two_copies_is_not_a_removal():
    two = {"a.yaml": text_of(quota()), "b.yaml": text_of(quota())}
    one = {"a.yaml": text_of(quota())}

    assert reported(compare(two, one)) == []
    assert reported(compare({}, two)) == [("added", "ResourceQuota vision/q", "a.yaml", None)]


def test_other_files_are_compared_as_files():
    before = {
        "tenants/v/README.md": "a",
        "tenants/v/catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: System\n",
    }

    changes = compare(before, {})

    assert changes.objects == ()
    assert [(file.path, file.action) for file in changes.files] == [
        ("tenants/v/README.md", ChangeKind.REMOVED),
        ("tenants/v/catalog-info.yaml", ChangeKind.REMOVED),
    ]


def test_a_file_that_was_broken_by_hand_is_named_and_its_new_objects_are_reported():
    changes = compare({"a.yaml": "kind: [unclosed"}, {"a.yaml": text_of(quota())})

    assert changes.unreadable == ("a.yaml",)
    assert reported(changes) == [("added", "ResourceQuota vision/q", "a.yaml", None)]


@pytest.mark.parametrize(
    ("path", "cluster"),
    [
        ("clusters/berlin/tenants/v/a.yaml", "berlin"),
        ("clusters/README.md", None),
        ("tenants/v/README.md", None),
        ("goldenpath.yaml", None),
    ],
)
def test_the_path_tells_the_cluster(path, cluster):
    assert cluster_of(path) == cluster


@given(values, values)
def test_fields_are_reported_exactly_where_two_objects_differ(before, after):
    changes = field_changes({"spec": before}, {"spec": after})

    assert bool(changes) != same(before, after)
    assert field_changes({"spec": before}, copy.deepcopy({"spec": before})) == ()


def test_one_and_true_and_a_text_are_three_values():
    assert fields({"a": 1}, {"a": True}) == [("a", 1, True)]
    assert fields({"a": 1}, {"a": "1"}) == [("a", 1, "1")]
    assert fields({"a": [1]}, {"a": [True]}) == [("a[]", 1, MISSING), ("a[]", MISSING, True)]


def test_a_field_path_has_its_usual_form():
    before = {"spec": {"hard": {"requests.nvidia.com/gpu": "8", "pods": "1"}}}
    after = {"spec": {"hard": {"requests.nvidia.com/gpu": "12"}}, "data": {}}

    assert fields(before, after) == [
        ("spec.hard[requests.nvidia.com/gpu]", "8", "12"),
        ("spec.hard.pods", "1", MISSING),
        ("data", MISSING, {}),
    ]


def test_entries_with_a_name_find_each_other_wherever_they_stand():
    before = {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    after = {"env": [{"name": "C", "value": "3"}, {"name": "B", "value": "9"}]}

    assert fields(before, after) == [
        ("env[name=A]", {"name": "A", "value": "1"}, MISSING),
        ("env[name=B].value", "2", "9"),
        ("env[name=C]", MISSING, {"name": "C", "value": "3"}),
    ]
    turned = {"env": list(reversed(before["env"]))}
    assert fields(before, turned) == [("env (order)", ["A", "B"], ["B", "A"])]


def test_plain_words_are_compared_as_words():
    before, after = {"verbs": ["get", "list", "watch"]}, {"verbs": ["list", "watch", "patch"]}

    assert fields(before, after) == [("verbs[]", "get", MISSING), ("verbs[]", MISSING, "patch")]
    assert fields(before, {"verbs": ["watch", "get", "list"]}) == [
        ("verbs (order)", ["get", "list", "watch"], ["watch", "get", "list"])
    ]


def test_entries_without_a_name_are_reported_where_they_differ():
    dns, one, two = {"to": ["dns"]}, {"to": ["one"]}, {"to": ["two"]}

    assert fields({"egress": [dns, one]}, {"egress": [dns, two, one]}) == [("egress[1]", MISSING, two)]
    assert fields({"egress": [dns, one]}, {"egress": [one]}) == [("egress[0]", dns, MISSING)]
    assert fields({"egress": [dns, one]}, {"egress": [dns, two]}) == [
        ("egress[1].to[]", "one", MISSING),
        ("egress[1].to[]", MISSING, "two"),
    ]


def test_a_list_that_is_too_long_to_align_is_reported_as_a_whole():
    before, after = [{"a": [n]} for n in range(600)], [{"a": [n]} for n in range(1, 601)]

    assert fields({"x": before}, {"x": after}) == [("x", before, after)]


def secret(**data):
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": str(data)}
    metadata = {"name": "s", "namespace": "vision", "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data, "type": "Opaque"}


def test_a_secrets_values_are_distinguished_and_never_reported():
    word, other = (base64.b64encode(text).decode() for text in (b"hunter2-old", b"hunter2-new"))
    changes = compare(
        {"a.yaml": text_of(secret(password=word, user=word))},
        {
            "a.yaml": text_of(
                secret(password=other, user=word, token=other) | {"stringData": {"plain": "hunter2"}}
            )
        },
    )

    (change,) = changes.objects
    assert {field.path: (field.before, field.after) for field in change.fields} == {
        "metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]": (HIDDEN, HIDDEN),
        "data.password": (HIDDEN, HIDDEN),
        "data.token": (MISSING, HIDDEN),
        "stringData": (MISSING, {"plain": HIDDEN}),
    }
    assert word not in repr(change)
    assert "hunter2" not in repr(change)


def test_long_texts_are_cut_to_where_they_differ():
    before, after = "x" * 5000 + "old" + "y" * 5000, "x" * 5000 + "new" + "y" * 5000

    ((path, old, new),) = fields({"data": {"query": before}}, {"data": {"query": after}})

    assert path == "data.query"
    assert "old" in old
    assert "new" in new
    assert len(old) < 300
    assert old.endswith("(10003 characters)")


def rule_group(*rules):
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "alerts", "namespace": "vision"},
        "spec": {"groups": [{"name": "tenant", "rules": list(rules)}]},
    }


def alert(name, expr="up == 0", **labels):
    return {"alert": name, "expr": expr, "labels": labels}


def record(name, expr="1", **labels):
    return {"record": name, "expr": expr, "labels": labels}


def test_a_new_rule_is_one_change_and_those_after_it_are_none():
    before = rule_group(record("a:b:c"), alert("Old"), alert("Older"))
    after = rule_group(record("a:b:c"), alert("New"), alert("Old"), alert("Older", expr="up == 1"))

    assert fields(before, after) == [
        ("spec.groups[name=tenant].rules[alert=Older].expr", "up == 0", "up == 1"),
        ("spec.groups[name=tenant].rules[alert=New]", MISSING, alert("New")),
    ]


def test_rules_with_one_name_are_distinguished_by_labels():
    first, second = record("latency", goal="first", job="x"), record("latency", goal="next", job="x")
    changed = record("latency", "2", goal="next", job="x")

    assert fields(rule_group(first, second), rule_group(changed, first)) == [
        ("spec.groups[name=tenant].rules[record=latency,goal=next].expr", "1", "2"),
        (
            "spec.groups[name=tenant].rules (order)",
            ["latency,goal=first", "latency,goal=next"],
            ["latency,goal=next", "latency,goal=first"],
        ),
    ]


def test_a_changed_label_does_not_make_a_new_rule():
    before, after = alert("Old", severity="warning"), alert("Old", severity="critical")

    assert fields(rule_group(before), rule_group(after)) == [
        ("spec.groups[name=tenant].rules[alert=Old].labels.severity", "warning", "critical")
    ]


def test_rules_that_nothing_tells_apart_are_compared_in_their_order():
    twice = alert("Old")

    assert fields(rule_group(twice, twice), rule_group(twice, twice, twice)) == [
        ("spec.groups[name=tenant].rules[2]", MISSING, twice)
    ]


def test_entries_without_a_name_are_matched_by_the_keys_of_their_api():
    def pod(*spreads):
        topology = [
            {"topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "maxSkew": skew}
            for key, skew in spreads
        ]
        return {"apiVersion": "v1", "kind": "Pod", "spec": {"topologySpreadConstraints": topology}}

    assert fields(pod(("zone", 1), ("node", 1)), pod(("rack", 1), ("zone", 1), ("node", 2))) == [
        (
            "spec.topologySpreadConstraints[topologyKey=node,whenUnsatisfiable=DoNotSchedule].maxSkew",
            1,
            2,
        ),
        (
            "spec.topologySpreadConstraints[topologyKey=rack,whenUnsatisfiable=DoNotSchedule]",
            MISSING,
            {"topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 1},
        ),
    ]
