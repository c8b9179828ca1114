"""Objects against the strict schema of their kind."""

from __future__ import annotations

from typing import Any

import pytest

from goldenpath import kubeyaml
from goldenpath.check.schema_checks import check_schema, field_path
from goldenpath.findings import Finding, Severity
from goldenpath.manifests import ManifestObject

QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: compute, namespace: vision}
spec:
  hard: {requests.cpu: 32, requests.memory: 64Gi, requests.nvidia.com/gpu: "4", pods: 100}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: server, namespace: vision, creationTimestamp: null}
spec:
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      containers:
      - name: server
        image: ghcr.io/acme/server:1
        ports: [{containerPort: 8080}]
        resources: {requests: {cpu: 2, memory: 1.5Gi}, limits: {nvidia.com/gpu: 1}}
        readinessProbe: {httpGet: {path: /healthz, port: http}}
"""
CLUSTER_QUEUE = """
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {name: vision}
spec:
  cohortName: research
  namespaceSelector: {}
  resourceGroups:
  - coveredResources: [cpu, memory]
    flavors:
    - name: default
      resources: [{name: cpu, nominalQuota: 32, borrowingLimit: "8"}, {name: memory, nominalQuota: 64Gi}]
"""
KUSTOMIZATION = """
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: tenant-vision, namespace: flux-system}
spec:
  interval: 10m
  path: ./clusters/eu/tenants/vision
  prune: true
  sourceRef: {kind: GitRepository, name: fleet}
"""
SPIFFE = """
apiVersion: spire.spiffe.io/v1alpha1
kind: ClusterSPIFFEID
metadata: {name: vision-server}
spec:
  spiffeIDTemplate: spiffe://{{ .TrustDomain }}/ns/vision/sa/server
  podSelector: {matchLabels: {app: server}}
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: token}
data: {token: c2VjcmV0}
"""
GOOD = {
    "quota": QUOTA,
    "deployment": DEPLOYMENT,
    "cluster queue": CLUSTER_QUEUE,
    "kustomization": KUSTOMIZATION,
    "spiffe": SPIFFE,
    "secret": SECRET,
}


def findings(text: str, **changes: Any) -> list[Finding]:
    """Findings about the object after setting each ``a__b__0__c`` to its value."""
    body = kubeyaml.load(text)
    for path, value in changes.items():
        node = body
        *parents, last = [int(part) if part.isdecimal() else part for part in path.split("__")]
        for part in parents:
            node = node[part]
        node[last] = value
    return list(check_schema([ManifestObject("objects.yaml", body)]))


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_a_good_object_has_no_finding(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize(
    ("text", "path", "value", "field", "near"),
    [
        (QUOTA, "spec__hrad", {}, "spec.hrad", "hard"),
        (QUOTA, "metadata__label", {}, "metadata.label", "labels"),
        (
            DEPLOYMENT,
            "spec__template__spec__containers__0__imagePullPolice",
            "Always",
            "spec.template.spec.containers[0].imagePullPolice",
            "imagePullPolicy",
        ),
        (CLUSTER_QUEUE, "spec__cohort", "x", "spec.cohort", "cohortName"),
        (KUSTOMIZATION, "metadata__annotation", {}, "metadata.annotation", "annotations"),
        (KUSTOMIZATION, "spec__targetNamespaces", "x", "spec.targetNamespaces", "targetNamespace"),
        (SPIFFE, "spec__podSelector__matchLabel", {}, "spec.podSelector.matchLabel", "matchLabels"),
    ],
)
def test_a_misspelt_field_names_the_nearest(text: str, path: str, value: Any, field: str, near: str) -> None:
    (finding,) = findings(text, **{path: value})
    assert (finding.rule, finding.severity, finding.field) == ("schema/unknown-field", Severity.ERROR, field)
    assert finding.fix == f"Did you mean '{near}'?"
    assert finding.file == "objects.yaml"


def test_an_unknown_field_lists_the_allowed_ones() -> None:
    (finding,) = findings(QUOTA, spec__zzzzzzzz=1)
    assert finding.fix == "Remove it. The known fields are: hard, scopeSelector, scopes."
    assert finding.object == "ResourceQuota vision/compute"


@pytest.mark.parametrize(
    ("text", "path", "value", "found", "said"),
    [
        (QUOTA, "spec__hard", [], "type spec.hard", "Give an object."),
        (DEPLOYMENT, "spec__replicas", "3", "type spec.replicas", "Give an integer."),
        (KUSTOMIZATION, "spec__prune", "yes", "type spec.prune", "Give a boolean."),
        (QUOTA, "spec__hard__requests.memory", "12GB", "quantity spec.hard[requests.memory]", "'12GB' is not a quantity"),
        (
            CLUSTER_QUEUE,
            "spec__resourceGroups__0__flavors__0__resources__1__nominalQuota",
            "64 Gi",
            "quantity spec.resourceGroups[0].flavors[0].resources[1].nominalQuota",
            "'64 Gi' is not a quantity",
        ),
        (KUSTOMIZATION, "spec__sourceRef__kind", "Git", "enum spec.sourceRef.kind", "OCIRepository, GitRepository, Bucket"),
        (KUSTOMIZATION, "spec__interval", "10 minutes", "pattern spec.interval", "does not match the pattern"),
        (CLUSTER_QUEUE, "spec__fairSharing", {"weight": True}, "type spec.fairSharing.weight", "Give an integer or string."),
        (CLUSTER_QUEUE, "spec__resourceGroups__0__flavors", [], "size spec.resourceGroups[0].flavors", "Min items: 1."),
        (SPIFFE, "spec__hint", 7, "type spec.hint", "the value 7 has the wrong type"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(text: str, path: str, value: Any, found: str, said: str) -> None:
    (finding,) = findings(text, **{path: value})
    assert f"{finding.rule} {finding.field}" == f"schema/{found}"
    assert said in f"{finding.message} {finding.fix}"


def test_a_missing_field_is_named_where_it_belongs() -> None:
    body = kubeyaml.load(KUSTOMIZATION)
    del body["spec"]["interval"], body["spec"]["sourceRef"]["name"]
    found = check_schema([ManifestObject("a.yaml", body)])
    assert {(finding.rule, finding.field) for finding in found} == {
        ("schema/required", "spec.interval"),
        ("schema/required", "spec.sourceRef.name"),
    }


def test_a_field_with_a_default_may_be_missing_though_it_is_required() -> None:
    """The API server fills in defaults first: ``verify.provider`` is cosign."""
    assert (
        findings("""
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: a}
spec: {interval: 5m, url: "oci://ghcr.io/acme/a", verify: {secretRef: {name: keys}}}
""")
        == []
    )


def test_a_field_that_a_webhook_fills_in_may_be_missing_though_it_is_required() -> None:
    text = """
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: training, namespace: vision}
spec:
  failurePolicy:
    rules:
    - {action: FailJobSet}
    - {name: second}
