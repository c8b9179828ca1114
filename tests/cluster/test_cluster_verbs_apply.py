"""Diff, apply and wait, on a real API server."""

from __future__ import annotations

import base64
import copy
import secrets

import pytest
from kube_api import eventually
from live_tenants import FLEET
from verb_clusters import account, as_user, config_map, manifest

from goldenpath.cluster import ObjectAction, ReadinessState, Verified, apply, diff, drift, wait
from goldenpath.cluster.cluster_change_set import ObjectRef
from goldenpath.errors import ClusterError
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

PLAIN = {**FLEET, "clusters": {"plain": {"region": "eu", "kubernetes": "1.36"}}}
"""A cluster without add-ons: every kind is the server's own."""

FULL = {
    **FLEET,
    "monitoring": {"namespace": "monitoring", "prometheus": "http://prometheus.monitoring:9090"},
    "clusters": {
        "full": {
            "region": "eu",
            "kubernetes": "1.36",
            "addons": {
                "flux": "2.9",
                "kueue": "0.19",
                "keda": "2.20",
                "spire-controller-manager": "0.6.6",
                "prometheus-operator": "0.93",
                "cilium": "1.20",
            },
            "accelerators": [{"profile": "nvidia-h100-80gb", "count": 8}],
        }
    },
}


@pytest.fixture
def live(cluster, tmp_path):
    with as_user(cluster, tmp_path) as connected:
        yield connected


@pytest.fixture
def name():
    return f"v-{secrets.token_hex(4)}"


def rendered(fleet, name, **request):
    pipeline = Pipeline(parse_fleet(fleet))
    small = {"golden_path": "tenant/v1", "name": name, "owner": "a-team", "clusters": [*fleet["clusters"]]}
    return pipeline.render(parse({**small, **request}, fleet=pipeline.fleet)).objects()


def changed(objects, kind, change, name=""):
    """The same objects, one of which is not."""
    found = [copy.deepcopy(item) for item in objects]
    change(next(item.body for item in found if item.kind == kind and name in item.name))
    return found


def actions(changes):
    return {change.action for change in changes.changes}


def of_kind(changes, kind):
    return next(change for change in changes.changes if change.object.kind == kind)


def test_a_new_tenant_is_compared_without_its_namespace(live, cluster, name):
    found = diff(live, rendered(PLAIN, name))

    assert actions(found) == {ObjectAction.CREATE}
    assert found.differs
    assert of_kind(found, "Namespace").verified is Verified.SERVER
    assert {change.verified for change in found.changes} == {Verified.SERVER, Verified.STAND_IN}
    assert cluster.send("GET", f"/api/v1/namespaces/{name}").status == 404


def test_a_new_tenant_with_a_field_that_no_schema_has_is_refused_by_the_server(live, name):
    wrong = changed(rendered(PLAIN, name), "LimitRange", lambda body: body["spec"].update(limit=1))

    refused = of_kind(diff(live, wrong), "LimitRange")

    assert refused.action is ObjectAction.REFUSED
    assert "limit" in refused.message


def test_a_second_apply_finds_no_difference_and_writes_nothing(live, cluster, name):
    objects = rendered(PLAIN, name)

    assert actions(apply(live, objects)) == {ObjectAction.CREATE}
    before = {str(item): cluster.get(item.body).body["metadata"]["resourceVersion"] for item in objects}
    assert actions(diff(live, objects)) == {ObjectAction.UNCHANGED}
    assert actions(apply(live, objects)) == {ObjectAction.UNCHANGED}
    quiet = [item for item in objects if item.kind not in {"ResourceQuota", "Namespace"}]
    assert [
        str(item)
        for item in quiet
        if cluster.get(item.body).body["metadata"]["resourceVersion"] != before[str(item)]
    ] == []


def test_every_kind_that_is_rendered_is_applied_and_then_the_same(custom_resources, live, onboarding, name):
    onboarding.namespace("flux-system")
    objects = rendered(
        FULL,
        name,
        gpus=[{"profile": "nvidia-h100-80gb", "quota": 2}],
        identity={"service_accounts": ["server"]},
        autoscaling={"signal": "queue", "max_replicas": 2},
        network={"egress": [{"host": "example.com", "port": 443}]},
        source={"git": "https://git.example.org/a/b.git"},
    )

    assert actions(apply(live, objects)) == {ObjectAction.CREATE}
    assert actions(diff(live, objects)) == {ObjectAction.UNCHANGED}
    read = [live.get(live.find(item.api_version, item.kind), item.name, item.namespace) for item in objects]
    assert actions(drift(live, objects, {ObjectRef.of(body): body for body in read})) == {
        ObjectAction.UNCHANGED
    }


