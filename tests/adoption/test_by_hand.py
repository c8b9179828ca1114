"""A namespace that somebody made by hand: what is read off it, what is told, and what is asked."""

from __future__ import annotations

from typing import Any

import pytest
from small_requests import cluster, fleet

from goldenpath import kubeyaml
from goldenpath.adoption import Adoption, ToDo, derive
from goldenpath.errors import InputError
from goldenpath.findings import Severity
from goldenpath.manifests import ManifestObject
from goldenpath.pipeline import parse
from goldenpath.spec.parse import parse_fleet

H100, L4, MIG = "nvidia-h100-80gb", "nvidia-l4-24gb", "nvidia-h100-80gb/1g.10gb"
EVERYTHING = {"flux": "2.9", "kueue": "0.19", "spire-controller-manager": "0.6.6", "cilium": "1.20"}
FLEET = parse_fleet(
    fleet(
        groups={"prefix": "oidc:"},
        gateway={"namespace": "gateway-system"},
        clusters={
            "berlin": cluster({"profile": H100, "count": 64}, {"profile": MIG, "count": 56}, addons=EVERYTHING),
            "munich": cluster({"profile": H100, "count": 8}, {"profile": L4, "count": 8}, addons=EVERYTHING),
            "boston": cluster({"profile": H100, "count": 8, "allocation": "dra"}, addons={"flux": "2.9"}),
            "bare": cluster(),
        },
    )
)  # fmt: skip
PRODUCT = "nvidia.com/gpu.product"
RBAC = "rbac.authorization.k8s.io"


def item(kind: str, name: str, group: str = "", *, namespace: str = "vision", **body: Any) -> ManifestObject:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {}) | body.pop("metadata", {})
    version = f"{group}/v1" if group else "v1"
    return ManifestObject(f"{kind}.yaml", {"apiVersion": version, "kind": kind, "metadata": metadata, **body})


def namespace(labels: dict[str, str] | None = None, **annotations: str) -> ManifestObject:
    metadata = {"labels": {"owner": "vision-team"} | (labels or {}), "annotations": annotations}
    return item("Namespace", "vision", namespace="", metadata=metadata)


def quota(hard: dict[str, Any], name: str = "limits", **spec: Any) -> ManifestObject:
    return item("ResourceQuota", name, spec={"hard": hard} | spec)


def queue(*resources: tuple[str, str, Any, Any], name: str = "vision", **spec: Any) -> list[ManifestObject]:
    """A LocalQueue with its ClusterQueue; each resource with flavor, nominal quota and borrowing limit."""
    groups = [
        {"coveredResources": [resource], "flavors": [{"name": flavor, "resources": [
            {"name": resource, "nominalQuota": nominal} | ({} if borrow is None else {"borrowingLimit": borrow})
        ]}]}
        for resource, flavor, nominal, borrow in resources
    ]  # fmt: skip
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "vision"}}
    body = {"cohortName": "all", "namespaceSelector": selector, "resourceGroups": groups} | spec
    return [
        item("ClusterQueue", name, "kueue.x-k8s.io", namespace="", spec=body),
        item("LocalQueue", name, "kueue.x-k8s.io", spec={"clusterQueue": name}),
    ]


def deployment(
    limits: dict[str, Any] | None = None, selector: dict[str, str] | None = None, replicas: int = 1, **pod: Any
) -> ManifestObject:  # fmt: skip
    containers = [{"name": "main", "resources": {"limits": limits or {}}}]
    spec = {"containers": containers, "nodeSelector": selector or {}, "serviceAccountName": "server", **pod}
    return item("Deployment", "server", "apps", spec={"replicas": replicas, "template": {"spec": spec}})


def adopt(*objects: ManifestObject, on: str = "berlin", **given: Any) -> Adoption:
    return derive("vision", {on: [namespace(), *objects]}, FLEET, given=given)


def rules(adoption: Adoption, severity: Severity | None = None) -> set[str]:
    return {finding.rule for finding in adoption.findings if severity in (None, finding.severity)}


def left(adoption: Adoption) -> dict[tuple[str, str], ToDo]:
    return {(leftover.object, leftover.field): leftover.todo for leftover in adoption.leftovers}


# --- Names, owners, standards


