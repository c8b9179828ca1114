"""Contradictions between objects: each has a bad case and a similar good case."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldenpath.check.cross_object_checks import check_coherence
from goldenpath.findings import Severity
from goldenpath.manifests import ManifestObject


def item(kind: str, name: str, namespace: str = "", **body: Any) -> ManifestObject:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return ManifestObject("f.yaml", {"apiVersion": "v1", "kind": kind, "metadata": metadata} | body)


def quota(hard: dict[str, Any], **spec: Any) -> ManifestObject:
    return item("ResourceQuota", "compute", "vision", spec={"hard": hard} | spec)


def limits(**defaults: Any) -> ManifestObject:
    return item("LimitRange", "vision", "vision", spec={"limits": [{"type": "Container"} | defaults]})


def queue(
    *resources: dict[str, Any], namespace: str | None = "vision", cohort: str | None = "tenants"
) -> ManifestObject:
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}} if namespace else {}
    spec: dict[str, Any] = {
        "namespaceSelector": selector,
        "resourceGroups": [{"flavors": [{"name": "f", "resources": list(resources)}]}],
    }
    return item("ClusterQueue", "vision", spec=spec | ({"cohortName": cohort} if cohort else {}))


def resource(name: str, nominal: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "nominalQuota": nominal, "borrowingLimit": "0"} | more


def local(target: str) -> ManifestObject:
    return item("LocalQueue", "vision", "vision", spec={"clusterQueue": target})


def binding(kind: str, name: str) -> ManifestObject:
    return item("RoleBinding", "admins", "vision", roleRef={"kind": kind, "name": name})


ROLE = item("Role", "admin", "vision")
ALL_DEFAULTS = limits(default={"memory": "1Gi"}, defaultRequest={"cpu": "1"})
GPU = "nvidia.com/gpu"

CASES: dict[str, tuple[list[ManifestObject], list[tuple[str, str]]]] = {
    "a key that is counted": ([quota({f"requests.{GPU}": 8, "pods": 4, "count/jobs.batch": 1})], []),
    "a claim's key": ([quota({"h100.deviceclass.resource.k8s.io/devices": 8})], []),
    "an implicit class's key": ([quota({"requests.deviceclass.resource.kubernetes.io/h100": 8})], []),
    "a storage class's keys": (
        [quota({"gold.storageclass.storage.k8s.io/requests.storage": "1Ti", "gold.storageclass.storage.k8s.io/persistentvolumeclaims": 5})], [],
    ),
    "a resource that is called devices": ([quota({"requests.example.org/devices": 8})], []),
    "a bare extended resource": ([quota({GPU: 8})], [("quota-never-enforced", f"spec.hard[{GPU}]")]),
    "a limit of an extended resource": ([quota({f"limits.{GPU}": 8})], [("quota-never-enforced", f"spec.hard[limits.{GPU}]")]),
    "devices of no class": ([quota({"gpu.nvidia.com/devices": 8})], [("quota-never-enforced", "spec.hard[gpu.nvidia.com/devices]")]),
    "defaults for what the quota covers": ([quota({"requests.cpu": 8, "requests.memory": "8Gi", "limits.memory": "8Gi"}), ALL_DEFAULTS], []),
    "no default limit": ([quota({"limits.cpu": 8}), ALL_DEFAULTS], [("quota-without-default", "spec.hard[limits.cpu]")]),
    "no default request": ([quota({"requests.cpu": 8}), limits(default={"memory": "1Gi"})], [("quota-without-default", "spec.hard[requests.cpu]")]),
    "no limit range": ([quota({"memory": "8Gi"})], [("quota-without-default", "spec.hard[memory]")]),
    "a limit range of another namespace": (
        [quota({"cpu": 8}), item("LimitRange", "x", "other", spec={"limits": [{"type": "Container", "default": {"cpu": 1}}]})],
        [("quota-without-default", "spec.hard[cpu]")],
    ),
    "a default for Pods only": (
        [quota({"cpu": 8}), item("LimitRange", "x", "vision", spec={"limits": [{"type": "Pod", "default": {"cpu": 1}}]})],
        [("quota-without-default", "spec.hard[cpu]")],
    ),
    "a queue that agrees with the quota": ([quota({f"requests.{GPU}": 12}), queue(resource(GPU, "8", borrowingLimit="4"))], []),
    "a queue that agrees in other units": ([quota({"requests.ephemeral": "2Gi"}), queue(resource("ephemeral", "2048Mi"))], []),
    "flavors that add up": ([quota({f"requests.{GPU}": 3}), queue(resource(GPU, 1), resource(GPU, 2))], []),
    "a queue that has less than the quota": ([quota({f"requests.{GPU}": 9}), queue(resource(GPU, 8))], [("queue-against-quota", "spec.resourceGroups")]),
    "a queue that has more than the quota": ([quota({f"requests.{GPU}": 8}), queue(resource(GPU, 8, borrowingLimit=1))], [("queue-against-quota", "spec.resourceGroups")]),
    "the lowest of several quotas": (
        [quota({f"requests.{GPU}": 8}), quota({f"requests.{GPU}": 4}), queue(resource(GPU, 8))], [("queue-against-quota", "spec.resourceGroups")],
    ),
    "the lowest of several quotas, whichever comes first": (
        [quota({f"requests.{GPU}": 4}), quota({f"requests.{GPU}": 8}), queue(resource(GPU, 4))], [],
    ),
    "a quota for some Pods only": (
        [quota({f"requests.{GPU}": 8}), quota({f"requests.{GPU}": 4}, scopes=["BestEffort"]), queue(resource(GPU, 8))], [],
    ),
    "a resource without a wall": ([quota({"pods": 1}), queue(resource(GPU, 8))], [("queue-without-quota", "spec.resourceGroups")]),
    "a queue whose quota is not here": ([queue(resource(GPU, 8))], []),
    "a queue that borrows without a limit": (
        [quota({f"requests.{GPU}": 8}), queue({"name": GPU, "nominalQuota": 8})], [("queue-borrows-without-limit", "spec.resourceGroups")],
    ),
    "a queue without a cohort has nobody to borrow from": ([quota({f"requests.{GPU}": 8}), queue({"name": GPU, "nominalQuota": 8}, cohort=None)], []),
    "a queue that is open to all": ([queue(namespace=None)], [("queue-namespace", "spec.namespaceSelector")]),
    "a local queue of a queue": ([queue(), local("vision")], []),
    "a local queue of no queue": ([queue(), local("speech")], [("queue-missing", "spec.clusterQueue")]),
    "a local queue whose queues are not here": ([local("speech")], []),
    "a binding of a role": ([ROLE, binding("Role", "admin")], []),
    "a binding of no role": ([ROLE, binding("Role", "owner")], [("role-missing", "roleRef.name")]),
    "a binding of another namespace's role": ([item("Role", "admin", "speech"), binding("Role", "admin")], [("role-missing", "roleRef.name")]),
    "a binding of what may look": ([binding("ClusterRole", "view")], []),
    "a binding of what may edit": ([binding("ClusterRole", "edit")], [("role-too-wide", "roleRef.name")]),
    "a binding of what may do all": ([binding("ClusterRole", "cluster-admin")], [("role-too-wide", "roleRef.name")]),
}  # fmt: skip


@pytest.mark.parametrize(("objects", "expected"), CASES.values(), ids=CASES.keys())
def test_contradictions_are_found(objects: list[ManifestObject], expected: list[tuple[str, str]]) -> None:
    found = list(check_coherence(objects))
    assert [(finding.rule, finding.field) for finding in found] == expected
    assert all(
        finding.severity is Severity.ERROR and finding.fix and finding.file == "f.yaml" for finding in found
    )


def test_numbers_are_reported_as_written() -> None:
    (found,) = check_coherence([quota({f"requests.{GPU}": "1e3"}), queue(resource(GPU, "1500m"))])
    assert "admits up to 1.5 of nvidia.com/gpu" in found.message
    assert "allows 1000" in found.message


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["spec", "hard", "limits", "default", "resourceGroups", "flavors", "resources", "name", "roleRef", "type"]), inner, max_size=3
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["ResourceQuota", "LimitRange", "ClusterQueue", "LocalQueue", "Role", "RoleBinding"]
            ),
            st.dictionaries(st.sampled_from(["spec", "roleRef", "metadata"]), JUNK, max_size=3),
        ),
        max_size=4,
    )
)
def test_an_object_without_the_shape_of_its_kind_is_passed_over(
    objects: list[tuple[str, dict[str, Any]]],
) -> None:
    named = [
        ManifestObject("f.yaml", {"kind": kind} | body | {"metadata": {"name": "x"}})
        for kind, body in objects
    ]
    list(check_coherence(named))


@pytest.mark.parametrize(
    ("role", "reasons"),
    [
        ("edit", ["network policies", "tokens of every account", "add-ons aggregate"]),
        (
            "admin",
            ["network policies", "Roles and RoleBindings", "tokens of every account", "add-ons aggregate"],
        ),
        ("cluster-admin", ["everything in the namespace"]),
    ],
)
def test_a_wide_binding_is_refused_with_the_roles_real_rights(role, reasons):
    (found,) = check_coherence([binding("ClusterRole", role)])
    assert [reason for reason in reasons if reason not in found.message] == []
    # No built-in role but cluster-admin writes quotas or limit ranges.
    assert "limit" not in found.message + found.fix
    assert "quota" not in found.message + found.fix
