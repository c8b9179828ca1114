"""Rules of the API server that no schema expresses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from schema_errors import schema_errors

from goldenpath import kubeyaml


def named(kind: str, name: str, **more: Any) -> str:
    api = {"ClusterRole": "rbac.authorization.k8s.io/v1", "FluxInstance": "fluxcd.controlplane.io/v1"}.get(
        kind, "v1"
    )
    return kubeyaml.dump({"apiVersion": api, "kind": kind, "metadata": {"name": name, **more}})


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ConfigMap", "kube-root-ca.crt"),
        ("Namespace", "vision-2"),
        ("ClusterRole", "system:node:x"),
        ("ConfigMap", "a" * 253),
    ],
)
def test_a_valid_name_is_accepted(kind: str, name: str) -> None:
    assert schema_errors(named(kind, name)) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("ConfigMap", "Upper"),
        ("ConfigMap", "a_b"),
        ("ConfigMap", "a..b"),
        ("ConfigMap", "-a"),
        ("ConfigMap", "a" * 254),
        ("ConfigMap", "a\n"),
        ("ConfigMap", ""),
        ("Namespace", "a.b"),
        ("Namespace", "a" * 64),
        ("ClusterRole", "a/b"),
        ("ClusterRole", "50%"),
        ("ClusterRole", ".."),
    ],
)
def test_an_invalid_name_is_refused(kind: str, name: str) -> None:
    assert schema_errors(named(kind, name)) == [("api/name", "metadata.name")]


def test_a_generated_name_is_accepted() -> None:
    assert schema_errors("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n") == []


@pytest.mark.parametrize(
    ("labels", "rule", "field"),
    [
        ({"owner": "group:default/vision"}, "api/label", "metadata.labels[owner]"),
        ({"a": "x" * 64}, "api/label", "metadata.labels[a]"),
        ({"a": "-x"}, "api/label", "metadata.labels[a]"),
        ({"a/b/c": "x"}, "api/label-key", "metadata.labels[a/b/c]"),
        ({"Acme.dev/a": "x"}, "api/label-key", "metadata.labels[Acme.dev/a]"),
        ({"/a": "x"}, "api/label-key", "metadata.labels[/a]"),
        ({"a b": "x"}, "api/label-key", "metadata.labels[a b]"),
    ],
)
def test_an_invalid_label_is_refused(labels: dict[str, str], rule: str, field: str) -> None:
    assert schema_errors(named("ConfigMap", "a", labels=labels)) == [(rule, field)]


def test_valid_labels_and_annotations_are_accepted() -> None:
    labels = {"app.kubernetes.io/name": "A_b.c-1", "empty": "", "n": "x" * 63}
    annotations = {"Acme.dev/Note": "any text: at all\n", "short": ""}
    assert schema_errors(named("ConfigMap", "a", labels=labels, annotations=annotations)) == []


def test_annotations_have_a_total_size_and_valid_keys() -> None:
    assert schema_errors(named("ConfigMap", "a", annotations={"a": "x" * 200_000, "b": "x" * 70_000})) == [
        ("api/annotation", "metadata.annotations")
    ]
    assert schema_errors(named("ConfigMap", "a", annotations={"a b": ""})) == [
        ("api/label-key", "metadata.annotations[a b]")
    ]


def test_labels_of_a_pod_template_are_checked() -> None:
    assert schema_errors("""
apiVersion: batch/v1
kind: Job
metadata: {name: train}
spec:
  template:
    metadata: {labels: {owner: a/b}}
    spec: {restartPolicy: Never, containers: [{name: a, image: b}]}
""") == [("api/label", "spec.template.metadata.labels[owner]")]


def test_keys_of_a_config_map_are_file_names() -> None:
    text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a.yaml: "", "a b": "", "..x": "", ".": ""}\n'
    assert schema_errors(text) == [("api/data-key", f"data[{key}]") for key in ("a b", "..x", ".")]


def test_quota_of_counted_resources_is_a_whole_number() -> None:
    assert (
        schema_errors("""