def test_common_labels_say_whose_it_is() -> None:
    found = namespace(
        {"team": "x", "env": "staging", "pod-security.kubernetes.io/enforce": "baseline"},
        **{"cost-center": "cc-1", "contact": "vision@example.org"},
    )
    request = derive("vision", {"berlin": [found]}, FLEET).request
    assert {key: request[key] for key in ("owner", "environment", "pod_security", "cost_center", "contact")} == {
        "owner": "vision-team", "environment": "staging", "pod_security": "baseline", "cost_center": "cc-1",
        "contact": "vision@example.org",
    }  # fmt: skip


def test_what_nothing_says_is_asked_for_in_the_file() -> None:
    adoption = derive("vision", {"berlin": [item("Namespace", "vision", namespace="")]}, FLEET)
    assert "# owner is required, and nothing there says it:\n# owner:\n" in adoption.text
    assert ("owner", "required") in [(finding.field, finding.rule) for finding in adoption.findings]
    assert parse(adopt().request, fleet=FLEET).owner == "vision-team"


def test_what_a_person_says_wins() -> None:
    adoption = adopt(owner="platform-team", title="Vision")
    assert (adoption.request["owner"], adoption.request["title"]) == ("platform-team", "Vision")
    assert adoption.sources["owner"] == "as given"


def test_a_label_that_a_request_cannot_hold_is_told_and_the_next_is_not_guessed() -> None:
    found = item(
        "Namespace", "vision", namespace="", metadata={"labels": {"owner": "x"}, "annotations": {"contact": "call me"}}
    )  # fmt: skip
    adoption = derive("vision", {"berlin": [found]}, FLEET)
    assert "contact" not in adoption.request
    assert "adopt-unusable" in rules(adoption)


@pytest.mark.parametrize(
    ("labels", "severity"),
    [({}, Severity.WARNING), ({"pod-security.kubernetes.io/enforce": "privileged"}, Severity.ERROR)],
)
def test_a_namespace_without_a_standard_will_have_one(labels: dict[str, str], severity: Severity) -> None:
    adoption = derive("vision", {"berlin": [namespace(labels)]}, FLEET)
    assert "pod_security" not in adoption.request
    assert "adopt-pod-security" in rules(adoption, severity)


def test_clusters_that_disagree_are_told() -> None:
    there = {"berlin": [namespace({"env": "staging"})], "munich": [namespace({"env": "test"})]}
    adoption = derive("vision", there, FLEET)
    assert adoption.request["environment"] == "staging"
    assert "adopt-differs" in rules(adoption)


def test_a_tenant_that_is_being_retired_is_not_adopted() -> None:
    found = namespace({"goldenpath.dev/retiring": "true"})
    assert "adopt-retiring" in rules(derive("vision", {"berlin": [found]}, FLEET), Severity.ERROR)


@pytest.mark.parametrize("clusters", [[], ["berlim"]])
def test_a_cluster_of_the_fleet_must_be_named(clusters: list[str]) -> None:
    with pytest.raises(InputError):
        derive("vision", {name: [] for name in clusters}, FLEET)


# --- Compute


@pytest.mark.parametrize(
    ("hard", "compute"),
    [
        ({"cpu": "64", "memory": "256Gi", "pods": 20}, {"cpu": "64", "memory": "256Gi", "pods": 20}),
        ({"limits.cpu": "8", "limits.memory": "8Gi"}, {"cpu": "8", "memory": "8Gi"}),
        (
            {"requests.memory": "8Gi", "limits.memory": "32Gi", "requests.storage": "1Ti"},
            {"memory": "32Gi", "storage": "1Ti"},
        ),
        ({"requests.cpu": "1e1", "requests.memory": "1500m"}, {"cpu": "10000m", "memory": "2"}),
        ({"requests.cpu": "16", "requests.memory": "64Gi"}, {}),
        ({"count/pods": "7"}, {"pods": 7}),
    ],
)
def test_quotas_are_the_compute_of_a_request(hard: dict[str, Any], compute: dict[str, Any]) -> None:
    adoption = adopt(quota(hard))
    assert adoption.request.get("compute", {}) == compute
    parse(adoption.request, fleet=FLEET)


def test_the_lowest_quota_holds_and_one_with_scopes_does_not() -> None:
    scoped = quota({"cpu": "1"}, "best-effort", scopes=["BestEffort"])
    adoption = adopt(quota({"cpu": "64"}), quota({"requests.cpu": "32"}, "more"), scoped)
    assert adoption.request["compute"] == {"cpu": "32"}
    assert left(adoption)["ResourceQuota vision/best-effort", "spec"] is ToDo.KEEP


