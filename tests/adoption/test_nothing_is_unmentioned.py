"""Every object and every field of a namespace is in the request, in a finding, or a leftover: counted, not sampled."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from made_by_hand import FLEET, H100, PRODUCT, RBAC, adopt, deployment, item, queue, quota

from goldenpath.adoption import Adoption, ToDo, derive
from goldenpath.manifests import ManifestObject

Objects = list[ManifestObject]
KUEUE, HNC = "kueue.x-k8s.io", "hnc.x-k8s.io"
DEVICE = {"limits": {"nvidia.com/gpu": "2"}}
POD = {"containers": [{"name": "c", "image": "x", "resources": DEVICE}]}
TEMPLATE = {"template": {"spec": POD}}
CI = {"kind": "ServiceAccount", "name": "ci"}
STANDS = {ToDo.KEEP, ToDo.REPOSITORY, ToDo.INPUT}
# What names the kind of a reference, and says nothing more; a request that says no `borrow` borrows 0.
IMPLIED = re.compile(
    r".*borrowingLimit=0|spec\.policyTypes.*|roleRef\.(apiGroup|kind)|subjects\[.*|type|spec\.ref\.branch|spec\.resourceGroups.*(coveredResources\[0\]|name)"
)


def space(labels: dict[str, str], annotations: dict[str, str] | None = None) -> Objects:
    return [
        item(
            "Namespace", "vision", namespace="", metadata={"labels": labels, "annotations": annotations or {}}
        )
    ]


def binding(role: str, *subjects: dict[str, str]) -> ManifestObject:
    return item(
        "RoleBinding",
        role,
        RBAC,
        roleRef={"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        subjects=list(subjects),
    )


def policy(name: str, **spec: Any) -> ManifestObject:
    return item("NetworkPolicy", name, "networking.k8s.io", spec=spec)


DEVICES = {
    "init container": item("Deployment", "d", "apps", spec={"template": {"spec": {"containers": [{"name": "c"}], "initContainers": POD["containers"]}}}),
    "inference service": item("InferenceService", "i", "serving.kserve.io", spec={"predictor": {"model": {"resources": DEVICE}}}),
    "notebook": item("Notebook", "n", "kubeflow.org", spec=TEMPLATE),
    "daemon set": item("DaemonSet", "d", "apps", spec=TEMPLATE),
    "leader and workers": item("LeaderWorkerSet", "l", "leaderworkerset.x-k8s.io", spec={"leaderWorkerTemplate": {"size": 2, "leaderTemplate": {"spec": {"containers": [{"name": "l"}]}}, "workerTemplate": {"spec": POD}}}),
    "ray": item("RayCluster", "r", "ray.io", spec={"workerGroupSpecs": [{"replicas": 1, **TEMPLATE}]}),
    "cron job": item("CronJob", "c", "batch", spec={"jobTemplate": {"spec": TEMPLATE}}),
    "bare pod": item("Pod", "p", spec=POD),
}  # fmt: skip
META = [
    ({"example.com/team": "a", "example.com/environment-name": "development"}, {"example.com/owner": "b"}),
    ({"istio-injection": "enabled", "team": "a"}, {"openshift.io/node-selector": "pool=gpu"}),
    ({"linkerd.io/inject": "enabled"}, {"scheduler.alpha.kubernetes.io/node-selector": "a=b"}),
    ({"Team_Name": "a", "example.com/cost-centre": "cc1"}, {"contact": "call me"}),
    (
        {"capsule.clastix.io/tenant": "oil", "a.tree.hnc.x-k8s.io/depth": "1"},
        {"hnc.x-k8s.io/subnamespace-of": "a"},
    ),
]
PARTS: dict[str, Objects] = {
    "queues": [*queue(("cpu", "default", 8, None), name="q1"), *queue(("nvidia.com/gpu", H100, 4, 0), name="q2")],
    "queues of one pool": [*queue(("nvidia.com/gpu", H100, 4, 0), name="q1"), *queue(("nvidia.com/gpu", H100, 2, 1), name="q2"), *queue(("cpu", "default", 9, None), name="q3")],
    "queue elsewhere": [item("LocalQueue", "q", KUEUE, spec={"clusterQueue": "missing", "stopPolicy": "Hold"})],
    "quota keys": [quota({"requests.cpu": "4", "fast.storageclass.storage.k8s.io/requests.storage": "1Gi", "hugepages-2Mi": "1Gi", "limits.memory": "9Gi", "requests.memory": "8Gi"})],
    "two quotas": [quota({"cpu": "4", "requests.nvidia.com/gpu": 2}), quota({"cpu": "2", "count/pods": 3}, "more"), quota({"pods": 3}, "s", scopes=["BestEffort"])],
    "egress of some": [policy("closed", podSelector={}, policyTypes=["Egress"]), policy("db", podSelector={"matchLabels": {"app": "db"}}, egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 1}]}])],
    "egress of all": [policy("out", podSelector={}, egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 5432}]}, {}], ingress=[{}])],
    "cilium": [item("CiliumNetworkPolicy", "c", "cilium.io", spec={"endpointSelector": {}, "egressDeny": [{"toCIDR": ["1.1.1.1/32"]}], "egress": [{"toCIDR": ["10.0.0.0/8"], "toPorts": [{"ports": [{"port": "80"}], "rules": {"http": [{"path": "/"}]}}]}]})],
    "limits": [item("LimitRange", "l", spec={"limits": [{"type": "Container", "default": {"cpu": "7m"}}]})],
    "no pool": [deployment({"nvidia.com/mig-1g.12gb": 1}, {PRODUCT: "x"}, 3), deployment({"example.com/fuse": 1})],
    "untold": [item("Pod", "bare", spec=POD), item("Secret", "t", type="kubernetes.io/service-account-token"), item("Endpoints", "db", subsets=[]), binding("view", CI)],
    "people": [binding("edit", {"kind": "User", "name": "ada"}, {"kind": "Group", "name": "oidc:a"}, {"kind": "Group", "name": "system:authenticated"}, CI), binding("own", {"kind": "Group", "name": "oidc:b"})],
    "accounts": [item("ServiceAccount", "s", automountServiceAccountToken=False, imagePullSecrets=[{"name": "r"}], metadata={"annotations": {"eks.amazonaws.com/role-arn": "arn"}}), item("ServiceAccount", "default", automountServiceAccountToken=False)],
    "profile": [item("Profile", "vision", "kubeflow.org", namespace="", spec={"owner": {"kind": "User", "name": "a@b.org"}, "resourceQuotaSpec": {"hard": {"cpu": "4", "hugepages-2Mi": "1"}}, "plugins": [{"kind": "WorkloadIdentity"}]})],
    "capsule": [*space({"capsule.clastix.io/tenant": "oil"}), item("Tenant", "oil", "capsule.clastix.io", namespace="", spec={"owners": [{"kind": "Group", "name": "oidc:oil"}], "namespaceOptions": {"quota": 3}})],
    "hnc": [item("HierarchyConfiguration", "hierarchy", HNC, spec={"parent": "a"}), item("SubnamespaceAnchor", "vision", HNC, namespace="a"), item("SubnamespaceAnchor", "below", HNC)],
    "outside": [item("PersistentVolume", "pv", namespace="", spec={"claimRef": {"namespace": "vision", "name": "x"}}), item("RoleBinding", "there", RBAC, namespace="other", roleRef={"name": "view"}, subjects=[{**CI, "namespace": "vision"}])],
    "flux": [item("GitRepository", "g", "source.toolkit.fluxcd.io", spec={"url": "https://git.example.org/a/b.git", "ref": {"branch": "main"}, "ignore": "x", "timeout": "9s"}), item("Kustomization", "k", "kustomize.toolkit.fluxcd.io", spec={"sourceRef": {"kind": "GitRepository", "name": "g"}, "path": "./p", "suspend": True, "patches": [{"patch": "y"}]})],
    "scaler": [item("ScaledObject", "s", "keda.sh", spec={"triggers": [{"type": "cron"}]}), *(item("ConfigMap", f"c{n}", data={"a": "b"}) for n in range(7)), item("Widget", "w", "example.com", spec={"a": 1})],
}  # fmt: skip
CORPUS = {
    **{f"devices of {name}": [one] for name, one in DEVICES.items()},
    **PARTS,
    **{f"metadata {n} with {name}": space(*found) + PARTS[name] for (n, found), name in itertools.product(enumerate(META), list(PARTS)[:9])},
}  # fmt: skip


def leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        maps = path.rsplit(".", 1)[-1] in {"hard", "labels", "annotations", "matchLabels", "nodeSelector"}
        return [
            found
            for key, part in value.items()
            for found in leaves(part, f"{path}[{key}]" if maps or "/" in key else f"{path}.{key}".lstrip("."))
        ]
    if isinstance(value, list):
        return [found for n, part in enumerate(value) for found in leaves(part, f"{path}[{n}]")]
    return [] if value is None else [(path, value)]


def unmentioned(adoption: Adoption, found: Objects) -> list[str]:
    """The objects and fields that neither the request, nor a finding, nor a leftover has."""
    missing = []
    for one in found:
        left = [each for each in adoption.leftovers if str(one) in (each.object, *each.objects)]
        findings = [each for each in adoption.findings if each.object == f"{one} on berlin"]
        said = " ".join([adoption.text, *adoption.sources.values(), *(f"{each.what} {each.advice}" for each in left), *(each.message for each in findings)])  # fmt: skip
        if not left and not findings and str(one) not in adoption.text and one.kind != "Namespace":
            missing.append(str(one))
        if any(each.todo in STANDS and not each.field for each in left):
            continue
        places = [
            *(each.field for each in left if each.field),
            *(each.field for each in findings if each.field),
        ]
        for path, value in leaves({k: v for k, v in one.body.items() if k not in {"apiVersion", "kind"}}):
            known = any(path == place or path.startswith((f"{place}.", f"{place}[")) for place in places)
            if (
                path in {"metadata.name", "metadata.namespace"}
                or IMPLIED.fullmatch(path)
                or IMPLIED.fullmatch(f"{path}={value}")
                or known
            ):
                continue
            if not re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", said):
                missing.append(f"{one} {path}={value}")
    return missing


@pytest.mark.parametrize("name", CORPUS)
def test_every_object_and_every_field_is_mentioned(name: str) -> None:
    found = CORPUS[name]
    adoption = derive("vision", {"berlin": found}, FLEET)
    assert unmentioned(adoption, found) == []
    # What is told to stay is not told to go.
    for each in adoption.leftovers:
        if each.todo is ToDo.REMOVE:
            assert not [
                other for other in adoption.leftovers if other.object == each.object and other.todo in STANDS
            ]


def test_the_corpus_has_at_least_sixty_namespaces() -> None:
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("name", DEVICES)
def test_devices_of_any_workload_are_counted(name: str) -> None:
    (found,) = [one for one in adopt(DEVICES[name]).findings if one.rule == "adopt-accelerator-unsaid"]
    assert "request 2 of nvidia.com/gpu" in found.message


def test_labels_of_a_custom_domain_give_the_metadata() -> None:
    request = derive("vision", {"berlin": space(*META[0])}, FLEET).request
    assert (request["owner"], request["environment"]) == ("b", "development")


def test_a_key_that_an_organisation_names_comes_first() -> None:
    found = space({"owner": "a", "tribe": "b"})
    assert (
        derive("vision", {"berlin": found}, FLEET, metadata_keys={"owner": ["tribe"]}).request["owner"] == "b"
    )


def test_keys_of_the_fleet_take_precedence_over_common_keys() -> None:
    ours = FLEET.model_validate(
        {**FLEET.model_dump(), "adoption": {"keys": {"owner": ["example.com/tribe"]}}}
    )
    found = space({"owner": "a", "example.com/tribe": "b", "circle": "c"})
    assert derive("vision", {"berlin": found}, ours).request["owner"] == "b"
    given = derive("vision", {"berlin": found}, ours, metadata_keys={"owner": ["circle"]})
    assert given.request["owner"] == "c", "what is said on the command line wins"


def test_manifests_that_name_no_namespace_are_taken_for_its_own() -> None:
    binding = item("RoleBinding", "devs", RBAC, namespace="", roleRef={"kind": "ClusterRole", "name": "view"}, subjects=[{"kind": "Group", "name": "oidc:devs"}])  # fmt: skip
    found = [item("CronJob", "nightly", "batch", namespace=""), binding, item("Widget", "w", "example.com", namespace="")]  # fmt: skip
    adoption = derive("vision", {"berlin": [*space({}), *found]}, FLEET)
    (assumed,) = [each for each in adoption.findings if each.rule == "adopt-namespace-assumed"]
    assert "2 objects name no namespace" in assumed.message
    assert adoption.request["access"] == {"viewers": ["devs"]}
    assert {"CronJob vision/nightly", "Widget w"} <= {each.object for each in adoption.leftovers}


def test_a_cluster_s_own_objects_are_not_the_namespace_s() -> None:
    found = [item("ClusterRole", "admin", RBAC, namespace="", rules=[]), item("StorageClass", "fast", "storage.k8s.io", namespace="")]  # fmt: skip
    adoption = derive("vision", {"berlin": [*space({}), *found]}, FLEET)
    assert not [
        each for each in adoption.leftovers if each.object in {"ClusterRole admin", "StorageClass fast"}
    ]


def test_a_missing_environment_is_a_finding() -> None:
    adoption = adopt()
    assert "environment" not in adoption.request
    assert "adopt-environment-unsaid" in {finding.rule for finding in adoption.findings}


def test_egress_of_some_pods_is_not_given_to_all() -> None:
    assert "network" not in adopt(*PARTS["egress of some"]).request


def test_a_name_that_is_refused_suggests_no_other_namespace() -> None:
    adoption = derive("v" * 43, {"berlin": []}, FLEET)
    (found,) = [finding for finding in adoption.findings if finding.field == "name"]
    assert "cannot be adopted" in found.fix
    assert "Perhaps" not in found.fix
