"""SPIFFE identities are unique, within namespace and trust domain, for one account, and without power over SPIRE."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from goldenpath.check.spiffe_ids import check_identities
from goldenpath.manifests import ManifestObject

SPEC: dict[str, Any] = {
    "className": "spire-spire",
    "spiffeIDTemplate": "spiffe://{{ .TrustDomain }}/ns/vision/sa/server",
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "vision"}},
    "workloadSelectorTemplates": ["k8s:ns:vision", "k8s:sa:server"],
}


def identity(name: str = "vision.server", **changes: Any) -> ManifestObject:
    spec = {key: value for key, value in (copy.deepcopy(SPEC) | changes).items() if value is not None}
    return ManifestObject(
        "identity.yaml", {"kind": "ClusterSPIFFEID", "metadata": {"name": name}, "spec": spec}
    )


def rules(*objects: ManifestObject) -> list[str]:
    return [finding.rule for finding in check_identities(objects)]


def template(path: str) -> dict[str, Any]:
    return {"spiffeIDTemplate": f"spiffe://{{{{ .TrustDomain }}}}{path}"}


def selected(namespace: str) -> dict[str, Any]:
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"spiffeIDTemplate": "spiffe://{{.TrustDomain}}/ns/vision/sa/server"}, []),
        ({"spiffeIDTemplate": "spiffe://other.example/ns/vision/sa/server"}, ["identity-trust-domain"]),
        (template("/ns/{{ .PodMeta.Namespace }}/sa/server"), ["identity-trust-domain"]),
        (template(""), ["identity-trust-domain"]),
        ({"spiffeIDTemplate": None}, ["identity-trust-domain"]),
        ({"namespaceSelector": None}, ["identity-namespace"]),
        ({"namespaceSelector": {"matchLabels": {"team": "vision"}}}, ["identity-namespace"]),
        ({"namespaceSelector": selected("speech")}, ["identity-namespace"]),
        (template("/ns/visionary/sa/server"), ["identity-namespace"]),
        (template("/x/ns/vision/sa/server"), ["identity-namespace"]),
        ({"workloadSelectorTemplates": None}, ["identity-account"]),
        ({"workloadSelectorTemplates": ["k8s:sa:trainer"]}, ["identity-account"]),
        (template("/ns/vision/server"), ["identity-account"]),
        ({"admin": True}, ["identity-power"]),
        ({"downstream": True}, ["identity-power"]),
        ({"admin": False, "downstream": False}, []),
        ({"className": None}, ["identity-class"]),
    ],
)
def test_an_identity_is_checked_on_its_own(changes: dict[str, Any], expected: list[str]) -> None:
    assert rules(identity(**changes)) == expected


def test_two_objects_with_one_identity_collide() -> None:
    again = identity("other", spiffeIDTemplate="spiffe://{{.TrustDomain}}/ns/vision/sa/server")
    (found,) = check_identities([identity(), again])
    assert (found.rule, found.object) == ("identity-collision", "ClusterSPIFFEID other")
    assert "vision.server" in found.message


def test_two_accounts_of_a_namespace_do_not_collide() -> None:
    other = identity(**template("/ns/vision/sa/trainer"), workloadSelectorTemplates=["k8s:sa:trainer"])
    assert rules(identity(), other) == []


def test_one_account_name_in_two_namespaces_does_not_collide() -> None:
    other = identity(**template("/ns/speech/sa/server"), namespaceSelector=selected("speech"))
    assert rules(identity(), other) == []


def test_other_kinds_are_passed_over() -> None:
    assert rules(ManifestObject("x.yaml", {"kind": "Pod", "spec": {"admin": True}})) == []


@pytest.mark.parametrize(
    "spec", [None, [], "x", {"namespaceSelector": [], "workloadSelectorTemplates": 5, "spiffeIDTemplate": {}}]
)
def test_a_malformed_identity_is_refused_without_a_crash(spec: Any) -> None:
    assert "identity-trust-domain" in rules(
        ManifestObject("x.yaml", {"kind": "ClusterSPIFFEID", "spec": spec})
    )