def test_of_two_clusters_the_larger_is_taken_and_said() -> None:
    there = {
        "berlin": [namespace(), quota({"cpu": "64"})],
        "munich": [namespace(), quota({"cpu": "128"})],
    }
    adoption = derive("vision", there, FLEET)
    assert adoption.request["compute"] == {"cpu": "128"}
    assert "64 on berlin, 128 on munich" in adoption.sources["compute.cpu"]


def test_no_quota_is_told_with_what_will_hold() -> None:
    adoption = adopt()
    assert "compute" not in adoption.request
    assert "adopt-unlimited" in rules(adoption)
    assert adoption.sources["compute.cpu"] == "the fleet's default of 16, since no quota says it"


def test_numbers_of_objects_are_the_golden_paths() -> None:
    adoption = adopt(quota({"services.nodeports": "2", "count/jobs.batch": "5", "limits.cpu": "4"}))
    assert left(adoption)["ResourceQuota vision/limits", "spec.hard"] is ToDo.OVERRIDE
    assert left(adoption)["ResourceQuota vision/limits", ""] is ToDo.REMOVE


# --- Accelerators


def gpus(*objects: ManifestObject, on: str = "berlin") -> Any:
    return adopt(*objects, on=on).request.get("gpus")


def test_a_key_that_only_one_model_has_is_that_model() -> None:
    found = quota({"requests.nvidia.com/gpu": 8, "requests.nvidia.com/mig-1g.10gb": "14"})
    assert gpus(found) == [{"profile": H100, "quota": 8}, {"profile": MIG, "quota": 14}]


def test_a_queue_says_what_is_owned_and_what_is_borrowed() -> None:
    found = queue(("nvidia.com/gpu", "default", "8", "4"))
    assert gpus(*found, quota({"requests.nvidia.com/gpu": 12})) == [
        {"profile": H100, "quota": 8, "borrow": 4}
    ]


def test_flavors_tell_models_that_share_a_name() -> None:
    flavors = [
        item("ResourceFlavor", name, "kueue.x-k8s.io", namespace="", spec={"nodeLabels": {PRODUCT: product}})
        for name, product in (("big", "NVIDIA-H100-80GB-HBM3"), ("small", "NVIDIA-L4"))
    ]
    found = queue(("nvidia.com/gpu", "big", 2, 0), ("nvidia.com/gpu", "small", 3, 1))
    assert gpus(*found, *flavors, on="munich") == [
        {"profile": H100, "quota": 2},
        {"profile": L4, "quota": 3, "borrow": 1},
    ]
    assert "adopt-which-accelerator" in rules(adopt(*found, on="munich"), Severity.ERROR)


def test_what_runs_tells_the_model_where_no_queue_does() -> None:
    wall = quota({"requests.nvidia.com/gpu": 4})
    runs = deployment({"nvidia.com/gpu": 1}, {PRODUCT: "NVIDIA-L4"})
    adoption = adopt(wall, runs, on="munich")
    assert adoption.request["gpus"] == [{"profile": L4, "quota": 4}]
    assert "adopt-guessed-model" in rules(adoption)
    unknown = adopt(wall, deployment({"nvidia.com/gpu": 1}), on="munich")
    assert "gpus" not in unknown.request
    assert "adopt-which-accelerator" in rules(unknown, Severity.ERROR)


def test_a_device_class_of_the_platform_is_its_accelerator() -> None:
    key = f"{H100}.deviceclass.resource.k8s.io/devices"
    assert gpus(quota({key: 2}), on="boston") == [{"profile": H100, "quota": 2}]


@pytest.mark.parametrize(
    ("key", "on", "said"),
    [
        ("gpu", "berlin", "names no accelerator"),
        ("nvidia.com/gpu", "berlin", "no API server ever counts"),
        ("limits.nvidia.com/gpu", "berlin", "no API server ever counts"),
        ("requests.nvidia.com/mig-9g.99gb", "berlin", "names no accelerator of the catalogue"),
        ("requests.nvidia.com/mig-3g.40gb", "berlin", "which the fleet does not have on berlin"),
        ("requests.amd.com/gpu", "munich", "which the fleet does not have on munich"),
        ("gpu.nvidia.com.deviceclass.resource.k8s.io/devices", "boston", "does not tell which"),
    ],
)
def test_a_wrong_key_is_told_with_what_was_probably_meant(key: str, on: str, said: str) -> None:
    (found,) = [finding for finding in adopt(quota({key: 4}), on=on).findings if finding.rule == "adopt-wrong-key"]  # fmt: skip
    assert said in found.message
    assert (found.severity, found.field) == (Severity.ERROR, f"spec.hard[{key}]")