apiVersion: v1
kind: ResourceQuota
metadata: {name: a}
spec:
  hard:
    requests.cpu: 500m
    limits.memory: "1.5Gi"
    fast.storageclass.storage.k8s.io/requests.storage: 1.5Ti
    requests.nvidia.com/gpu: "0"
    count/jobs.batch: 1k
""")
        == []
    )
    assert schema_errors("""
apiVersion: v1
kind: ResourceQuota
metadata: {name: a}
spec:
  hard: {requests.nvidia.com/gpu: 500m, pods: "2.5", limits.cpu: "-1"}
""") == [
        ("api/quota", "spec.hard[requests.nvidia.com/gpu]"),
        ("api/quota", "spec.hard[pods]"),
        ("api/quota", "spec.hard[limits.cpu]"),
    ]


NETWORK = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: a}}
spec:
  podSelector: {{}}
  policyTypes: [Ingress, Egress]
  egress:
  - {}
"""


@pytest.mark.parametrize(
    "rule",
    [
        "{}",
        "to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]",
        "to: [{ipBlock: {cidr: '::/0'}}, {podSelector: {}, namespaceSelector: {matchLabels: {a: b}}}]",
        "ports: [{port: 53, protocol: UDP}, {port: http-metrics}, {port: 8000, endPort: 8010}, {protocol: SCTP}]",
    ],
)
def test_a_valid_network_rule_is_accepted(rule: str) -> None:
    assert schema_errors(NETWORK.format(rule)) == []


@pytest.mark.parametrize(
    ("rule", "slip", "field"),
    [
        ("to: [{ipBlock: {cidr: 10.0.0.0}}]", "schema/format", "to[0].ipBlock.cidr"),
        ("to: [{ipBlock: {cidr: 10.0.0.0/40}}]", "schema/format", "to[0].ipBlock.cidr"),
        ("to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]", "cidr", "to[0].ipBlock.except[0]"),
        ("to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]", "cidr", "to[0].ipBlock.except[0]"),
        ("to: [{ipBlock: {cidr: 10.0.0.0/8, except: ['::/0']}}]", "cidr", "to[0].ipBlock.except[0]"),
        ("to: [{ipBlock: {cidr: 10.0.0.0/8, except: [x]}}]", "schema/format", "to[0].ipBlock.except[0]"),
        ("to: [{}]", "peer", "to[0]"),
        ("to: [{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}]", "peer", "to[0]"),
        ("to: [{podSelector: {matchLabels: {a: 'b c'}}}]", "label", "to[0].podSelector.matchLabels[a]"),
        ("ports: [{port: 0}]", "schema/range", "ports[0].port"),
        ("ports: [{port: 65536}]", "schema/range", "ports[0].port"),
        ("ports: [{port: '8080'}]", "schema/format", "ports[0].port"),
        ("ports: [{port: a-name-of-16-chr}]", "schema/format", "ports[0].port"),
        ("ports: [{port: 1, protocol: tcp}]", "schema/enum", "ports[0].protocol"),
        ("ports: [{port: 10, endPort: 9}]", "port", "ports[0].endPort"),
        ("ports: [{port: http, endPort: 9}]", "port", "ports[0].endPort"),
    ],
)
def test_an_invalid_network_rule_is_refused(rule: str, slip: str, field: str) -> None:
    rule_id = slip if "/" in slip else f"api/{slip}"
    assert schema_errors(NETWORK.format(rule)) == [(rule_id, f"spec.egress[0].{field}")]


def test_a_network_policy_type_is_ingress_or_egress() -> None:
    assert schema_errors(NETWORK.format("{}").replace("[Ingress, Egress]", "[egress]")) == [
        ("schema/enum", "spec.policyTypes[0]")
    ]


def test_a_binding_has_valid_subjects() -> None:
    assert schema_errors("""
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: a}
subjects:
- {kind: Group, name: "oidc:vision", apiGroup: rbac.authorization.k8s.io}
- {kind: ServiceAccount, name: a, namespace: vision}
- {kind: ServiceAccount, name: a}
- {kind: Team, name: a}
""") == [("api/subject", "subjects[3].kind")]