def test_a_change_is_reported_field_by_field(live, name):
    objects = rendered(PLAIN, name)
    apply(live, objects)
    more = changed(
        objects, "ResourceQuota", lambda body: body["spec"]["hard"].update({"pods": "7"}), "compute"
    )

    found = diff(live, more)

    (change,) = found.of(ObjectAction.CHANGE)
    assert str(change.object) == f"ResourceQuota {name}/{name}-compute"
    (field,) = change.fields
    assert (field.path, field.before, field.after, field.managers) == (
        "spec.hard.pods",
        "100",
        "7",
        ("goldenpath",),
    )


def test_what_is_no_longer_rendered_goes_away_with_an_apply(live, name):
    apply(live, [manifest(namespace(name)), config_map(name, a="1", b="2")])

    found = apply(live, [manifest(namespace(name)), config_map(name, a="1")])

    (field,) = of_kind(found, "ConfigMap").fields
    assert (field.path, field.before) == ("data.b", "2")
    assert actions(diff(live, [config_map(name, a="1")])) == {ObjectAction.UNCHANGED}


def namespace(name, **labels):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def test_a_field_of_another_manager_is_a_conflict_that_names_it(live, cluster, name):
    objects = [manifest(namespace(name)), config_map(name, a="1", b="1")]
    apply(live, objects)
    assert cluster.send(
        "PATCH",
        cluster.path(objects[1].body),
        {**objects[1].body, "data": {"a": "2"}},
        "application/apply-patch+yaml",
        fieldManager="kubectl-edit",
        force="true",
    ).ok

    refused = apply(live, objects)

    ((change, conflict),) = refused.conflicts
    assert (change.object.name, conflict.field, conflict.manager) == ("settings", "data.a", "kubectl-edit")
    assert cluster.get(objects[1].body).body["data"]["a"] == "2"

    taken = apply(live, objects, force_conflicts=True)
    assert of_kind(taken, "ConfigMap").action is ObjectAction.CHANGE
    assert cluster.get(objects[1].body).body["data"]["a"] == "1"


def test_fields_of_other_managers_are_no_difference(live, cluster, name):
    objects = [manifest(namespace(name)), config_map(name, a="1")]
    apply(live, objects)
    assert cluster.merge(objects[1].body, {"data": {"theirs": "1"}, "metadata": {"labels": {"x": "y"}}}).ok

    assert actions(diff(live, objects)) == {ObjectAction.UNCHANGED}


def test_what_flux_has_applied_is_compared_in_its_name_and_keeps_its_labels(live, cluster, name):
    """Only Flux's own apply removes what Flux has set, and its labels are not ours to remove."""
    space = namespace(name)
    marked = {**config_map(name, a="1", b="2").body}
    marks = {f"kustomize.toolkit.fluxcd.io/{key}": "tenant" for key in ("name", "namespace")}
    marked["metadata"] = {**marked["metadata"], "labels": marks}
    for body in (space, marked):
        assert cluster.apply(body).ok

    (change,) = diff(live, [config_map(name, a="1")]).changes

    assert [(field.path, field.managers) for field in change.fields] == [
        ("data.b", ("kustomize-controller",))
    ]
    assert actions(diff(live, [config_map(name, a="1", b="2")])) == {ObjectAction.UNCHANGED}
    read = {ObjectRef.of(marked): cluster.get(marked).body}
    assert actions(drift(live, [config_map(name, a="1", b="2")], read)) == {ObjectAction.UNCHANGED}
    assert actions(drift(live, [config_map(name, a="1")], read)) == {ObjectAction.CHANGE}


def test_the_values_of_a_secret_never_leave_the_diff(live, cluster, name):
    hidden = [base64.b64encode(text).decode() for text in (b"before-it", b"after-it", b"new-one")]
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": name},
        "data": {"a": hidden[0], "gone": hidden[0]},
    }
    apply(live, [manifest(namespace(name)), manifest(secret)])
    note = {"kubectl.kubernetes.io/last-applied-configuration": hidden[0]}
    assert cluster.merge(secret, {"metadata": {"annotations": note}}).ok

    found = diff(live, [manifest({**secret, "data": {"a": hidden[1], "b": hidden[2]}})])

    assert {field.path for field in found.changes[0].fields} == {"data.a", "data.b", "data.gone"}
    assert not [value for value in hidden if value in str(found.as_dict())]