def test_keys_that_are_0_and_keys_that_are_no_devices_are_passed_over() -> None:
    found = quota({"requests.amd.com/gpu": 0, "hugepages-2Mi": "1Gi", "count/jobs.batch": 4,
                   "gold.storageclass.storage.k8s.io/requests.storage": "1Ti"})  # fmt: skip
    assert "adopt-wrong-key" not in rules(adopt(found))


def test_another_extended_resource_is_no_accelerator() -> None:
    adoption = adopt(quota({"requests.example.org/fpga": 2}), on="bare")
    assert (
        left(adoption)["ResourceQuota vision/limits", "spec.hard[requests.example.org/fpga]"] is ToDo.OVERRIDE
    )


def test_devices_that_run_without_any_grant_are_counted() -> None:
    (found,) = [
        finding
        for finding in adopt(deployment({"nvidia.com/gpu": 2}, replicas=3)).findings
        if finding.rule == "adopt-accelerator-unsaid"
    ]
    assert "asks for 6 of nvidia.com/gpu" in found.message


def test_a_queue_and_a_quota_that_disagree_are_told_and_the_queue_is_taken() -> None:
    found = queue(("nvidia.com/gpu", "default", 8, 0), ("cpu", "default", 10, 0))
    adoption = adopt(*found, quota({"requests.nvidia.com/gpu": 4, "cpu": 20}))
    assert adoption.request["gpus"] == [{"profile": H100, "quota": 8}]
    assert adoption.request["compute"] == {"cpu": "20"}
    told = [finding.message for finding in adoption.findings if finding.rule == "adopt-queue-against-quota"]
    assert len(told) == 2


@pytest.mark.parametrize(
    ("nominal", "borrow", "rule", "gpu"),
    [
        (8, None, "adopt-borrows-without-limit", {"quota": 8, "borrow": 56}),
        (0, 4, "adopt-borrows-only", {"quota": 1, "borrow": 3}),
    ],
)
def test_what_a_request_cannot_say_of_a_queue(
    nominal: int, borrow: int | None, rule: str, gpu: dict[str, int]
) -> None:
    adoption = adopt(*queue(("nvidia.com/gpu", "default", nominal, borrow)))
    assert adoption.request["gpus"] == [{"profile": H100, **gpu}]
    assert rule in rules(adoption)


def test_a_queue_for_what_the_fleet_does_not_know() -> None:
    adoption = adopt(*queue(("example.org/tpu", "default", 4, 0)))
    assert "adopt-unknown-accelerator" in rules(adoption, Severity.ERROR)


def test_queues_of_another_name_and_for_others_too() -> None:
    assert left(adopt(*queue(name="vision-queue"))) | {} == {
        ("ClusterQueue vision-queue", "metadata.name"): ToDo.REMOVE,
        ("LocalQueue vision/vision-queue", "metadata.name"): ToDo.REMOVE,
    }
    assert "adopt-shared-queue" in rules(adopt(*queue(name="all", namespaceSelector={})))


def test_accelerators_that_differ_between_clusters_name_them() -> None:
    there = {
        "berlin": [namespace(), quota({"requests.nvidia.com/gpu": 8})],
        "boston": [namespace(), quota({f"{H100}.deviceclass.resource.k8s.io/devices": 2})],
    }
    assert derive("vision", there, FLEET).request["gpus"] == [
        {"profile": H100, "quota": 8, "clusters": ["berlin"]},
        {"profile": H100, "quota": 2, "clusters": ["boston"]},
    ]


def test_more_than_there_is_is_the_parsers_to_refuse() -> None:
    adoption = adopt(quota({"requests.nvidia.com/gpu": 99}))
    assert [(f.rule, f.field) for f in adoption.findings if f.rule == "capacity"] == [
        ("capacity", "gpus[0].quota")
    ]


# --- People


def binding(role: str, *subjects: dict[str, str], kind: str = "ClusterRole", **metadata: Any) -> ManifestObject:  # fmt: skip
    return item("RoleBinding", f"bind-{role}", RBAC, roleRef={"kind": kind, "name": role}, subjects=list(subjects), metadata=metadata)  # fmt: skip


def group(name: str) -> dict[str, str]:
    return {"kind": "Group", "name": name}


