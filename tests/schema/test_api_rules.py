"""What the API server refuses although the schema takes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goldenpath import kubeyaml
from goldenpath.check.schema_checks import check_schema
from goldenpath.findings import Severity
from goldenpath.manifests import ManifestObject


def slips(text: str) -> list[tuple[str, str]]:
    found = list(check_schema([ManifestObject("a.yaml", kubeyaml.load(text))]))
    assert all(finding.severity is Severity.ERROR and finding.fix for finding in found)
    return [(finding.rule, finding.field) for finding in found]


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
def test_a_name_that_the_kind_allows(kind: str, name: str) -> None:
    assert slips(named(kind, name)) == []


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
def test_a_name_that_the_kind_refuses(kind: str, name: str) -> None:
    assert slips(named(kind, name)) == [("api/name", "metadata.name")]


def test_a_name_may_be_left_to_the_server() -> None:
    assert slips("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n") == []


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
def test_a_label_that_the_server_refuses(labels: dict[str, str], rule: str, field: str) -> None:
    assert slips(named("ConfigMap", "a", labels=labels)) == [(rule, field)]


def test_labels_and_annotations_that_the_server_takes() -> None:
    labels = {"app.kubernetes.io/name": "A_b.c-1", "empty": "", "n": "x" * 63}
    annotations = {"Acme.dev/Note": "any text: at all\n", "short": ""}
    assert slips(named("ConfigMap", "a", labels=labels, annotations=annotations)) == []


def test_annotations_have_a_size_together_and_keys() -> None:
    assert slips(named("ConfigMap", "a", annotations={"a": "x" * 200_000, "b": "x" * 70_000})) == [
        ("api/annotation", "metadata.annotations")
    ]
    assert slips(named("ConfigMap", "a", annotations={"a b": ""})) == [
        ("api/label-key", "metadata.annotations[a b]")
    ]


def test_labels_of_a_pod_template_are_checked() -> None:
    assert slips("""
apiVersion: batch/v1
kind: Job
metadata: {name: train}
spec:
  template:
    metadata: {labels: {owner: a/b}}
    spec: {restartPolicy: Never, containers: [{name: a, image: b}]}
""") == [("api/label", "spec.template.metadata.labels[owner]")]


def test_a_config_map_holds_files() -> None:
    text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a.yaml: "", "a b": "", "..x": "", ".": ""}\n'
    assert slips(text) == [("api/data-key", f"data[{key}]") for key in ("a b", "..x", ".")]


def test_a_quota_counts_whole_pieces_and_measures_the_rest() -> None:
    assert (
        slips("""
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
    assert slips("""
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
def test_a_network_rule_that_the_server_takes(rule: str) -> None:
    assert slips(NETWORK.format(rule)) == []


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
def test_a_network_rule_that_the_server_refuses(rule: str, slip: str, field: str) -> None:
    rule_id = slip if "/" in slip else f"api/{slip}"
    assert slips(NETWORK.format(rule)) == [(rule_id, f"spec.egress[0].{field}")]


def test_a_policy_has_two_directions() -> None:
    assert slips(NETWORK.format("{}").replace("[Ingress, Egress]", "[egress]")) == [
        ("schema/enum", "spec.policyTypes[0]")
    ]


def test_a_binding_names_subjects() -> None:
    assert slips("""
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


def test_a_service_account_needs_its_namespace_in_a_cluster_wide_binding_alone() -> None:
    assert slips("""
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: a}
subjects: [{kind: ServiceAccount, name: a}]
""") == [("api/subject", "subjects[0].namespace")]


QUEUE = """
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {{name: a}}
spec:
  {}
  resourceGroups:
  - coveredResources: [cpu, memory]
    flavors:
    - name: default
      resources: [{}]
"""


@pytest.mark.parametrize(
    ("head", "resources", "field"),
    [
        (
            "cohortName: c",
            "{name: memory, nominalQuota: 1}, {name: cpu, nominalQuota: 1}",
            "spec.resourceGroups[0].flavors[0].resources",
        ),
        (
            "cohortName: c",
            "{name: cpu, nominalQuota: 1, lendingLimit: 2}, {name: memory, nominalQuota: 1}",
            "spec.resourceGroups[0].flavors[0].resources[0].lendingLimit",
        ),
        (
            "stopPolicy: None",
            "{name: cpu, nominalQuota: 1}, {name: memory, nominalQuota: 1, lendingLimit: 1}",
            "spec.resourceGroups[0].flavors[0].resources[1].lendingLimit",
        ),
        (
            "cohortName: c",
            "{name: cpu, nominalQuota: -1}, {name: memory, nominalQuota: 1}",
            "spec.resourceGroups[0].flavors[0].resources[0].nominalQuota",
        ),
    ],
)
def test_a_queue_that_kueue_refuses(head: str, resources: str, field: str) -> None:
    assert slips(QUEUE.format(head, resources)) == [("api/queue", field)]


@pytest.mark.parametrize(
    ("head", "resources", "field"),
    [
        (
            "stopPolicy: None",
            "{name: cpu, nominalQuota: 1, borrowingLimit: 1}, {name: memory, nominalQuota: 1}",
            "spec",
        ),
        ("cohortName: c", "{name: cpu, nominalQuota: 1}", "spec.resourceGroups[0]"),
    ],
)
def test_a_queue_that_its_definition_refuses(head: str, resources: str, field: str) -> None:
    assert ("api/rule", field) in slips(QUEUE.format(head, resources))


def test_a_queue_that_kueue_takes() -> None:
    resources = "{name: cpu, nominalQuota: 1, borrowingLimit: 1}, {name: memory, nominalQuota: 1}"
    assert slips(QUEUE.format("cohortName: c", resources)) == []


def test_a_cohort_may_lend_more_than_it_has_and_needs_a_parent_for_a_limit() -> None:
    cohort = QUEUE.replace("ClusterQueue", "Cohort")
    resources = "{name: cpu, nominalQuota: 1, lendingLimit: 2}, {name: memory, nominalQuota: 1}"
    assert slips(cohort.format("parentName: c", resources)) == []
    field = "spec.resourceGroups[0].flavors[0].resources[0].lendingLimit"
    assert slips(cohort.format("", resources)) == [("api/queue", field)]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("{resourceGroups: [{coveredResources: [/a], flavors: [{name: a, resources: [{name: /a, nominalQuota: 1}]}]}]}",
         "resourceGroups[0].coveredResources[0]"),
        ("{namespaceSelector: {matchLabels: {team: Bad Value}}}", "namespaceSelector.matchLabels[team]"),
        ("{namespaceSelector: {matchExpressions: [{key: team, operator: Has}]}}",
         "namespaceSelector.matchExpressions[0].operator"),
        ("{admissionChecksStrategy: {admissionChecks: [{name: c, onFlavors: [gone]}]}}",
         "admissionChecksStrategy.admissionChecks[0].onFlavors[0]"),
        ("{fairSharing: {weight: -1}}", "fairSharing.weight"),
        ("{fairSharing: {weight: 1n}}", "fairSharing.weight"),
    ],
)  # fmt: skip
def test_what_else_kueue_refuses_of_a_queue(spec: str, field: str) -> None:
    queue = f"apiVersion: kueue.x-k8s.io/v1beta2\nkind: ClusterQueue\nmetadata: {{name: a}}\nspec: {spec}\n"
    assert slips(queue) == [("api/queue", f"spec.{field}")]


