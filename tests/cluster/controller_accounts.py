"""Namespaces, accounts and kubeconfigs of the controllers that tests run outside of the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import admin_kubeconfig

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kube_api import Api


def install_account(api: Api, namespace: str, account: str, *others: Mapping[str, Any]) -> None:
    """Create a controller's namespace, its account with every right, and other objects."""
    api.apply_all(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            service_account(namespace, account),
            bound_accounts(account, namespace, account),
            *others,
        ]
    )


def service_account(namespace: str, name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}


def bound_accounts(name: str, namespace: str, *accounts: str, role: str = "cluster-admin") -> dict[str, Any]:
    """The ClusterRoleBinding that gives accounts of a namespace a ClusterRole."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [
            {"kind": "ServiceAccount", "name": account, "namespace": namespace} for account in accounts
        ],
    }


def loopback_service(namespace: str, name: str) -> dict[str, Any]:
    """A Service that the API server resolves to this machine: its type may name loopback."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"type": "ExternalName", "externalName": "127.0.0.1"},
    }


def account_kubeconfig(api: Api, folder: Path, namespace: str, account: str) -> Path:
    """Write a kubeconfig with a token of the account."""
    file = folder / f"{account}.kubeconfig"
    assert api.server.authority
    admin_kubeconfig.write(file, api.server.url, api.server.authority, api.account_token(namespace, account))
    return file