def test_a_refused_secret_does_not_tell_its_values(live, name):
    wrong = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": name},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(b"{hush").decode(), "not a key": "aHVzaA=="},
    }
    apply(live, [manifest(namespace(name))])

    (refused,) = diff(live, [manifest(wrong)]).refused

    assert "data" in refused.message
    assert "hush" not in refused.message
    assert "aHVzaA" not in refused.message


def test_nothing_is_applied_where_one_object_is_refused(live, cluster, name):
    objects = rendered(PLAIN, name)
    wrong = changed(objects, "Role", lambda body: body["rules"].append({"verbs": []}))

    found = apply(live, wrong)

    assert {change.object.kind for change in found.refused} == {"Role"}
    assert cluster.send("GET", f"/api/v1/namespaces/{name}").status == 404


def test_a_kind_that_the_cluster_does_not_have_is_named_with_the_versions_that_it_has(live, name):
    body = {
        "apiVersion": "apps/v1beta9",
        "kind": "Deployment",
        "metadata": {"name": "a", "namespace": "default"},
    }

    (refused,) = diff(live, [manifest(body)]).refused

    assert "no Deployment in apps/v1beta9; it has apps/v1" in refused.message


def test_a_namespace_that_no_one_makes_is_named(live):
    (refused,) = diff(live, [config_map("nobody-makes-it", a="1")]).refused

    assert "namespace nobody-makes-it is not on the cluster" in refused.message


def test_a_new_kind_and_its_first_object_are_applied_in_one_go(live, cluster):
    group = f"g{secrets.token_hex(3)}.example.org"
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"a": {"type": "string"}}}},
    }
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"a": "x"}}
    objects = [manifest(widget), manifest(definition)]

    assert of_kind(diff(live, objects), "Widget").verified is Verified.OFFLINE
    assert actions(apply(live, objects)) == {ObjectAction.CREATE}
    assert cluster.send("GET", f"/apis/{group}/v1/widgets/a").body["spec"] == {"a": "x"}


def test_a_terminating_namespace_refuses_objects_with_a_reason(live, cluster, name):
    held = config_map(name, a="1")
    held.body["metadata"]["finalizers"] = ["example.org/held"]
    apply(live, [manifest(namespace(name)), held])
    assert cluster.send("DELETE", f"/api/v1/namespaces/{name}").ok
    eventually(
        lambda: cluster.send("GET", f"/api/v1/namespaces/{name}").body["status"]["phase"] == "Terminating",
        "the namespace is going",
    )

    (refused,) = diff(live, [config_map(name, "other", a="1")]).refused

    assert f"namespace {name} is being deleted" in refused.message
    assert cluster.merge(held.body, {"metadata": {"finalizers": None}}).ok


def test_waiting_ends_when_the_quotas_count(live, name):
    objects = rendered(PLAIN, name)
    apply(live, objects)

    found = wait(live, objects, timeout=60)

    assert {readiness.state for readiness in found.values()} == {ReadinessState.READY}


def test_the_wait_ends_and_names_the_unready_objects(live, name):
    pod = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "never", "namespace": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "nobody-provides-it",
        },
    }
    objects = [manifest(namespace(name)), manifest(pod)]
    apply(live, objects)

    found = wait(live, objects, timeout=0.5)

    assert found[ObjectRef.of(pod)].state is ReadinessState.PROGRESSING
    assert found[ObjectRef.of(pod)].message == "it is Pending"


def test_a_user_without_rights_sees_the_missing_right(cluster, onboarding, tmp_path, name):
    onboarding.namespace(name)
    nobody = account(cluster, name)
    with (
        as_user(nobody, tmp_path) as live,
        pytest.raises(ClusterError, match=f'Namespace {name}: .*cannot get resource "namespaces"') as raised,
    ):
        diff(live, [config_map(name, a="1")])

    assert raised.value.reason == "Forbidden"
    assert nobody._headers["Authorization"].split()[1] not in str(raised.value)