def test_a_service_account_in_a_cluster_role_binding_needs_a_namespace() -> None:
    assert schema_errors("""
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: a}
subjects: [{kind: ServiceAccount, name: a}]
""") == [("api/subject", "subjects[0].namespace")]


POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: a}}
spec:
  matchConstraints: {{resourceRules: [{{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}}]}}
  variables: {}
  validations: [{{expression: {}}}]
"""


@pytest.mark.parametrize(
    ("variables", "expression", "fields"),
    [
        ("[{name: a, expression: object.spec}]", "has(variables.a)", []),
        ("[{name: a, expression: object.spec}]", "variables.b == ' variables.c '", ["validations[0].expression"]),
        ("[{name: a, expression: variables.b}, {name: b, expression: object}]", "variables.a == null", ["variables[0].expression"]),
        ("[]", "object.variables.a == 1", []),
        ("[]", "OBJECT.metadata == null", ["validations[0].expression"]),
        ("[]", "object.metadata.name == 'OTHER' || request.dryRun in [true, false] || params == 0x1f || 1.5e3 > 2u", []),
        ("[]", "object.spec.containers.all(c, c.image != '')", []),
    ],
)  # fmt: skip
def test_an_expression_of_a_policy_uses_declared_variables(variables: str, expression: str, fields: list[str]) -> None:  # fmt: skip
    assert schema_errors(POLICY.format(variables, json.dumps(expression))) == [
        ("api/policy", f"spec.{each}") for each in fields
    ]


@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        ("{type: integer, minimum: 1, default: 1}", True),
        ("{type: integer, minimum: 1, default: 0}", False),
        ("{type: integer, default: a}", False),
        ("{x-kubernetes-int-or-string: true, default: 80%}", True),
        ("{type: string, enum: [a, b], default: c}", False),
        ("{type: string, nullable: true, default: null}", True),
        ("{type: array, items: {type: string}, default: []}", True),
    ],
)
def test_a_default_fits_its_own_schema(schema: str, fits: bool) -> None:
    found = schema_errors(f"""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: widgets.acme.dev}}
spec:
  group: acme.dev
  scope: Namespaced
  names: {{plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {{openAPIV3Schema: {{type: object, properties: {{spec: {{type: object, properties: {{a: {schema}}}}}}}}}}}
""")
    assert (found == []) is fits
    assert all(rule == "api/definition" and field.endswith("[a].default") for rule, field in found)


@pytest.mark.parametrize(
    ("api_version", "kind", "name", "spec", "slip"),
    [
        (
            "kueue.x-k8s.io/v1beta2",
            "ResourceFlavor",
            "a",
            {"topologyName": "t"},
            ("api/rule", "spec"),
        ),
        (
            "fluxcd.controlplane.io/v1",
            "FluxInstance",
            "fleet",
            {"distribution": {"version": "2.x", "registry": "ghcr.io/fluxcd"}},
            ("api/rule", ""),
        ),
        ("helm.toolkit.fluxcd.io/v2", "HelmRelease", "a", {"interval": "5m"}, ("api/rule", "spec")),
        (
            "keda.sh/v1alpha1",
            "ScaledObject",
            "a",
            {
                "scaleTargetRef": {"name": "a"},
                "minReplicaCount": 5,
                "maxReplicaCount": 2,
                "triggers": [{"type": "cron", "metadata": {}}],
            },
            ("api/rule", "spec"),
        ),
        (
            "source.toolkit.fluxcd.io/v1",
            "GitRepository",
            "a",
            {"interval": "5m", "url": "https://git.example.com/a", "serviceAccountName": "x"},
            ("api/rule", "spec"),
        ),
    ],
)
def test_a_rule_of_a_custom_resource_refuses_an_object(
    api_version: str, kind: str, name: str, spec: dict[str, Any], slip: tuple[str, str]
) -> None:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}
    assert schema_errors(kubeyaml.dump(body)) == [slip]


def test_a_wrong_type_does_not_hide_other_errors() -> None:
    assert schema_errors(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: UPPER}\nspec: {hard: [1]}\n"
    ) == [
        ("schema/type", "spec.hard"),
        ("api/name", "metadata.name"),
    ]