@pytest.mark.parametrize(
    ("role", "access"),
    [("admin", "admins"), ("cluster-admin", "admins"), ("edit", "developers"), ("view", "viewers")],
)
def test_built_in_roles_are_the_nearest_of_ours(role: str, access: str) -> None:
    adoption = adopt(binding(role, group("oidc:vision-leads")))
    assert adoption.request["access"] == {access: ["vision-leads"]}
    assert ("adopt-role-too-wide" in rules(adoption, Severity.ERROR)) is (role != "view")


@pytest.mark.parametrize(
    ("rule", "access"),
    [
        ({"resources": ["pods"], "verbs": ["get", "list"]}, "viewers"),
        ({"resources": ["deployments"], "verbs": ["get", "patch"]}, "developers"),
        ({"resources": ["secrets", "pods"], "verbs": ["*"]}, "admins"),
    ],
)
def test_roles_of_their_own_are_guessed_and_said_to_be(rule: dict[str, Any], access: str) -> None:
    adoption = adopt(item("Role", "ours", RBAC, rules=[rule]), binding("ours", group("oidc:a"), kind="Role"))
    assert adoption.request["access"] == {access: ["a"]}
    assert "adopt-guessed-role" in rules(adoption)
    assert left(adoption)["Role vision/ours", ""] is ToDo.KEEP


def test_subjects_that_no_request_has() -> None:
    account = {"kind": "ServiceAccount", "name": "ci", "namespace": "ci"}
    adoption = adopt(
        binding(
            "view", {"kind": "User", "name": "ada"}, account, group("system:authenticated"), group("plain")
        )
    )
    assert "access" not in adoption.request
    assert left(adoption)["RoleBinding vision/bind-view", "subjects[0]"] is ToDo.REMOVE
    assert left(adoption)["RoleBinding vision/bind-view", "subjects[1]"] is ToDo.INPUT
    assert {"adopt-everybody", "adopt-group-prefix"} <= rules(adoption)


def test_a_role_whose_rules_are_not_there_is_not_guessed() -> None:
    adoption = adopt(binding("special", group("oidc:a")))
    assert "access" not in adoption.request
    assert left(adoption)["RoleBinding vision/bind-special", "roleRef"] is ToDo.KEEP


@pytest.mark.parametrize(("role", "is_error"), [("cluster-admin", True), ("nodes-reader", False)])
def test_accounts_with_rights_on_the_whole_cluster(role: str, is_error: bool) -> None:
    subject = {"kind": "ServiceAccount", "name": "ops", "namespace": "vision"}
    found = item("ClusterRoleBinding", "ops", RBAC, namespace="", roleRef={"kind": "ClusterRole", "name": role}, subjects=[subject])  # fmt: skip
    adoption = adopt(found)
    assert ("adopt-cluster-admin" in rules(adoption, Severity.ERROR)) is is_error
    assert (("ClusterRoleBinding ops", "") in left(adoption)) is not is_error


# --- Identities


def spiffe(name: str, path: str, *, account: str | None = None, **spec: Any) -> ManifestObject:
    selectors = [f"k8s:sa:{account}"] if account else []
    selector = {"matchLabels": {"kubernetes.io/metadata.name": "vision"}}
    body = {"spiffeIDTemplate": f"spiffe://{{{{ .TrustDomain }}}}{path}", "namespaceSelector": selector, "workloadSelectorTemplates": selectors}  # fmt: skip
    return item("ClusterSPIFFEID", name, "spire.spiffe.io", namespace="", spec=body | spec)


def test_accounts_with_and_without_an_identity() -> None:
    accounts = [item("ServiceAccount", name) for name in ("default", "server", "trainer")]
    adoption = adopt(
        *accounts, spiffe("vision.server", "/ns/vision/sa/server", account="server", federatesWith=["x.org"])
    )
    assert adoption.request["identity"] == {
        "service_accounts": ["server", "trainer"],
        "federates_with": ["x.org"],
    }
    (found,) = [finding for finding in adoption.findings if finding.rule == "adopt-no-identity"]
    assert found.object == "ServiceAccount vision/trainer on berlin"


@pytest.mark.parametrize(
    ("found", "rule", "severity"),
    [
        (spiffe("vision", "/team/vision"), "adopt-identity-for-all", Severity.ERROR),
        (spiffe("a", "/team/server", account="server"), "adopt-identity-changes", Severity.WARNING),
        (spiffe("a", "/ns/vision/sa/server", admin=True), "adopt-identity-power", Severity.ERROR),
    ],
)
def test_identities_that_are_not_as_they_will_be(
    found: ManifestObject, rule: str, severity: Severity
) -> None:
    assert rule in rules(adopt(found), severity)


