"""Inference services on a control plane: rendered for a tenant of their own, applied as the account of its workloads."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kube_api import Api, eventually

from goldenpath.pipeline import Parent, Pipeline, Tenants, parent_of, parse
from goldenpath.spec.parse import parse_fleet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from live_tenants import Onboarding

    from goldenpath.manifests import ManifestObject

FLUX = "flux-system"


@dataclass
class Served:
    """A service whose tenant is there under a name of its own, and the account that applies its workloads."""

    tenant: str
    fleet: Mapping[str, Any]
    parent: Parent
    request: dict[str, Any]
    account: Api

    @property
    def name(self) -> str:
        return str(self.request["name"])

    def objects(self, *, fleet: Mapping[str, Any] | None = None, **changes: Any) -> list[ManifestObject]:
        """Objects of the service in the tenant's namespace, with changed fields of its request."""
        known = parse_fleet(fleet or self.fleet)
        tenants = Tenants(lambda name: self.parent if name == self.tenant else None, lambda: (self.tenant,))
        spec = parse({**self.request, **changes}, fleet=known, tenants=tenants)
        rendered = Pipeline(known).run(spec, parent=parent_of(spec, tenants))
        assert [finding for finding in rendered.findings if finding.severity == "error"] == []
        return [item for item in rendered.manifests.objects() if item.namespace == self.tenant]

    def object(self, kind: str, **changes: Any) -> dict[str, Any]:
        return next(item.body for item in self.objects(**changes) if item.kind == kind)

    def apply(self, *, fleet: Mapping[str, Any] | None = None, **changes: Any) -> None:
        for item in self.objects(fleet=fleet, **changes):
            answer = self.account.apply(item.body)
            assert answer.ok, f"{item}: {answer.message}"

    def also(self, **changes: Any) -> Served:
        """Another service of the same tenant."""
        return Served(self.tenant, self.fleet, self.parent, {**self.request, **changes}, self.account)


def serve(
    onboarding: Onboarding, fleet: Mapping[str, Any], tenant: Mapping[str, Any], request: Mapping[str, Any]
) -> Served:
    """The tenant, applied under a name of its own; the service is not yet."""
    onboarding.platform(fleet)
    name = f"t-{secrets.token_hex(4)}"
    parsed = parse_fleet(fleet)
    own = parse({**tenant, "name": name}, fleet=parsed)
    onboarding.apply(Pipeline(parsed).render(own).objects())
    eventually(
        lambda: onboarding.api.send("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default").ok,
        "the namespace has its default account",
    )
    account = onboarding.api.bearing(onboarding.token(FLUX, f"workloads-{name}"))
    return Served(name, fleet, Parent(own), {**request, "tenant": name}, account)


def replicas(api: Api, tenant: str, name: str) -> int:
    """How many replicas a service's Deployment asks for."""
    metadata = {"name": name, "namespace": tenant}
    body = api.get({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}).body
    number: int = body["spec"]["replicas"]
    return number


def watched(api: Api, tenant: str, name: str, seconds: float) -> set[int]:
    """Every number of replicas that the Deployment had meanwhile."""
    seen, end = set(), time.monotonic() + seconds
    while time.monotonic() < end:
        seen.add(replicas(api, tenant, name))
        time.sleep(0.1)
    return seen
