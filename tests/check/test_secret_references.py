"""Every Secret that a rendered object names is declared and listed in the README."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_requests import cluster, fleet, request

from goldenpath.check import secret_references
from goldenpath.check.secret_references import secrets_named_in
from goldenpath.errors import InputError
from goldenpath.findings import Finding, Severity
from goldenpath.manifests import ManifestObject, RenderedFile
from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

ADDONS = {
    "flux": "2.10", "kueue": "0.19", "keda": "2.20", "spire-controller-manager": "0.6.6", "cilium": "1.20",
    "prometheus-operator": "0.93", "external-secrets": "2.0",
}  # fmt: skip
PIPELINE = Pipeline(parse_fleet(fleet(clusters={"berlin": cluster(addons=ADDONS)})))
OCI = {"oci": "oci://registry.example.org/vision/deploy"}
NAMES = {"regcred": "pull_secrets", "oci-cred": "source.secret", "cosign-key": "source.verify.secret"}
EVERYTHING: dict[str, Any] = {
    "pull_secrets": ["regcred"],
    "source": OCI | {"secret": "oci-cred", "verify": {"provider": "cosign", "secret": "cosign-key"}},
    "secrets": [{"name": "app", "provider": "sops", "purpose": "application"}],
}


def render(**changes: Any) -> tuple[dict[str, Any], str, list[Finding]]:
    """Objects by kind and name, README and findings of a request."""
    rendered = PIPELINE.run(parse(request(**changes), fleet=PIPELINE.fleet))
    manifests, found = rendered.manifests, rendered.findings
    objects = {(item.kind, item.name): item.body for item in manifests.objects()}
    return (
        objects,
        next(file.text for file in manifests.files if file.path.endswith("README.md")),
        list(found),
    )


def undeclared(found: list[Finding]) -> set[str]:
    return {
        finding.message.split()[2].rstrip(",") for finding in found if finding.rule == "secret-not-declared"
    }


def test_the_readme_names_every_secret_that_an_object_names() -> None:
    _, readme, _ = render(**EVERYTHING)
    section = readme.split("## Secrets that must be there")[1].split("##")[0]
    assert {line.split("`")[1] for line in section.splitlines() if line.startswith("| `")} == {
        *NAMES,
        "app",
        "vision-sops-age",
    }


def test_a_secret_that_no_entry_declares_is_reported() -> None:
    assert undeclared(render(**EVERYTHING)[2]) == set(NAMES)


def test_declared_secrets_are_not_reported() -> None:
    declared = [{"name": name, "provider": "manual", "purpose": "registry"} for name in NAMES]
    assert undeclared(render(**(EVERYTHING | {"secrets": [*EVERYTHING["secrets"], *declared]}))[2]) == set()


@pytest.mark.parametrize("accounts", [None, ["server"]])
def test_every_account_pulls_images_and_the_default_one_too(accounts: list[str] | None) -> None:
    identity = {"identity": {"service_accounts": accounts}} if accounts else {}
    objects, _, _ = render(pull_secrets=["regcred"], **identity)
    names = [name for kind, name in objects if kind == "ServiceAccount" and "vision" not in name]
    assert names == [*(accounts or ()), "default"]
    assert all(objects["ServiceAccount", name]["imagePullSecrets"] == [{"name": "regcred"}] for name in names)
    kept = objects["ServiceAccount", "default"]["metadata"]["annotations"]
    assert kept["kustomize.toolkit.fluxcd.io/prune"] == "disabled"


def test_without_pull_secrets_the_default_account_is_kubernetes_own() -> None:
    assert ("ServiceAccount", "default") not in render()[0]


def test_a_sops_secret_without_a_source_has_no_effect() -> None:
    found = render(secrets=EVERYTHING["secrets"])[2]
    assert [(finding.field, finding.rule) for finding in found] == [("secrets[0]", "no-effect")]


def test_a_secret_that_an_override_brings_in_is_reported_and_can_be_declared() -> None:
    override = {
        "kind": "OCIRepository", "name": "vision", "patch": {"spec": {"certSecretRef": {"name": "private-ca"}}},
        "reason": "a private registry", "approved_by": "platform-team", "expires": "2030-01-01",
    }  # fmt: skip
    changes = {"source": OCI, "overrides": [override]}
    assert undeclared(render(**changes)[2]) == {"private-ca"}
    declared = {"name": "private-ca", "provider": "manual", "purpose": "registry"}
    _, readme, found = render(**changes, secrets=[declared])
    assert undeclared(found) == set()
    assert "`private-ca`" in readme


def item(kind: str, **body: Any) -> ManifestObject:
    return ManifestObject("a.yaml", {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, **body})


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (item("Pod", spec={"containers": [{"envFrom": [{"secretRef": {"name": "a"}}]}]}), ["a"]),
        (item("Pod", spec={"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]}]}), ["a"]),
        (item("Pod", spec={"containers": [{"envFrom": [{"secretRef": {"name": "a", "optional": True}}]}]}), []),
        (item("Pod", spec={"volumes": [{"name": "v", "secret": {"secretName": "a"}}]}), ["a"]),
        (item("Pod", spec={"volumes": [{"projected": {"sources": [{"secret": {"name": "a"}}]}}]}), ["a"]),
        (item("Pod", spec={"imagePullSecrets": [{"name": "a"}, {"name": "b"}]}), ["a", "b"]),
        (item("Ingress", spec={"tls": [{"secretName": "a"}]}), ["a"]),
        (item("TriggerAuthentication", spec={"secretTargetRef": [{"parameter": "p", "name": "a", "key": "k"}]}), ["a"]),
        (item("Kustomization", spec={"kubeConfig": {"secretRef": {"name": "a"}}, "decryption": {"secretRef": {"name": "b"}}}), ["a", "b"]),
        (item("ServiceMonitor", spec={"endpoints": [{"bearerTokenSecret": {"name": "a", "key": "k"}}]}), ["a"]),
        (item("ConfigMap", data={"secretRef": "a"}), []),
        (item("Pod", metadata={"annotations": {"secretName": "a"}}), []),
    ],
)  # fmt: skip
def test_secrets_that_an_object_names(found: ManifestObject, named: list[str]) -> None:
    assert [name for _, name in secrets_named_in(found)] == named


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["secretRef", "secret", "name", "imagePullSecrets", "x"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_no_body_stops_the_search(spec: Any) -> None:
    assert all(isinstance(name, str) for _, name in secrets_named_in(item("Pod", spec=spec)))


FULL: dict[str, Any] = {
    "title": "Vision", "description": "Looks", "contact": "a@example.org", "environment": "staging", "cost_center": "c1",
    "expires": "2030-01-01", "compute": {"cpu": "4", "memory": "8Gi", "storage": "9Gi", "pods": 7},
    "gpus": [{"profile": "nvidia-h100-80gb", "quota": 1, "borrow": 1}],
    "access": {"admins": ["a"], "developers": ["b"], "viewers": ["c"]},
    "identity": {"service_accounts": ["server"], "federates_with": ["edge.example.org"]},
    "autoscaling": {"signal": "tokens", "target": 9.5, "min_replicas": 2, "max_replicas": 4, "cooldown": "7m", "engine": {"name": "sglang"}},
    "network": {"egress": [{"host": "*.hf.co", "port": 443, "end_port": 444, "protocol": "UDP"}, {"cidr": "10.0.0.0/8", "port": 1, "end_port": 2, "protocol": "UDP"}], "calls": [{"tenant": "speech", "port": 8000}]},
    "serving": [{"name": "chat", "pods": {"app": "chat"}, "port": 9000, "hosts": ["chat.example.org"], "callers": {"tenants": ["speech"], "namespaces": ["batch"]}, "egress": [{"cidr": "10.1.0.0/16", "port": 443, "end_port": 444, "protocol": "UDP"}]}],
    "source": OCI | {"tag": "1", "path": "./a", "provider": "gcp", "cloud_identity": {"service_account": "a@example.org"}, "verify": {"provider": "notation", "secret": "k"}},
    "pod_security": "baseline", "pull_secrets": ["regcred"],
    "secrets": [{"name": "app", "provider": "external-secrets", "purpose": "model", "reference": "a/b"}],
    "retiring": True,
}  # fmt: skip


def leaves(node: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(node, dict):
        return [place for key, value in node.items() for place in leaves(value, (*before, key))]
    if isinstance(node, list):
        return [place for index, value in enumerate(node) for place in leaves(value, (*before, index))]
    return [before]


BARE = {"flux": "2.10"}
EFFECT_FLEETS = {
    name: Pipeline(
        parse_fleet(
            fleet(
                federation={"edge.example.org": {"endpoint": "https://spire.example.org"}},
                monitoring={"namespace": "monitoring", "prometheus": "http://p.monitoring:9090"},
                clusters={"berlin": cluster({"profile": "nvidia-h100-80gb", "count": 8}, addons=addons)},
            )
        )
    )
    for name, addons in {"full": ADDONS, "bare": BARE}.items()
}


def outcome(pipeline: Pipeline, document: dict[str, Any]) -> Any:
    rendered = pipeline.run(parse(document, fleet=pipeline.fleet))
    manifests, found = rendered.manifests, rendered.findings
    return manifests, found


@pytest.mark.parametrize("name", EFFECT_FLEETS)
@pytest.mark.parametrize("place", leaves(FULL), ids=lambda place: ".".join(map(str, place)))
def test_every_field_of_a_request_has_an_effect_or_a_finding(name: str, place: tuple[Any, ...]) -> None:
    """Without any one field, the rendered objects or the findings change."""
    pipeline = EFFECT_FLEETS[name]
    base = request(**FULL)
    base["retiring"] = place == ("retiring",)  # of a tenant that goes, the checks say little
    less = copy.deepcopy(base)
    node: Any = less
    for step in place[:-1]:
        node = node[step]
    del node[place[-1]]
    try:
        changed = outcome(pipeline, less)
    except InputError:
        return  # a field that cannot be left out has an effect
    assert changed != outcome(pipeline, base)


def test_severity_of_an_undeclared_secret_is_a_warning() -> None:
    assert {
        finding.severity for finding in render(**EVERYTHING)[2] if finding.rule == "secret-not-declared"
    } == {Severity.WARNING}


def test_only_files_without_secret_references_are_skipped() -> None:
    for name in ("secretRef", "valueFromSecretRef", "secretKeyRef", "secretTargetRef", "bearerTokenSecret", "clientSecret",
                 "pullSecret", "imagePullSecrets", "secret", "secretName"):  # fmt: skip
        assert secret_references._is_reference(name)
        assert (
            secret_references.files_without_references([RenderedFile("a.yaml", f"spec: {{{name}: x}}\n")])
            == set()
        )
    assert secret_references.files_without_references([RenderedFile("a.yaml", "spec: {name: x}\n")]) == {
        "a.yaml"
    }
