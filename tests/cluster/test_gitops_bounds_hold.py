"""Limits of a tenant's own repository, with the real Flux under our lockdown and the tenant's account."""

from __future__ import annotations

from typing import Any

import pytest
from flux import KUSTOMIZATION, NAMESPACE, SOURCE
from kube_api import eventually
from on_flux import config_map


def rbac(kind: str, **body: Any) -> dict[str, Any]:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "mine"}, **body}


def admin_binding(kind: str) -> dict[str, Any]:
    subjects = [{"kind": "ServiceAccount", "name": "default", "namespace": "vision"}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    return rbac(kind, roleRef=role, subjects=subjects)


def kustomization(**spec: Any) -> dict[str, Any]:
    usual = {
        "interval": "10m",
        "prune": True,
        "path": "./more",
        "serviceAccountName": "vision-reconciler",
        "targetNamespace": "vision",
        "sourceRef": {"kind": "GitRepository", "name": "vision"},
    }
    return KUSTOMIZATION | {
        "metadata": {"name": "mine"},
        "spec": {key: value for key, value in (usual | spec).items() if value is not None},
    }


# What a team may put into its own repository, and what Flux then says.
OUT_OF_BOUNDS = {
    "a namespace": ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine"}}, "forbidden"),
    "a cluster role": (rbac("ClusterRole", rules=[]), "forbidden"),
    "cluster-admin for itself": (admin_binding("ClusterRoleBinding"), "forbidden"),
    "admin in its namespace": (admin_binding("RoleBinding"), "forbidden"),
    "a quota of its own": (
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "vision-compute"},
            "spec": {"hard": {}},
        },
        "forbidden",
    ),
    "a way through the network": (
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "mine"},
            "spec": {"podSelector": {}, "egress": [{}]},
        },
        "forbidden",
    ),
    "an identity": (
        {
            "apiVersion": "spire.spiffe.io/v1alpha1",
            "kind": "ClusterSPIFFEID",
            "metadata": {"name": "mine"},
            "spec": {"spiffeIDTemplate": "spiffe://{{ .TrustDomain }}/ns/speech/sa/server"},
        },
        "forbidden",
    ),
    "a queue": (
        {
            "apiVersion": "kueue.x-k8s.io/v1beta2",
            "kind": "LocalQueue",
            "metadata": {"name": "mine"},
            "spec": {"clusterQueue": "speech"},
        },
        "forbidden",
    ),
    "Flux without an account": (kustomization(serviceAccountName=None), "goldenpath-flux-service-account"),
    "Flux as the default account": (
        kustomization(serviceAccountName="default"),
        "goldenpath-flux-service-account",
    ),
    "Flux into another namespace": (
        kustomization(targetNamespace="speech"),
        "goldenpath-flux-service-account",
    ),
    "Flux from the fleet repository": (
        kustomization(sourceRef={"kind": "GitRepository", "name": "flux-system", "namespace": "flux-system"}),
        "goldenpath-flux-service-account",
    ),
    "an image from elsewhere": (
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "mine"},
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"containers": [{"name": "main", "image": "docker.io/library/nginx"}]},
                },
            },
        },
        "goldenpath-image-registry",
    ),
}


@pytest.mark.parametrize("what", OUT_OF_BOUNDS)
def test_a_tenants_own_repository_does_not_reach_beyond_the_tenant(platform, flux, teams, what):
    content, reason = OUT_OF_BOUNDS[what]

    assert reason in teams.refusal("vision", mine=content)


def test_a_tenants_own_repository_cannot_use_remote_bases(platform, flux, teams):
    base = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": ["settings.yaml", f"{teams.repositories['speech'].url}//deploy?ref=main"],
    }

    assert "is not in or below" in teams.refusal("vision", kustomization=base)


def test_a_tenants_objects_for_another_namespace_land_in_its_own(platform, flux, teams):
    astray = config_map("astray", namespace="speech")

    flux.at(
        teams.push("vision", settings=config_map("settings"), astray=astray), "vision", namespace="vision"
    )

    assert not platform.api.get(astray).ok
    assert platform.api.get(config_map("astray", namespace="vision")).ok


def test_without_any_policy_flux_acts_as_no_one_for_who_names_no_account(platform, flux, teams):
    """The policy looks at tenants only; in any other namespace the flag alone stands in the way."""
    namespace = "elsewhere"
    platform.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, "tests")
    source = SOURCE | {
        "metadata": {"name": "mine", "namespace": namespace},
        "spec": {"interval": "10m", "url": teams.repositories["speech"].url, "ref": {"branch": "main"}},
    }
    careless = kustomization(
        serviceAccountName=None,
        targetNamespace=namespace,
        path="./deploy",
        sourceRef={"kind": "GitRepository", "name": "mine"},
    )
    careless["metadata"]["namespace"] = namespace
    for body in (source, careless):
        assert platform.api.apply(body, "tests").ok

    eventually(lambda: flux.condition("mine", namespace)[0] == "False", "Flux has tried", 60)
    eventually(
        lambda: f'"system:serviceaccount:{namespace}:default" cannot' in flux.condition("mine", namespace)[1],
        lambda: f"it acts as the default account: {flux.condition('mine', namespace)}",
        60,
    )


def test_no_kustomization_uses_a_source_of_another_namespace(platform, flux, teams):
    namespace = "beside"
    platform.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}, "tests")
    careless = kustomization(
        serviceAccountName=None,
        targetNamespace=namespace,
        sourceRef={"kind": "GitRepository", "name": NAMESPACE, "namespace": NAMESPACE},
    )
    careless["metadata"]["namespace"] = namespace
    assert platform.api.apply(careless, "tests").ok

    eventually(
        lambda: "cross-namespace" in flux.condition("mine", namespace)[1],
        lambda: f"Flux refuses: {flux.condition('mine', namespace)}",
        60,
    )
