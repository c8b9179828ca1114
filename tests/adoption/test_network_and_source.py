"""Network policies and Flux sources that were made by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from made_by_hand import FLEET, adopt, item, left, rules

from goldenpath.adoption import ToDo
from goldenpath.findings import Severity
from goldenpath.pipeline import parse

if TYPE_CHECKING:
    from goldenpath.manifests import ManifestObject


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
def test_egress_that_the_golden_path_allows_is_not_in_the_request(spec: dict[str, Any]) -> None:
    adoption = adopt(CLOSED, policy(**spec))
    assert "network" not in adoption.request
    assert {leftover.todo for leftover in adoption.leftovers} == {ToDo.REMOVE}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"egress": [{"to": [DATABASE], "ports": [{"port": 5432}]}]}, "allows egress to namespace database"),
        ({"egress": [{"ports": [{"port": 443}]}]}, "allows egress to every address on its ports"),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}, "allows egress to 10.0.0.0/8 on every port"),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}], "ports": [{"port": 1}]}]}, "allows egress to 10.0.0.0/8 except 10.1.0.0/16"),
        ({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 9, "endPort": 1}]}]}, "allows egress to 10.0.0.0/8 on TCP ports 9 to 1"),
        ({"ingress": [{"from": [DATABASE]}]}, "allows ingress from namespace database"),
        ({"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}, "allows ingress from 10.0.0.0/8"),
        ({"ingress": [{}]}, "allows ingress from every address"),
    ],
)  # fmt: skip
def test_policy_rules_outside_a_request_are_leftovers(spec: dict[str, Any], said: str) -> None:
    adoption = adopt(CLOSED, policy(**spec))
    (kept,) = [leftover for leftover in adoption.leftovers if leftover.object == "NetworkPolicy vision/p"]
    assert (kept.what, kept.todo) == (said, ToDo.KEEP)


def test_an_open_network_is_reported() -> None:
    assert "adopt-open-network" in rules(adopt())


def flux(
    kind: str = "GitRepository", spec: dict[str, Any] | None = None, where: str = "vision", name: str = "vision", **kustomization: Any
) -> list[ManifestObject]:  # fmt: skip
    source = {"url": "https://git.example.org/a/b.git", "ref": {"branch": "main"}} | (spec or {})
    body = {"sourceRef": {"kind": kind, "name": name}, "path": "./deploy", "serviceAccountName": "vision-reconciler"} | kustomization  # fmt: skip
    return [
        item(kind, name, "source.toolkit.fluxcd.io", namespace=where, spec=source),
        item("Kustomization", name, "kustomize.toolkit.fluxcd.io", namespace=where, spec=body),
    ]


KEYLESS = {
    "issuer": r"^https://issuer\.example\.org$",
    "subject": r"^https://git\.example\.org/a@refs/tags/v.*$",
}


@pytest.mark.parametrize(
    "identities", [[], [KEYLESS, KEYLESS], [KEYLESS | {"subject": "https://git.example.org/a"}], [{}]]
)
def test_a_keyless_signature_that_anybody_could_make_is_left(identities: list[dict[str, str]]) -> None:
    verify = {"provider": "cosign", "matchOIDCIdentity": identities}
    adoption = adopt(
        *flux("OCIRepository", {"url": "oci://r.example.org/a", "ref": {"tag": "1"}, "verify": verify})
    )
    assert "source" not in adoption.request


def test_a_source_in_a_cloud_comes_back_with_the_identity_of_the_team() -> None:
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/vision"}
    reader = item(
        "ServiceAccount",
        "reader",
        metadata={"name": "reader", "namespace": "vision", "annotations": annotations},
    )
    spec = {
        "url": "oci://r.example.org/a",
        "ref": {"tag": "1"},
        "provider": "aws",
        "serviceAccountName": "reader",
    }
    adoption = adopt(reader, *flux("OCIRepository", spec))
    assert adoption.request["source"] == {
        "oci": "oci://r.example.org/a",
        "tag": "1",
        "provider": "aws",
        "cloud_identity": {"role": "arn:aws:iam::123456789012:role/vision"},
        "path": "./deploy",
    }
    assert "identity" not in adoption.request


def test_port_ranges_and_host_wildcards_come_back() -> None:
    ports = [{"ports": [{"port": "8000", "endPort": 8100, "protocol": "TCP"}]}]
    names = [{"matchPattern": "*.hf.co"}, {"matchName": "hf.co"}]
    hosts = item(
        "CiliumNetworkPolicy",
        "hosts",
        "cilium.io",
        spec={"endpointSelector": {}, "egress": [{"toFQDNs": names, "toPorts": ports}]},
    )
    blocks = policy(
        egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 1, "endPort": 9}]}]
    )
    assert adopt(CLOSED, hosts, blocks).request["network"]["egress"] == [
        {"cidr": "10.0.0.0/8", "port": 1, "end_port": 9},
        {"host": "*.hf.co", "port": 8000, "end_port": 8100},
        {"host": "hf.co", "port": 8000, "end_port": 8100},
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
        (
            "OCIRepository",
            {"url": "oci://r.example.org/a", "ref": {"tag": "1"}, "verify": {"provider": "cosign", "matchOIDCIdentity": [KEYLESS]}},
            {"oci": "oci://r.example.org/a", "tag": "1", "verify": {"provider": "cosign", "identity": KEYLESS}},
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
        {"provider": "azure"},
        {"provider": "azure", "serviceAccountName": "unknown"},
        {"serviceAccountName": "puller"},
    ],
)
def test_a_source_outside_a_request_is_a_leftover(spec: dict[str, Any]) -> None:
    adoption = adopt(*flux(spec=spec))
    assert "source" not in adoption.request
    assert left(adoption)["Kustomization vision/vision", ""] is ToDo.REPOSITORY


def test_a_kustomization_with_fluxs_own_rights_is_an_error() -> None:
    adoption = adopt(*flux(serviceAccountName=None, postBuild={"substitute": {}}))
    assert "adopt-flux-as-controller" in rules(adoption, Severity.ERROR)
    assert left(adoption)["Kustomization vision/vision", "spec.postBuild"] is ToDo.REPOSITORY


def test_a_kustomization_elsewhere_is_replaced_without_pruning() -> None:
    adoption = adopt(*flux(where="flux-system", name="vision-apps", targetNamespace="vision"))
    assert adoption.request["source"]["git"] == "https://git.example.org/a/b.git"
    (leftover,) = [one for one in adoption.leftovers if one.object == "Kustomization flux-system/vision-apps"]
    assert leftover.todo is ToDo.REMOVE
    assert "deletionPolicy: Orphan" in leftover.advice


def test_a_second_source_is_a_leftover_for_the_first_repository() -> None:
    adoption = adopt(*flux(), *flux(name="more", spec={"url": "https://git.example.org/c/d.git"}))
    assert adoption.request["source"]["git"] == "https://git.example.org/a/b.git"
    assert left(adoption)["Kustomization vision/more", ""] is ToDo.REPOSITORY