def test_pull_secrets_come_with_the_accounts() -> None:
    secrets = [{"name": "registry"}]
    adoption = adopt(
        item("ServiceAccount", "server", imagePullSecrets=secrets), item("ServiceAccount", "default", imagePullSecrets=secrets)
    )  # fmt: skip
    assert adoption.request["pull_secrets"] == ["registry"]
    assert left(adoption)["ServiceAccount vision/default", "imagePullSecrets"] is ToDo.KEEP


def test_an_account_that_a_chart_makes_stays_the_charts() -> None:
    adoption = adopt(
        item(
            "ServiceAccount", "redis", metadata={"name": "redis", "namespace": "vision", "labels": {"app.kubernetes.io/managed-by": "Helm"}}
        )
    )  # fmt: skip
    assert "identity" not in adoption.request
    assert left(adoption)["ServiceAccount vision/redis", ""] is ToDo.REPOSITORY


# --- Network


def policy(name: str = "p", **spec: Any) -> ManifestObject:
    return item("NetworkPolicy", name, "networking.k8s.io", spec={"podSelector": {}} | spec)


CLOSED = policy("closed", policyTypes=["Ingress", "Egress"])


def test_networks_and_hosts_with_their_ports() -> None:
    to = [{"ipBlock": {"cidr": "10.0.0.0/8"}}, {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}]  # fmt: skip
    ports = [{"port": 443}, {"port": 53, "protocol": "UDP"}]
    cilium = item(
        "CiliumNetworkPolicy", "hosts", "cilium.io",
        spec={"endpointSelector": {}, "egress": [{"toFQDNs": [{"matchName": "huggingface.co"}], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}]},
    )  # fmt: skip
    adoption = adopt(CLOSED, policy(egress=[{"to": to, "ports": ports}]), cilium)
    assert adoption.request["network"]["egress"] == [
        {"cidr": "10.0.0.0/8", "port": 443},
        {"cidr": "10.0.0.0/8", "port": 53, "protocol": "UDP"},
        {"cidr": "0.0.0.0/0", "port": 443},
        {"cidr": "0.0.0.0/0", "port": 53, "protocol": "UDP"},
        {"host": "huggingface.co", "port": 443},
    ]
    assert "adopt-open-network" not in rules(adoption)
    parse(adoption.request, fleet=FLEET)


KUBE_SYSTEM = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
DATABASE = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "database"}}}
GATEWAY = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateway-system"}}}


@pytest.mark.parametrize(
    "spec",
    [
        {"egress": [{"to": [KUBE_SYSTEM], "ports": [{"port": 53, "protocol": "UDP"}]}]},
        {"egress": [{"to": [{"podSelector": {}}]}], "ingress": [{"from": [{"podSelector": {}}]}]},
        {"ingress": [{"from": [GATEWAY]}]},
    ],
)
def test_what_the_golden_path_lets_through_needs_no_word(spec: dict[str, Any]) -> None:
    adoption = adopt(CLOSED, policy(**spec))
    assert "network" not in adoption.request
    assert adoption.leftovers == ()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"egress": [{"to": [DATABASE], "ports": [{"port": 5432}]}]}, "lets out to namespace database"),
        ({"egress": [{"ports": [{"port": 443}]}]}, "lets out everything on its ports"),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}, "lets out 10.0.0.0/8 on every port"),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}], "ports": [{"port": 1}]}]}, "lets out 10.0.0.0/8 except 10.1.0.0/16"),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 1, "endPort": 9}]}]}, "lets out 10.0.0.0/8 on TCP port 1–9"),
        ({"ingress": [{"from": [DATABASE]}]}, "lets in namespace database"),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}, "lets in 10.0.0.0/8"),
        ({"ingress": [{}]}, "lets in everybody"),
    ],
)  # fmt: skip
def test_what_a_policy_says_that_a_request_cannot(spec: dict[str, Any], said: str) -> None:
    adoption = adopt(CLOSED, policy(**spec))
    assert [(leftover.what, leftover.todo) for leftover in adoption.leftovers] == [(said, ToDo.KEEP)]


def test_an_open_network_is_told() -> None:
    assert "adopt-open-network" in rules(adopt())


# --- Source


