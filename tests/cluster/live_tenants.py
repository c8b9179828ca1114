"""Tenants on a control plane: rendered as usual, applied as by Flux, with unique names."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import small_requests
from kube_api import Api, eventually

from goldenpath.pipeline import Pipeline, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.manifests import ManifestObject, Manifests
    from goldenpath.tenancy import Tenancy

REGISTRY = "registry.example.org"

BUILDER: dict[str, Any] = {
    "builder": "https://example.org/builders/pipeline",
    "image": f"{REGISTRY}/goldenpath@sha256:{'9' * 64}",
    "keys": [f"-----BEGIN PUBLIC KEY-----\n{'A' * 64}\n-----END PUBLIC KEY-----\n"],
}
"""Who makes models; with it the policies about models are there."""

FLEET: dict[str, Any] = {
    **small_requests.fleet(clusters=None),
    "groups": {"prefix": "oidc:"},
    "defaults": {"registries": [REGISTRY]},
    "provenance": BUILDER,
}
"""A fleet without clusters."""


@dataclass(frozen=True)
class LiveTenant:
    """A tenant that is there: its namespace, and the people and accounts of it as the API server knows them."""

    name: str
    admin: Api
    developer: Api
    viewer: Api
    reconciler: Api
    tenancy: Tenancy
    manifests: Manifests

    @property
    def objects(self) -> tuple[ManifestObject, ...]:
        return self.manifests.objects()

    def object(self, kind: str, name: str = "") -> dict[str, Any]:
        return next(o.body for o in self.objects if o.kind == kind and name in ("", o.name))


class Onboarding:
    """Makes tenants. Custom resources are left out where the server does not have them."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._namespaces: set[str] = set()
        self._platform: Mapping[str, Any] | None = None

    def platform(self, fleet: Mapping[str, Any]) -> None:
        """The platform of the fleet's one cluster: device classes, priorities, admission policies.

        The policies of another fleet have the same names, so the last one that was applied is in force.
        """
        if fleet != self._platform:
            parsed = parse_fleet(fleet)
            objects = Pipeline(parsed).render(parsed).objects()
            for item in objects:
                # The levels of a Topology are immutable: that of another fleet goes first.
                if item.kind == "Topology" and self.api.serves(item.body):
                    self.api.delete(item.body)
            self.apply(objects)
            self._wait_for_policies()
            self._platform = fleet

    def _wait_for_policies(self) -> None:
        """The server takes up policies about once a second: what comes last says that all are there."""
        name = f"canary-{secrets.token_hex(4)}"
        rule = {
            "apiGroups": [""],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["configmaps"],
        }
        policy = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": name},
            "spec": {
                "matchConstraints": {
                    "resourceRules": [rule],
                    "objectSelector": {"matchLabels": {"is": name}},
                },
                "validations": [{"expression": "false"}],
            },
        }
        binding = {
            **policy,
            "kind": "ValidatingAdmissionPolicyBinding",
            "spec": {"policyName": name, "validationActions": ["Deny"]},
        }
        metadata = {"name": name, "namespace": "default", "labels": {"is": name}}
        probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        for body in (policy, binding):
            assert self.api.create(body).ok
        eventually(lambda: not self.api.create(probe, dry_run=True).ok, "the policies are in force")
        for body in (binding, policy):
            assert self.api.delete(body).ok

    def tenant(self, fleet: Mapping[str, Any], **request: Any) -> LiveTenant:
        """A tenant of the fleet's one cluster, with people in every role. ``request`` adds to the smallest one."""
        name = f"t-{secrets.token_hex(4)}"
        people = {f"{role}s": [f"{name}-{role}s"] for role in ("admin", "developer", "viewer")}
        small = {
            "golden_path": "tenant/v1",
            "name": name,
            "owner": "a-team",
            "clusters": [*fleet["clusters"]],
        }
        pipeline = Pipeline(parse_fleet(fleet))
        tenant = parse({**small, "access": people, **request}, fleet=pipeline.fleet)
        manifests = pipeline.render(tenant)
        objects = manifests.objects()
        self.apply(objects)
        self._wait_until_ready(name, objects)
        prefix = fleet["groups"]["prefix"]
        admin, developer, viewer = (
            self.api.person(f"{role}@example.org", groups[0], prefix)
            for role, groups in zip(("ada", "dan", "vera"), people.values(), strict=True)
        )
        reconciler = self.api.bearing(self.token(name, f"{name}-reconciler"))
        (tenancy,) = pipeline.resolve(tenant)
        return LiveTenant(name, admin, developer, viewer, reconciler, tenancy, manifests)

    def _wait_until_ready(self, name: str, objects: Iterable[ManifestObject]) -> None:
        """Until the quotas count and the namespace has its default account, without which no Pod is admitted."""

        def ready() -> bool:
            account = self.api.send("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default")
            quotas = (self.api.get(item.body) for item in objects if item.kind == "ResourceQuota")
            return account.ok and all(quota.body.get("status", {}).get("hard") for quota in quotas)

        eventually(ready, f"{name} is ready")

    def token(self, namespace: str, account: str) -> str:
        """A token of a service account, as the kubelet would ask for it."""
        return self.api.account_token(namespace, account)

    def namespace(self, name: str, **metadata: Any) -> dict[str, Any]:
        """A new namespace, or an existing one."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}
        answer = self.api.apply(body, manager="tests")
        assert answer.ok, answer.message
        return body

    def apply(self, objects: Iterable[ManifestObject]) -> None:
        for item in in_order(objects):
            if self.api.serves(item.body):
                self.make_room_for(item)
                answer = self.api.apply(item.body)
                assert answer.ok, f"{item}: {answer.message}"

    def make_room_for(self, item: ManifestObject) -> None:
        """The namespace of an object, where it is an add-on's, which is there before anything of ours."""
        name = item.name if item.kind == "Namespace" else item.namespace
        if name and name not in self._namespaces and item.kind != "Namespace":
            self.namespace(name)
        self._namespaces.add(name)


def in_order(objects: Iterable[ManifestObject]) -> list[ManifestObject]:
    """Namespaces first, as Flux applies them."""
    return sorted(objects, key=lambda item: item.kind != "Namespace")