def test_a_cluster_queue_has_a_bounded_number_of_flavors_and_resources() -> None:
    def group(first: int, flavors: int, resources: int) -> dict[str, Any]:
        covered = [f"acme.dev/r{number}" for number in range(first, first + resources)]
        quotas = [{"name": name, "nominalQuota": 1} for name in covered]
        names = [f"f{number}" for number in range(first, first + flavors)]
        return {
            "coveredResources": covered,
            "flavors": [{"name": name, "resources": quotas} for name in names],
        }

    def found(*groups: dict[str, Any]) -> list[tuple[str, str]]:
        body = {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue", "metadata": {"name": "a"}}
        return slips(kubeyaml.dump({**body, "spec": {"resourceGroups": list(groups)}}))

    assert found(*(group(64 * number, 64, 1) for number in range(4))) == []
    assert found(*(group(64 * number, 64, 1) for number in range(4)), group(256, 1, 1)) == [
        ("api/queue", "spec.resourceGroups")
    ]
    assert found(
        group(0, 1, 64), *(group(64 * number, 1, 64) for number in range(1, 4)), group(256, 1, 1)
    ) == [("api/queue", "spec.resourceGroups")]
    assert found(group(0, 33, 16)) == [("api/queue", "spec.resourceGroups[0]")]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("{nodeLabels: {gpu: Not A Label}}", "nodeLabels[gpu]"),
        ("{nodeTaints: [{key: /gpu, effect: NoSchedule}]}", "nodeTaints[0].key"),
        ("{nodeTaints: [{key: gpu, value: a b, effect: NoSchedule}]}", "nodeTaints[0].value"),
        (
            "{nodeTaints: [{key: gpu, effect: NoSchedule}, {key: gpu, value: a, effect: NoSchedule}]}",
            "nodeTaints[1]",
        ),
        ("{tolerations: [{key: /gpu, operator: Exists}]}", "tolerations[0].key"),
    ],
)
def test_a_flavor_that_kueue_refuses(spec: str, field: str) -> None:
    flavor = (
        f"apiVersion: kueue.x-k8s.io/v1beta2\nkind: ResourceFlavor\nmetadata: {{name: a}}\nspec: {spec}\n"
    )
    assert slips(flavor) == [("api/queue", f"spec.{field}")]


def test_a_flavor_is_in_one_group() -> None:
    assert slips("""
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {name: a}
spec:
  resourceGroups:
  - {coveredResources: [cpu], flavors: [{name: a, resources: [{name: cpu, nominalQuota: 1}]}]}
  - {coveredResources: [memory], flavors: [{name: a, resources: [{name: memory, nominalQuota: 1}]}]}
""") == [("api/queue", "spec.resourceGroups[1].flavors[0].name")]


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
def test_an_expression_of_a_policy_names_what_is_declared(variables: str, expression: str, fields: list[str]) -> None:  # fmt: skip
    assert slips(POLICY.format(variables, json.dumps(expression))) == [
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
    found = slips(f"""
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


def test_a_resource_is_covered_once() -> None:
    assert slips("""
apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {name: a}
spec:
  resourceGroups:
  - {coveredResources: [cpu], flavors: [{name: a, resources: [{name: cpu, nominalQuota: 1}]}]}
  - {coveredResources: [cpu], flavors: [{name: b, resources: [{name: cpu, nominalQuota: 1}]}]}
""") == [("api/queue", "spec.resourceGroups[1].coveredResources")]


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
def test_a_rule_of_a_custom_resource(
    api_version: str, kind: str, name: str, spec: dict[str, Any], slip: tuple[str, str]
) -> None:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}
    assert slips(kubeyaml.dump(body)) == [slip]


def test_a_wrong_shape_hides_nothing_else() -> None:
    assert slips("apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: UPPER}\nspec: {hard: [1]}\n") == [
        ("schema/type", "spec.hard"),
        ("api/name", "metadata.name"),
    ]