def flux(
    kind: str = "GitRepository", spec: dict[str, Any] | None = None, where: str = "vision", name: str = "vision", **kustomization: Any
) -> list[ManifestObject]:  # fmt: skip
    source = {"url": "https://git.example.org/a/b.git", "ref": {"branch": "main"}} | (spec or {})
    body = {"sourceRef": {"kind": kind, "name": name}, "path": "./deploy", "serviceAccountName": "vision-reconciler"} | kustomization  # fmt: skip
    return [
        item(kind, name, "source.toolkit.fluxcd.io", namespace=where, spec=source),
        item("Kustomization", name, "kustomize.toolkit.fluxcd.io", namespace=where, spec=body),
    ]


@pytest.mark.parametrize(
    ("kind", "spec", "source"),
    [
        ("GitRepository", {}, {"git": "https://git.example.org/a/b.git"}),
        ("GitRepository", {"ref": {"tag": "v1"}, "secretRef": {"name": "git"}}, {"git": "https://git.example.org/a/b.git", "tag": "v1", "secret": "git"}),
        ("GitRepository", {"ref": {}}, {"git": "https://git.example.org/a/b.git", "branch": "master"}),
        ("OCIRepository", {"url": "oci://r.example.org/a", "ref": {"tag": "latest"}}, {"oci": "oci://r.example.org/a"}),
        (
            "OCIRepository",
            {"url": "oci://r.example.org/a", "ref": {"tag": "1"}, "verify": {"provider": "cosign", "secretRef": {"name": "k"}}},
            {"oci": "oci://r.example.org/a", "tag": "1", "verify": {"provider": "cosign", "secret": "k"}},
        ),
    ],
)  # fmt: skip
def test_a_source_in_a_requests_words(kind: str, spec: dict[str, Any], source: dict[str, Any]) -> None:
    adoption = adopt(*flux(kind, spec))
    assert adoption.request["source"] == source | {"path": "./deploy"}
    assert adoption.leftovers == ()


@pytest.mark.parametrize(
    "spec",
    [
        {"ref": {"semver": "1.x"}},
        {"ref": {"branch": "main", "commit": "abc"}},
        {"verify": {"mode": "HEAD"}},
        {"url": 1},
    ],
)
def test_a_source_that_a_request_cannot_say_is_left(spec: dict[str, Any]) -> None:
    adoption = adopt(*flux(spec=spec))
    assert "source" not in adoption.request
    assert left(adoption)["Kustomization vision/vision", "spec.sourceRef"] is ToDo.REPOSITORY


def test_what_flux_does_with_its_own_rights_is_an_error() -> None:
    adoption = adopt(*flux(serviceAccountName=None, postBuild={"substitute": {}}))
    assert "adopt-flux-as-controller" in rules(adoption, Severity.ERROR)
    assert left(adoption)["Kustomization vision/vision", "spec.postBuild"] is ToDo.REPOSITORY


def test_a_kustomization_elsewhere_is_replaced_without_pruning() -> None:
    adoption = adopt(*flux(where="flux-system", name="vision-apps", targetNamespace="vision"))
    assert adoption.request["source"]["git"] == "https://git.example.org/a/b.git"
    (leftover,) = [one for one in adoption.leftovers if one.object == "Kustomization flux-system/vision-apps"]
    assert leftover.todo is ToDo.REMOVE
    assert "deletionPolicy: Orphan" in leftover.advice


def test_a_second_source_goes_into_the_first() -> None:
    adoption = adopt(*flux(), *flux(name="more", spec={"url": "https://git.example.org/c/d.git"}))
    assert adoption.request["source"]["git"] == "https://git.example.org/a/b.git"
    assert left(adoption)["Kustomization vision/more", "spec.sourceRef"] is ToDo.REPOSITORY


# --- Scaling


def scaled(query: str, threshold: str, **spec: Any) -> ManifestObject:
    trigger = {"type": "prometheus", "metadata": {"query": query, "threshold": threshold}}
    return item("ScaledObject", "server", "keda.sh", spec={"triggers": [trigger]} | spec)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            scaled('sum(vllm:num_requests_waiting{namespace="vision"})', "3", minReplicaCount=1, maxReplicaCount=6),
            {"signal": "queue", "target": 3, "min_replicas": 1, "max_replicas": 6},
        ),
        (
            scaled("histogram_quantile(0.9, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket[5m])))", "0.75", cooldownPeriod=60),
            {"signal": "latency", "time_to_first_token": "750ms", "min_replicas": 0, "max_replicas": 100, "cooldown": "60s"},
        ),
        (
            item("HorizontalPodAutoscaler", "server", "autoscaling", spec={
                "maxReplicas": 4, "metrics": [{"type": "Pods", "pods": {"metric": {"name": "vllm:num_requests_waiting"}, "target": {"averageValue": "5"}}}],
            }),
            {"signal": "queue", "target": 5, "min_replicas": 1, "max_replicas": 4},
        ),
    ],
)  # fmt: skip
def test_a_scaler_that_reads_an_engine_says_the_signal(found: ManifestObject, words: dict[str, Any]) -> None:
    adoption = adopt(found)
    assert adoption.request["autoscaling"] == words
    assert left(adoption)[str(found), ""] is ToDo.REPOSITORY
    parse(adoption.request, fleet=FLEET)


