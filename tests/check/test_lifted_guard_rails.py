"""An override may tighten a guard rail; each way to lift one is found."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import REQUESTS, cluster, fleet, request, sample, sample_fleet

from goldenpath import kubeyaml
from goldenpath.check import check_objects
from goldenpath.check.guard_rails import LATER_PARAMETERS, PARAMETERS
from goldenpath.check.network_openings import check_openings
from goldenpath.check.role_rights import check_rights
from goldenpath.findings import Finding, Severity
from goldenpath.manifests import ManifestObject
from goldenpath.paths import builtin_folder
from goldenpath.pipeline import Pipeline, parse
from goldenpath.policies import policies
from goldenpath.spec.node_credentials import credential_networks_in
from goldenpath.spec.parse import parse_fleet

OURS = {"role-too-wide", "network-open", "guard-missing", "shared-name-without-queue"}
AGREED = {"reason": "A trial", "approved_by": "platform-team", "expires": "2027-01-31"}


def item(kind: str, name: str = "vision", namespace: str = "vision", **body: Any) -> ManifestObject:
    return ManifestObject("f.yaml", {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}} | body)  # fmt: skip


def reported(found: list[Finding]) -> list[tuple[str, str]]:
    assert all(finding.message and finding.fix and finding.severity is Severity.ERROR for finding in found)
    return [(finding.rule, finding.field) for finding in found]


# --- Roles


def rule(groups: list[str], resources: list[str], verbs: list[str], **more: Any) -> dict[str, Any]:
    return {"apiGroups": groups, "resources": resources, "verbs": verbs} | more


TOKEN = "serviceaccounts/token"
KUEUE, CILIUM, RBAC, SPIRE = "kueue.x-k8s.io", "cilium.io", "rbac.authorization.k8s.io", "spire.spiffe.io"

NARROW = {
    "a workload": rule(["apps"], ["deployments"], ["create", "delete", "patch"]),
    "reading guard rails": rule([""], ["resourcequotas", "limitranges", "namespaces"], ["get", "list", "watch"]),
    "reading a whole group": rule(["networking.k8s.io"], ["*"], ["get", "list", "watch"]),
    "reading Secrets by name": rule([""], ["secrets"], ["get"]),
    "one account's token": rule([""], [TOKEN], ["create"], resourceNames=["vision-scaler"]),
    "accounts without their tokens": rule([""], ["serviceaccounts"], ["create", "delete"]),
    "a word of another group": rule(["example.org"], ["networkpolicies"], ["create"]),
    "the group's other resources": rule(["networking.k8s.io"], ["ingresses"], ["create"]),
    "no rule at all": {},
}  # fmt: skip
WIDE = {
    "every group": (rule(["*"], ["deployments"], ["create"]), ["apiGroups"]),
    "every resource": (rule(["apps"], ["*"], ["create"]), ["resources"]),
    "every subresource of a name": (rule(["apps"], ["*/scale"], ["patch"]), ["resources"]),
    "every verb": (rule(["apps"], ["deployments"], ["*"]), ["verbs"]),
    "everything": (rule(["*"], ["*"], ["*"]), ["apiGroups", "resources", "verbs"]),
    "reading the whole core group": (rule([""], ["*"], ["get"]), ["resources"]),
    "reading all groups": (rule(["*"], ["*"], ["list"]), ["resources"]),
    "quotas": (rule([""], ["pods", "resourcequotas"], ["patch"]), ["resources"]),
    "a quota's status": (rule([""], ["resourcequotas/status"], ["update"]), ["resources"]),
    "defaults": (rule([""], ["limitranges"], ["delete"]), ["resources"]),
    "namespaces": (rule([""], ["namespaces"], ["update"]), ["resources"]),
    "network policies": (rule(["networking.k8s.io"], ["networkpolicies"], ["create"]), ["resources"]),
    "Cilium's": (rule([CILIUM], ["ciliumnetworkpolicies"], ["deletecollection"]), ["resources"]),
    "roles": (rule([RBAC], ["roles", "rolebindings"], ["create"]), ["resources"]),
    "cluster roles": (rule([RBAC], ["clusterrolebindings"], ["create"]), ["resources"]),
    "queues": (rule([KUEUE], ["localqueues"], ["create"]), ["resources"]),
    "flavors": (rule([KUEUE], ["resourceflavors", "clusterqueues", "cohorts"], ["patch"]), ["resources"]),
    "identities": (rule([SPIRE], ["clusterspiffeids"], ["create"]), ["resources"]),
    "admission policies": (rule(["admissionregistration.k8s.io"], ["validatingadmissionpolicies"], ["delete"]), ["resources"]),
    "binding": (rule([RBAC], ["roles"], ["bind"]), ["verbs", "resources"]),
    "being somebody else": (rule([""], ["users"], ["impersonate"]), ["verbs"]),
    "every account's token": (rule([""], [TOKEN], ["create"]), ["resourceNames"]),
    "two accounts' tokens": (rule([""], [TOKEN], ["create"], resourceNames=["a", "b"]), ["resourceNames"]),
    "a verb that nobody knows": (rule([""], ["resourcequotas"], ["approve"]), ["resources"]),
}  # fmt: skip


@pytest.mark.parametrize("narrow", NARROW.values(), ids=NARROW.keys())
def test_a_rule_for_workloads_or_for_looking_passes(narrow: dict[str, Any]) -> None:
    assert list(check_rights([item("Role", rules=[narrow]), item("ClusterRole", rules=[narrow])])) == []


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
@pytest.mark.parametrize(("wide", "fields"), WIDE.values(), ids=WIDE.keys())
def test_a_rule_that_reaches_a_guard_rail_is_found(
    wide: dict[str, Any], fields: list[str], kind: str
) -> None:
    found = list(check_rights([item(kind, rules=[NARROW["a workload"], wide])]))
    assert reported(found) == [("role-too-wide", f"rules[1].{field}") for field in fields]


def test_the_message_names_the_resource_and_the_verb() -> None:
    (found,) = check_rights([item("Role", rules=[rule(["networking.k8s.io"], ["networkpolicies"], ["get", "patch"])])])  # fmt: skip
    assert "may patch networkpolicies.networking.k8s.io" in found.message


# --- Ways through the network


def policy(**spec: Any) -> ManifestObject:
    return item("NetworkPolicy", spec={"podSelector": {}} | spec)


def block(cidr: str, *excepted: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr} | ({"except": list(excepted)} if excepted else {})}


def namespace_of(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


CLOSED = {
    "nothing": policy(policyTypes=["Ingress", "Egress"]),
    "the namespace's own Pods": policy(ingress=[{"from": [{"podSelector": {}}]}], egress=[{"to": [{"podSelector": {}}]}]),
    "another namespace": policy(ingress=[{"from": [namespace_of("monitoring")]}]),
    "some Pods of every namespace": policy(ingress=[{"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"a": "b"}}}]}]),
    "a network": policy(egress=[{"to": [block("10.0.0.0/8")]}]),
    "the internet without the node's credentials": policy(egress=[{"to": [block("0.0.0.0/0", "10.0.0.0/8", *credential_networks_in("0.0.0.0/0"))]}]),
    "an exception that is wider": policy(egress=[{"to": [block("169.0.0.0/8", "169.192.0.0/10")]}]),
    "DNS at a link-local address": policy(egress=[{"to": [block("169.254.20.10/32")], "ports": [{"port": 53, "protocol": "UDP"}]}]),
    "the internet of IPv6 without link-local": policy(egress=[{"to": [block("::/0", "fe80::/10", "fd00::/8", "64:ff9b::/32", "2002::/16")]}]),
    "no network at all": policy(egress=[{"to": [block("everywhere"), {"ipBlock": {"cidr": 1}}]}]),
    "Cilium's host names": item("CiliumNetworkPolicy", spec={"egress": [{"toFQDNs": [{"matchName": "a.example"}], "toPorts": [{}]}]}),
    "Cilium's rule of nothing": item("CiliumNetworkPolicy", spec={"ingress": [{}]}),
    "Cilium's network": item("CiliumNetworkPolicy", spec={"egress": [{"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": list(credential_networks_in("0.0.0.0/0"))}]}]}),
    "Cilium's API server": item("CiliumNetworkPolicy", spec={"egress": [{"toEntities": ["kube-apiserver"]}]}),
}  # fmt: skip
OPEN = {
    "from everybody": (policy(ingress=[{}]), "spec.ingress[0].from"),
    "to everybody": (policy(egress=[{"to": [{"podSelector": {}}]}, {}]), "spec.egress[1].to"),
    "to everybody on a port": (policy(egress=[{"ports": [{"port": 443}]}]), "spec.egress[0].to"),
    "from an empty list": (policy(ingress=[{"from": []}]), "spec.ingress[0].from"),
    "every namespace": (policy(ingress=[{"from": [namespace_of("a"), {"namespaceSelector": {}}]}]), "spec.ingress[0].from[1]"),
    "every namespace by an empty label": (policy(egress=[{"to": [{"namespaceSelector": {"matchLabels": {}}, "podSelector": {}}]}]), "spec.egress[0].to[0]"),
    "a peer of nothing": (policy(egress=[{"to": [{}]}]), "spec.egress[0].to[0]"),
    "the internet": (policy(egress=[{"to": [block("0.0.0.0/0")]}]), "spec.egress[0].to[0].ipBlock.except"),
    "the internet into it": (policy(ingress=[{"from": [block("0.0.0.0/0")]}]), "spec.ingress[0].from[0].ipBlock.except"),
    "the internet but for something else": (policy(egress=[{"to": [block("0.0.0.0/0", "10.0.0.0/8", "169.254.169.254/32")]}]), "spec.egress[0].to[0].ipBlock.except"),
    "half of the internet": (policy(egress=[{"to": [block("128.0.0.0/1")]}]), "spec.egress[0].to[0].ipBlock.except"),
    "the internet of IPv6 with one way to the credentials": (policy(egress=[{"to": [block("::/0", "fe80::/10")]}]), "spec.egress[0].to[0].ipBlock.except"),
    "the node's credentials": (policy(egress=[{"to": [block("169.254.169.254/32")]}]), "spec.egress[0].to[0].ipBlock.cidr"),
    "link-local of IPv6": (policy(egress=[{"to": [block("fe80::/64")]}]), "spec.egress[0].to[0].ipBlock.cidr"),
    "Cilium's world": (item("CiliumNetworkPolicy", spec={"egress": [{"toEntities": ["world"]}]}), "spec.egress[0].toEntities"),
    "Cilium's whole cluster": (item("CiliumNetworkPolicy", spec={"ingress": [{"fromEntities": ["cluster"]}]}), "spec.ingress[0].fromEntities"),
    "Cilium's ports for everybody": (item("CiliumNetworkPolicy", spec={"egress": [{"toPorts": [{}]}]}), "spec.egress[0]"),
    "Cilium's internet": (item("CiliumNetworkPolicy", spec={"egress": [{"toCIDR": ["0.0.0.0/0"]}]}), "spec.egress[0].toCIDR.except"),
    "Cilium's set": (item("CiliumNetworkPolicy", spec={"egress": [{"toCIDRSet": [{"cidr": "169.254.169.254/32"}]}]}), "spec.egress[0].toCIDRSet[0].cidr"),
    "Cilium's every host": (item("CiliumNetworkPolicy", spec={"egress": [{"toFQDNs": [{"matchPattern": "**"}]}]}), "spec.egress[0].toFQDNs[0].matchPattern"),
    "Azure's WireServer": (policy(egress=[{"to": [block("168.63.129.16/32")]}]), "spec.egress[0].to[0].ipBlock.cidr"),
    "the node's credentials in another spelling": (policy(egress=[{"to": [block("64:ff9b::a9fe:a9fe/128")]}]), "spec.egress[0].to[0].ipBlock.cidr"),
    "Cilium's way to a metadata service by name": (item("CiliumNetworkPolicy", spec={"egress": [{"toFQDNs": [{"matchName": "metadata.google.internal"}]}]}), "spec.egress[0].toFQDNs[0].matchName"),
    "Cilium's second policy": (item("CiliumNetworkPolicy", specs=[{}, {"egress": [{"toEntities": ["all"]}]}]), "specs[1].egress[0].toEntities"),
}  # fmt: skip


@pytest.mark.parametrize("closed", CLOSED.values(), ids=CLOSED.keys())
def test_egress_to_selected_peers_passes(closed: ManifestObject) -> None:
    assert list(check_openings([closed])) == []


@pytest.mark.parametrize(("opened", "field"), OPEN.values(), ids=OPEN.keys())
def test_egress_to_all_peers_or_to_the_nodes_credentials_is_found(opened: ManifestObject, field: str) -> None:
    assert reported(list(check_openings([opened]))) == [("network-open", field)]


def test_a_wide_network_without_the_newer_exceptions_is_a_warning() -> None:
    (found,) = check_openings([policy(egress=[{"to": [block("0.0.0.0/0", "169.254.0.0/16")]}])])
    assert found.severity is Severity.WARNING
    assert "168.63.129.16/32" in found.fix


JUNK = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from(["ingress", "egress", "from", "to", "ipBlock", "cidr", "except", "podSelector", "toPorts", "toCIDR", "toFQDNs", "matchPattern", "apiGroups", "verbs", "resources"]), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(st.sampled_from(["NetworkPolicy", "CiliumNetworkPolicy", "Role"]), JUNK)
def test_an_object_without_the_shape_of_its_kind_is_passed_over(kind: str, junk: Any) -> None:
    list(check_rights([item(kind, rules=[junk])]))
    list(check_openings([item(kind, spec=junk, specs=[junk])]))


# --- Whose objects


WIDE_ROLE = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "rules": [rule([""], ["resourcequotas"], ["patch"])]}
TENANT_NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "vision", "labels": {"goldenpath.dev/tenant": "vision"}},
}


def wide_role(namespace: str) -> ManifestObject:
    return ManifestObject("f.yaml", WIDE_ROLE | {"metadata": {"name": "wide", "namespace": namespace}})


def rules_of(objects: list[ManifestObject], **more: Any) -> set[str]:
    return {finding.rule for finding in check_objects(objects, **more)} & OURS


def test_objects_outside_of_tenants_may_be_wide() -> None:
    assert rules_of([ManifestObject("n.yaml", TENANT_NAMESPACE), wide_role("flux-system")]) == set()


def test_an_object_stays_a_tenants_by_its_namespace() -> None:
    assert rules_of([ManifestObject("n.yaml", TENANT_NAMESPACE), wide_role("vision")]) == {"role-too-wide"}
    assert rules_of([wide_role("vision")], namespaces={"vision": TENANT_NAMESPACE}) == {"role-too-wide"}


# --- Overrides


L4, T4 = {"profile": "nvidia-l4-24gb", "count": 8}, {"profile": "nvidia-t4-16gb", "count": 8}
H200 = {"profile": "nvidia-h200-141gb", "count": 8, "allocation": "dra"}
ADDONS = {"flux": "2.9", "kueue": "0.19", "keda": "2.20", "spire-controller-manager": "0.6.6"}
FLEET = parse_fleet(
    fleet(
        clusters={"berlin": cluster(L4, T4, H200, addons=ADDONS)},
        gateway={"namespace": "gateway-system"},
        monitoring={"namespace": "monitoring", "prometheus": "http://prometheus.monitoring:9090"},
    )
)
ASKS: dict[str, Any] = {
    "pod_security": "baseline",
    "gpus": [{"profile": "nvidia-l4-24gb", "quota": 2}],
    "identity": {"service_accounts": ["server"]},
    "source": {"git": "https://git.example.org/vision/apps.git"},
}
L4_KEY = "requests.nvidia.com/gpu"
CLASS_KEY = "nvidia-h200-141gb.deviceclass.resource.k8s.io/devices"
COMPUTE, ACCELERATORS, DENY = "vision-compute", "vision-accelerators", "vision-default-deny"
ANNOTATION = "metadata.annotations[goldenpath.dev/{}]".format


def override(kind: str, name: str, patch: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "name": name, "patch": patch} | AGREED


def after(kind: str, name: str, patch: dict[str, Any]) -> list[Finding]:
    document = request(**ASKS, overrides=[override(kind, name, patch)])
    found = Pipeline(FLEET).check(parse(document, fleet=FLEET))
    assert not {finding.rule for finding in found} & {"override-without-object"}
    return list(found)


def hard(**values: Any) -> dict[str, Any]:
    return {"spec": {"hard": values}}


def annotations(name: str, value: str | None) -> dict[str, Any]:
    return {"metadata": {"annotations": {f"goldenpath.dev/{name}": value}}}


ENFORCE = "pod-security.kubernetes.io/enforce"
SELECTOR = "spec.namespaceSelector.matchLabels[kubernetes.io/metadata.name]"
OTHER = {"spec": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "speech"}}}}

LIFTED: dict[str, tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = {
    "the default closes one way only": ("NetworkPolicy", DENY, {"spec": {"policyTypes": ["Ingress"]}}, [("guard-missing", "")]),
    "the default closes some Pods only": ("NetworkPolicy", DENY, {"spec": {"podSelector": {"matchLabels": {"a": "b"}}}}, [("guard-missing", "")]),
    "the default has a rule": (
        "NetworkPolicy", DENY, {"spec": {"egress": [{}]}}, [("guard-missing", ""), ("network-open", "spec.egress[0].to")],
    ),
    "another policy is open": ("NetworkPolicy", "vision-same-namespace", {"spec": {"ingress": [{}]}}, [("network-open", "spec.ingress[0].from")]),
    "more accelerators": ("ResourceQuota", ACCELERATORS, hard(**{L4_KEY: "3"}), [
        ("guard-missing", f"spec.hard[{L4_KEY}]")
    ]),
    "accelerators of another way of asking": ("ResourceQuota", ACCELERATORS, hard(**{CLASS_KEY: 1}), [("guard-missing", f"spec.hard[{CLASS_KEY}]")]),
    "a key of accelerators less": ("ResourceQuota", ACCELERATORS, hard(**{CLASS_KEY: None}), [("guard-missing", "")]),
    "a quota for some Pods only": ("ResourceQuota", COMPUTE, {"spec": {"scopes": ["BestEffort"]}}, [("guard-missing", "")]),
    "more memory": ("ResourceQuota", COMPUTE, hard(**{"requests.memory": "999Ti"}), [("guard-missing", "spec.hard[requests.memory]")]),
    "no limit of Pods": ("ResourceQuota", COMPUTE, hard(pods=None), [("guard-missing", "")]),
    "more storage": ("ResourceQuota", "vision-storage", hard(**{"requests.storage": "1Ei"}), [("guard-missing", "spec.hard[requests.storage]")]),
    "a weaker standard": ("Namespace", "vision", {"metadata": {"labels": {ENFORCE: "privileged"}}}, [("guard-missing", f"metadata.labels[{ENFORCE}]")]),
    "no standard": ("Namespace", "vision", {"metadata": {"labels": {ENFORCE: None}}}, [("guard-missing", f"metadata.labels[{ENFORCE}]")]),
    "an old standard": ("Namespace", "vision", {"metadata": {"labels": {f"{ENFORCE}-version": "v1.10"}}}, [("guard-missing", f"metadata.labels[{ENFORCE}-version]")]),
    "no tenant's namespace": ("Namespace", "vision", {"metadata": {"labels": {"goldenpath.dev/tenant": None}}}, [("guard-missing", "metadata.labels[goldenpath.dev/tenant]")]),
    "an exception that nobody asked for": ("Namespace", "vision", annotations("policy-exceptions", "gpu-queue"), [("guard-missing", ANNOTATION("policy-exceptions"))]),
    "a class of devices that was not asked for": ("Namespace", "vision", annotations("device-classes", "nvidia-h200-141gb"), [("guard-missing", ANNOTATION("device-classes"))]),
    "hosts that were not asked for": ("Namespace", "vision", annotations("hosts", "*.example.org"), [("guard-missing", ANNOTATION("hosts"))]),
    "no list of Gateways, so that routes are not judged": ("Namespace", "vision", annotations("gateways", None), [("guard-missing", ANNOTATION("gateways"))]),
    "another Prometheus": ("Namespace", "vision", annotations("prometheus", "http://other.example"), [("guard-missing", ANNOTATION("prometheus"))]),
    "another queue": ("Namespace", "vision", annotations("queue", "speech"), [("guard-missing", ANNOTATION("queue"))]),
    "another model": ("Namespace", "vision", annotations("gpu-models", None), [("guard-missing", ANNOTATION("gpu-models"))]),
    "another reconciler": ("Namespace", "vision", annotations("service-account", "admin"), [
        ("guard-missing", ANNOTATION("service-account")),
    ]),
    "Flux applies as itself": ("Kustomization", "vision", {"spec": {"serviceAccountName": None}}, [
        ("guard-missing", "spec.serviceAccountName"),
    ]),
    "Flux applies what was not checked": ("Kustomization", "tenant-vision", {"spec": {"patches": [{"patch": "x"}]}}, [("guard-missing", "spec.patches")]),
    "Flux applies another folder": ("Kustomization", "tenant-vision", {"spec": {"path": "./"}}, [("guard-missing", "spec.path")]),
    "Flux applies the team's source with all rights": (
        "Kustomization", "tenant-vision", {"spec": {"sourceRef": {"name": "vision", "namespace": "vision"}}}, [("guard-missing", "spec.sourceRef")],
    ),
    "a queue for another tenant": ("ClusterQueue", "vision", OTHER, [("guard-missing", SELECTOR)]),
    "an identity for another tenant": ("ClusterSPIFFEID", "vision.server", OTHER, [("guard-missing", SELECTOR)]),
    "a role that writes quotas": ("Role", "vision-admin", {"rules": [WIDE["quotas"][0]]}, [("role-too-wide", "rules[0].resources")]),
}  # fmt: skip
TIGHTENED = {
    "fewer Pods": ("ResourceQuota", COMPUTE, hard(pods="1")),
    "the same in other units": ("ResourceQuota", COMPUTE, hard(**{"requests.cpu": "1000m"})),
    "one more key": ("ResourceQuota", COMPUTE, hard(**{"count/services": "1"})),
    "a stricter standard": ("Namespace", "vision", {"metadata": {"labels": {ENFORCE: "restricted"}}}),
    "a label of the team's own": ("Namespace", "vision", {"metadata": {"labels": {"example.org/floor": "3"}}}),
    "one way more": ("NetworkPolicy", "vision-same-namespace", {"spec": {"ingress": [{"from": [namespace_of("data")]}]}}),
    "a shorter interval": ("Kustomization", "tenant-vision", {"spec": {"interval": "5m"}}),
    "a smaller role": ("Role", "vision-admin", {"rules": [NARROW["a workload"]]}),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "patch", "expected"), LIFTED.values(), ids=LIFTED.keys())
def test_an_override_that_lifts_a_guard_rail_is_an_error(
    kind: str, name: str, patch: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    ours = [finding for finding in after(kind, name, patch) if finding.rule in OURS]
    assert sorted(reported(ours)) == sorted(expected)


@pytest.mark.parametrize(("kind", "name", "patch"), TIGHTENED.values(), ids=TIGHTENED.keys())
def test_an_override_that_tightens_or_adds_is_only_pointed_at(
    kind: str, name: str, patch: dict[str, Any]
) -> None:
    (warned,) = (finding for finding in after(kind, name, patch) if finding.rule in OURS | {"override-of-guard"})  # fmt: skip
    assert (warned.rule, warned.severity, warned.field) == ("override-of-guard", Severity.WARNING, "overrides[0]")  # fmt: skip
    assert f"{kind} {name}" in warned.message
    assert "platform-team approved it until 2027-01-31: A trial" in warned.message


def test_an_override_of_another_object_is_not_a_warning() -> None:
    found = after("GitRepository", "vision", {"spec": {"interval": "1m"}})
    assert [finding for finding in found if finding.rule == "override-of-guard"] == []


def test_an_override_is_reported_with_its_fields_and_without_values() -> None:
    (warned,) = (found for found in after("LimitRange", "vision-defaults", annotations("note", "hunter2")) if found.rule == "override-of-guard")  # fmt: skip
    assert "metadata.annotations.goldenpath.dev/note" in warned.message
    assert "hunter2" not in str(warned)


def test_every_annotation_that_a_policy_reads_is_held() -> None:
    expressions = [policy.expression for policy in policies()]
    expressions += [variable.expression for policy in policies() for variable in policy.variables]
    text = "\n".join(expressions)
    read = set(re.findall(r"annotations\[\?'(goldenpath\.dev/[a-z-]+)'\]", text))
    assert read
    assert read <= {*PARAMETERS, *LATER_PARAMETERS}


# --- What goldenpath itself renders


# Overrides that change nothing, so that every guard rail is looked for.
NO_CHANGE = [
    override(kind, "none", {"metadata": {}})
    for kind in ("Namespace", "NetworkPolicy", "ResourceQuota", "Kustomization", "ClusterQueue", "ClusterSPIFFEID")
]  # fmt: skip
EXAMPLES = sorted((builtin_folder() / "tenant" / "examples").iterdir())
SAMPLES = sorted(file for file in REQUESTS.glob("*.yaml") if file.name != "goldenpath.yaml")


def errors_of(document: dict[str, Any], pipeline: Pipeline) -> list[Finding]:
    document = document | {"overrides": [*document.get("overrides", []), *NO_CHANGE]}
    found = pipeline.check(parse(document, fleet=pipeline.fleet))
    return [finding for finding in found if finding.rule in OURS]


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_no_example_lacks_a_guard_rail(folder: Any) -> None:
    pipeline = Pipeline(parse_fleet(kubeyaml.load_file(folder / "fleet.yaml")))
    assert errors_of(kubeyaml.load_file(folder / "spec.yaml"), pipeline) == []


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_no_sample_lacks_a_guard_rail(file: Any) -> None:
    assert errors_of(sample(file.name), Pipeline(sample_fleet())) == []


def test_no_platform_of_the_sample_fleet_is_found_fault_with() -> None:
    pipeline = Pipeline(sample_fleet())
    for name in pipeline.platforms:
        assert rules_of(list(pipeline.render(pipeline.fleet, cluster=name).objects())) == set()
