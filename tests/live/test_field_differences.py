"""Differences of two states of an object by field, and the managers of fields."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.cluster.drift_detection import is_as_rendered
from goldenpath.cluster.field_diff import comparable, differences, path_text
from goldenpath.cluster.managers import managers_at, owned_fields, with_fluxs_own
from goldenpath.errors import MISSING


def reported(before, after):
    return [(path_text(found.path), found.before, found.after) for found in differences(before, after)]


def test_fields_of_the_server_are_no_difference():
    ours = {
        "kind": "A",
        "metadata": {"name": "a", "uid": "1", "generation": 1, "managedFields": []},
        "status": {"x": 1},
    }
    theirs = {"kind": "A", "metadata": {"name": "a", "uid": "2", "resourceVersion": "7"}, "status": {"x": 2}}

    assert reported(ours, theirs) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 2}, [("spec.a", 1, 2)]),
        ({"a": 1}, {"a": True}, [("spec.a", 1, True)]),
        ({}, {"a": None}, [("spec.a", MISSING, None)]),
        ({"a": {"b": 1}}, {"a": {}}, [("spec.a.b", 1, MISSING)]),
        ({"a/b": 1}, {"a/b": 2}, [("spec[a/b]", 1, 2)]),
        (
            {"l": [{"name": "x", "v": 1}, {"name": "y", "v": 1}]},
            {"l": [{"name": "z", "v": 1}, {"name": "x", "v": 2}]},
            [
                ("spec.l[name=x].v", 1, 2),
                ("spec.l[name=y]", {"name": "y", "v": 1}, MISSING),
                ("spec.l[name=z]", MISSING, {"name": "z", "v": 1}),
            ],
        ),
        (
            {"l": [{"name": "x"}, {"name": "y"}]},
            {"l": [{"name": "y"}, {"name": "x"}]},
            [("spec.l", ["x", "y"], ["y", "x"])],
        ),
        ({"l": ["a", "b", "c"]}, {"l": ["a", "c"]}, [("spec.l[1]", "b", MISSING)]),
        ({"l": ["a", "c"]}, {"l": ["a", "b", "c"]}, [("spec.l[1]", MISSING, "b")]),
        ({"l": [{"p": 1}]}, {"l": [{"p": 2}]}, [("spec.l[0].p", 1, 2)]),
    ],
)
def test_a_difference_names_its_field_and_both_values(before, after, expected):
    assert reported({"spec": before}, {"spec": after}) == expected


scalars = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["a", "b"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "name", "key"]), inner, max_size=3)
    ),
    max_leaves=12,
)
bodies = st.fixed_dictionaries({"spec": values, "metadata": st.just({"name": "a"})})


@given(bodies, bodies)
def test_there_is_a_difference_exactly_where_the_objects_are_not_the_same(before, after):
    alike = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)

    assert (differences(before, after) == ()) is alike


@given(bodies)
def test_an_object_holds_what_it_is(body):
    assert is_as_rendered(body, body)


SECRET = {"kind": "Secret", "metadata": {"name": "a"}}


def test_values_of_a_secret_are_masked_and_its_keys_are_not():
    before = {**SECRET, "data": {"changed": "b2xk", "gone": "Z29uZQ=="}, "type": "Opaque"}
    after = {**SECRET, "data": {"changed": "bmV3", "new": "YWRk"}, "type": "Other"}

    assert reported(before, after) == [
        ("data.changed", "(secret, before)", "(secret, after)"),
        ("data.gone", "(secret)", MISSING),
        ("data.new", MISSING, "(secret)"),
        ("type", "Opaque", "Other"),
    ]
    assert reported(SECRET, {**SECRET, "data": {"a": "YQ=="}}) == [("data", MISSING, {"a": "(secret)"})]


def test_kubectls_copy_of_the_object_is_left_out():
    note = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}

    assert comparable({"metadata": {"annotations": note}}) == {"metadata": {}}


MANAGED = [
    {
        "manager": "helm",
        "operation": "Update",
        "fieldsV1": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"server"}': {".": {}, "f:image": {}},
                },
                "f:replicas": {},
            },
            "f:metadata": {"f:finalizers": {'v:"example.org/x"': {}}},
        },
    },
    {"manager": "hpa", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    {"manager": "whole", "operation": "Apply", "fieldsV1": {"f:rules": {}}},
]


@pytest.mark.parametrize(
    ("before", "after", "managers"),
    [
        ({"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, ("helm", "hpa")),
        (
            {"spec": {"containers": [{"name": "server", "image": "a"}]}},
            {"spec": {"containers": [{"name": "server", "image": "b"}]}},
            ("helm",),
        ),
        ({"metadata": {"finalizers": ["example.org/x"]}}, {"metadata": {"finalizers": []}}, ("helm",)),
        ({"rules": [{"verbs": ["get"]}]}, {"rules": [{"verbs": ["list"]}]}, ("whole",)),
        ({"spec": {"paused": True}}, {"spec": {}}, ()),
    ],
)
def test_a_field_is_whose_tree_reaches_it_or_ends_above_it(before, after, managers):
    live = {**before, "metadata": {**before.get("metadata", {}), "managedFields": MANAGED}}
    (found,) = differences(live, {**after, "metadata": after.get("metadata", {})})

    assert managers_at(live, found.path) == managers


def test_the_leaves_of_a_tree_are_the_owned_fields():
    assert set(owned_fields(MANAGED[0]["fieldsV1"])) == {
        ("f:spec", "f:containers", 'k:{"name":"server"}', "f:image"),
        ("f:spec", "f:replicas"),
        ("f:metadata", "f:finalizers", 'v:"example.org/x"'),
    }


def applied(fields, **body):
    entry = {"manager": "kustomize-controller", "operation": "Apply", "fieldsV1": fields}
    return {**body, "metadata": {"managedFields": [entry]}}


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        ({"spec": {"cpu": "1", "defaulted": 3}}, {"spec": {"cpu": "1000m"}}, True),
        ({"spec": {"cpu": "1"}}, {"spec": {"cpu": 1}}, True),
        ({"spec": {"cpu": "1"}}, {"spec": {"cpu": "2"}}, False),
        ({"spec": {}}, {"spec": {"egress": []}}, True),
        ({"spec": {}}, {"spec": {"egress": [1]}}, False),
        ({"spec": {"l": [1, 2]}}, {"spec": {"l": [1]}}, False),
        ({"spec": {"flag": "true"}}, {"spec": {"flag": True}}, False),
        (applied({"f:data": {"f:a": {}}}, data={"a": "1"}), {"data": {"a": "1"}, "metadata": {}}, True),
        (applied({"f:data": {"f:a": {}, "f:b": {}}}, data={"a": "1", "b": "1"}), {"data": {"a": "1"}}, False),
        (
            applied({"f:metadata": {"f:labels": {"f:kustomize.toolkit.fluxcd.io/name": {}}}}),
            {"metadata": {}},
            True,
        ),
    ],
)
def test_an_object_holds_what_is_wanted_and_its_applier_nothing_else(live, wanted, expected):
    assert is_as_rendered(live, wanted) is expected


def test_the_labels_of_flux_are_carried_over_and_no_others():
    labels = {
        "kustomize.toolkit.fluxcd.io/name": "a",
        "kustomize.toolkit.fluxcd.io/prune": "x",
        "theirs": "b",
    }

    assert with_fluxs_own({"metadata": {"labels": {"ours": "c"}}}, {"metadata": {"labels": labels}}) == {
        "metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "a", "ours": "c"}}
    }