def test_a_scaler_of_something_else_stays_the_teams() -> None:
    cpu = {"type": "Resource", "resource": {"name": "cpu"}}
    found = item("HorizontalPodAutoscaler", "web", "autoscaling", spec={"maxReplicas": 4, "metrics": [cpu]})
    adoption = adopt(found)
    assert "autoscaling" not in adoption.request
    assert left(adoption)[str(found), ""] is ToDo.REPOSITORY


# --- The rest


def test_what_is_the_teams_and_what_only_the_platform_may_make() -> None:
    adoption = adopt(
        deployment(),
        *(item("ConfigMap", f"c{number}") for number in range(7)),
        item("ConfigMap", "kube-root-ca.crt"),
        item("Secret", "token"),
        item("Secret", "sh.helm.release.v1.a.v1", type="helm.sh/release.v1"),
        item("Ingress", "web", "networking.k8s.io"),
        item("LimitRange", "defaults"),
        item("ReplicaSet", "server-1", "apps"),
        item(
            "Job",
            "nightly-1",
            "batch",
            metadata={"name": "nightly-1", "namespace": "vision", "ownerReferences": [{"kind": "CronJob"}]},
        ),
    )
    assert left(adoption) == {
        ("Deployment vision/server", ""): ToDo.REPOSITORY,
        ("ConfigMap vision/", ""): ToDo.REPOSITORY,
        ("Secret vision/token", ""): ToDo.REPOSITORY,
        ("Ingress vision/web", ""): ToDo.INPUT,
        ("LimitRange vision/defaults", ""): ToDo.REMOVE,
    }
    (many,) = [leftover.what for leftover in adoption.leftovers if leftover.object == "ConfigMap vision/"]
    assert many == "7 of them: c0, c1, c2, c3, c4 …"


def test_what_a_server_adds_changes_nothing() -> None:
    plain = [quota({"cpu": "64"}), deployment(), *queue(("nvidia.com/gpu", "default", 8, 0))]
    live = []
    for found in plain:
        metadata = {**found.body["metadata"], "uid": "1", "resourceVersion": "2", "managedFields": [{"manager": "kubectl"}], "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}}  # fmt: skip
        live.append(ManifestObject(found.file, {**found.body, "metadata": metadata, "status": {"used": {}}}))
    assert adopt(*live) == adopt(*plain)
    listed = ManifestObject(
        "all.yaml", {"apiVersion": "v1", "kind": "List", "items": [one.body for one in live]}
    )
    assert adopt(listed).request == adopt(*plain).request
    assert adopt(*reversed(plain), *live) == adopt(*plain)


def test_the_text_is_the_request() -> None:
    adoption = adopt(quota({"cpu": "64"}), title='Vision: "research" # one')
    assert kubeyaml.load(adoption.text) == adoption.request
    assert adoption.text.startswith("# Derived from namespace vision on berlin.")


@pytest.mark.parametrize("body", [None, [], "x", 7, {"hard": []}, {"egress": [None]}, {"resourceGroups": 1}])
def test_objects_of_no_sense_are_passed_over(body: Any) -> None:
    kinds = [
        ("ResourceQuota", ""), ("NetworkPolicy", "networking.k8s.io"), ("RoleBinding", RBAC), ("LocalQueue", "kueue.x-k8s.io"),
        ("Kustomization", "kustomize.toolkit.fluxcd.io"), ("ScaledObject", "keda.sh"), ("Deployment", "apps"),
    ]  # fmt: skip
    objects = [item(kind, "odd", group, spec=body, subjects=body, roleRef=body) for kind, group in kinds]
    objects.append(item("ClusterSPIFFEID", "odd", "spire.spiffe.io", namespace="", spec=body))
    objects.append(item("ClusterQueue", "odd", "kueue.x-k8s.io", namespace="", spec=body))
    objects.append(ManifestObject("odd.yaml", {"apiVersion": "v1", "kind": "Service", "metadata": body}))
    assert adopt(*objects).request["name"] == "vision"