"""
    assert [finding.field for finding in findings(text)] == ["spec.failurePolicy.rules[1].action"]


def test_a_custom_resource_with_alternatives_passes() -> None:
    assert (
        findings("""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: dns}
spec:
  endpointSelector: {}
  egress:
  - toFQDNs: [{matchName: example.com}]
  - toCIDRSet: [{cidr: 10.0.0.0/8}]
""")
        == []
    )


def test_a_format_of_a_custom_resource_is_checked() -> None:
    (finding,) = findings("""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: dns}
spec: {endpointSelector: {}, egress: [{toCIDR: [10.0.0.300/8]}]}
""")
    assert (finding.rule, finding.field) == ("schema/format", "spec.egress[0].toCIDR[0]")


def test_alternatives_list_their_required_fields() -> None:
    (finding,) = findings("""
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: dns}
spec: {egress: []}
""")
    assert (finding.rule, finding.field) == ("schema/form", "spec")
    assert "endpointSelector" in finding.fix


def test_the_value_of_a_secret_is_never_shown() -> None:
    (finding,) = findings(SECRET, data__token=12345678)
    assert finding.rule == "schema/type"
    assert "12345678" not in str(finding)


def test_an_unknown_kind_is_a_warning_that_names_the_version_known() -> None:
    (finding,) = findings(CLUSTER_QUEUE, apiVersion="kueue.x-k8s.io/v1beta1")
    assert (finding.rule, finding.severity) == ("schema/unknown-kind", Severity.WARNING)
    assert "kueue.x-k8s.io/v1beta2" in finding.fix
    (finding,) = findings("apiVersion: acme.dev/v1\nkind: Widget\nmetadata: {name: a}\n")
    assert "acme.dev/v1 Widget" in finding.message


def test_every_slip_of_an_object_is_found_at_once() -> None:
    found = findings(
        DEPLOYMENT, spec__replicas="3", metadata__nam="x", spec__template__spec__containers__0__image=7
    )
    assert {finding.field for finding in found} == {
        "metadata.nam",
        "spec.replicas",
        "spec.template.spec.containers[0].image",
    }


def test_a_path_brackets_keys_with_dots() -> None:
    assert field_path(["metadata", "labels", "a.b/c", "x", 0]) == "metadata.labels[a.b/c].x[0]"


def test_a_word_that_yaml_reads_as_a_boolean_is_to_be_quoted() -> None:
    body = kubeyaml.load("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata: {a: on}\n")
    fixes = {finding.field: finding.fix for finding in check_schema([ManifestObject("a.yaml", body)])}
    assert {*fixes} == {"metadata.name", "data.a"}
    assert all("in quotes" in fix for fix in fixes.values())
