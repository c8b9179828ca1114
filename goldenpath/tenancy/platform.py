"""The part of a cluster that its tenants share. It follows from the fleet alone, not from a tenant."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, ClassVar, Final

from goldenpath.addons import addon_catalogue, version_of
from goldenpath.spec.ref import Ref
from goldenpath.telemetry import DASHBOARDS
from goldenpath.tenancy.layout import Layout
from goldenpath.tenancy.monitoring import platform_rule_groups
from goldenpath.tenancy.queue import COHORT, GENERAL_FLAVOR, ResourceGroup, lent_groups
from goldenpath.tenancy.tenant_accelerators import Pool, pools_of, quota_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.spec.cluster_spec import AddonPlace, Cluster, Dns, EndpointPicker, Gateway, Monitoring
    from goldenpath.spec.fleet_spec import Federation, FleetSpec
    from goldenpath.telemetry import RuleGroup

__all__ = ["PRIORITY_CLASSES", "Platform", "Priority", "platforms_of"]


DNS_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Priority:
    """A PriorityClass that tenants may use."""

    name: str
    value: int
    description: str


OBJECT_NAME_CHARS: Final = 253
MODEL_POLICIES: Final = frozenset({"model-digest", "pipeline-inputs", "served-model"})
_IMAGE_POLICIES: Final = (1, 19)
"""The first Kyverno version that serves ImageValidatingPolicies as ``v1``."""

PRIORITY_CLASSES: Final = (
    Priority(
        "goldenpath-batch",
        value=0,
        description="Work that may wait and may be stopped: training, evaluation, data preparation.",
    ),
    Priority(
        "goldenpath-interactive",
        value=500,
        description="Work that a person waits for: notebooks, debugging.",
    ),
    Priority(
        "goldenpath-serving",
        value=1000,
        description="Work that users wait for: inference.",
    ),
)
"""No value is below 0. A Pod without a class has 0, and would preempt every Pod below it, of any tenant."""


@dataclass(frozen=True)
class Platform:
    """One cluster, as the platform of its tenants."""

    fleet: FleetSpec
    cluster_name: str

    # Templates read these constants.
    dashboards: ClassVar = DASHBOARDS
    cohort: ClassVar = COHORT
    general_flavor: ClassVar = GENERAL_FLAVOR
    priorities: ClassVar = PRIORITY_CLASSES
    topology_name: ClassVar = "network"

    @cached_property
    def ref(self) -> Ref:
        return Ref.of_platform(self.cluster_name)

    @property
    def spec(self) -> FleetSpec:
        return self.fleet

    @property
    def platform(self) -> Platform:
        return self

    @property
    def labels(self) -> dict[str, str]:
        """Labels of every object of the platform."""
        return {
            "app.kubernetes.io/managed-by": "goldenpath",
            "app.kubernetes.io/part-of": "goldenpath-platform",
        }

    @property
    def is_retiring(self) -> bool:
        """Always false: a platform is removed with its cluster."""
        return False

    def words(self, everywhere: Sequence[Platform]) -> dict[str, Any]:
        """Return no extra words: the templates of a platform use the words of all templates."""
        del everywhere
        return {}

    @property
    def name(self) -> str:
        return self.cluster_name

    @cached_property
    def cluster(self) -> Cluster:
        return self.fleet.clusters[self.cluster_name]

    def has(self, addon: str) -> bool:
        """Whether the cluster has an add-on."""
        return addon in self.cluster.addons

    def _stated_place(self, addon: str) -> AddonPlace | None:
        return next((place for name, place in self.cluster.addon_places.items() if name == addon), None)

    def place(self, addon: str) -> str:
        """Return the namespace of an add-on: from the fleet, or else from the add-on's own manifests; empty if unknown."""
        stated = self._stated_place(addon)
        return (stated.namespace if stated else None) or addon_catalogue().get(addon).namespace or ""

    def accounts(self, addon: str) -> tuple[str, ...]:
        """Return the service accounts of an add-on's controllers, in the namespace :meth:`place`."""
        stated = self._stated_place(addon)
        known = addon_catalogue().get(addon).service_accounts
        return known if stated is None or stated.service_accounts is None else stated.service_accounts

    @cached_property
    def controllers(self) -> tuple[str, ...]:
        """User names of all accounts that may act as the controller of a tenant's workload."""
        known = addon_catalogue()
        users = list(known.kubernetes.accounts())
        for addon in self.cluster.addons:
            stated = self._stated_place(addon)
            if known.get(addon).owns_workloads or (stated is not None and stated.service_accounts):
                users += known.get(addon).accounts(self.place(addon), self.accounts(addon))
        for account in self.cluster.controllers:
            namespace, _, name = account.partition("/")
            users.append(f"system:serviceaccount:{namespace}:{name}")
        return tuple(dict.fromkeys(users))

    @property
    def dns(self) -> Dns:
        """The addresses of DNS."""
        return self.cluster.dns

    @cached_property
    def dns_is_on_nodes(self) -> bool:
        """Whether Cilium must allow the node itself, because DNS answers on a link-local address of each node.

        This is NodeLocal DNSCache in the node's network: cilium/cilium issue 42528 and pull request 42984, since 1.17.
        """
        return self.has_cilium and any(ip_network(address).is_link_local for address in self.dns.addresses)

    @property
    def monitoring(self) -> Monitoring | None:
        """The monitoring of the cluster, or else of the fleet."""
        return self.cluster.monitoring or self.fleet.monitoring

    @property
    def unused_policies(self) -> frozenset[str]:
        """The policies about models, if the fleet names no builder: they would never apply."""
        return frozenset() if self.fleet.provenance is not None else MODEL_POLICIES

    @property
    def signer_fleet(self) -> dict[str, Any]:
        """The part of the fleet that the signer of models reads, as a complete fleet file."""
        fleet, builder = self.fleet, self.fleet.provenance
        return {
            "format": fleet.format,
            "organisation": fleet.organisation,
            "domain": fleet.domain,
            "trust_domain": fleet.trust_domain,
            "repository": fleet.repository,
            "provenance": builder.model_dump(mode="json") if builder is not None else None,
            "clusters": {
                self.name: {"region": self.cluster.region, "kubernetes": self.cluster.kubernetes},
            },
        }

    @property
    def verifies_models(self) -> bool:
        """Whether Kyverno verifies the provenance of models: the fleet requires it, and the cluster has Kyverno 1.19."""
        version, builder = self.cluster.addons.get("kyverno"), self.fleet.provenance
        return (
            builder is not None
            and builder.required
            and version is not None
            and version_of(version) >= _IMAGE_POLICIES
        )

    @cached_property
    def rule_groups(self) -> tuple[RuleGroup, ...]:
        """The recording rules for all tenants, and the alerts of the platform team."""
        return platform_rule_groups(self)

    @cached_property
    def alert_names(self) -> tuple[str, ...]:
        """Names of the platform team's alerts; empty if no Prometheus Operator reads them."""
        groups = self.rule_groups if self.has_alerts else ()
        return tuple(name for group in groups for name in group.alert_names)

    @property
    def has_alerts(self) -> bool:
        """Whether a Prometheus Operator reads the rules, for a Prometheus that the fleet names."""
        return self.monitoring is not None and self.has("prometheus-operator")

    @property
    def gateway(self) -> Gateway | None:
        """The gateway of the cluster, or else of the fleet."""
        return self.cluster.gateway or self.fleet.gateway

    @property
    def picker(self) -> EndpointPicker | None:
        """The endpoint picker of inference pools; None without its add-ons, or without egress to the API server."""
        picker = self.gateway.picker if self.gateway is not None else None
        has_addons = self.has("gateway-api-inference-extension") and self.has("llm-d-router")
        has_egress = picker is not None and (bool(picker.api_server) or self.has("cilium"))
        return picker if has_addons and has_egress else None

    @property
    def gateway_reference(self) -> str:
        """The Gateway of routes as ``namespace/name``; ``namespace/*`` if the fleet names none, empty without a gateway."""
        return f"{self.gateway.namespace}/{self.gateway.name or '*'}" if self.gateway is not None else ""

    @cached_property
    def lent_groups(self) -> tuple[ResourceGroup, ...]:
        """The accelerators that no tenant owns, as the resource groups of the Cohort."""
        return lent_groups(self.pools)

    @cached_property
    def layout(self) -> Layout:
        return Layout(sharded=self.fleet.layout == "sharded")

    @cached_property
    def trust_domain(self) -> str:
        """The trust domain of the cluster, or else of the fleet."""
        return self.cluster.trust_domain or self.fleet.trust_domain

    @property
    def has_flux(self) -> bool:
        """Whether the cluster has Flux, with or without the Flux Operator."""
        return self.has("flux") or self.has("flux-operator")

    @property
    def has_spire(self) -> bool:
        return self.has("spire-controller-manager")

    @property
    def has_cilium(self) -> bool:
        return self.has("cilium")

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        return pools_of(self.cluster.accelerators, self.fleet.catalogue)

    def pool(self, profile: str, name: str | None) -> Pool:
        """Return the pool that a request names by profile and pool name.

        Raises:
            KeyError: the pool is missing, or several pools have the profile and none has the name. The parser refuses
                such a request.
        """
        candidates = [pool for pool in self.pools if pool.accelerator.id == profile]
        if len(candidates) == 1:
            return candidates[0]
        return {pool.id: pool for pool in candidates}[f"{profile}@{name}"]

    @cached_property
    def quota_keys(self) -> tuple[str, ...]:
        """Every quota key for the accelerators of the cluster."""
        return quota_keys(self.pools, self.fleet.catalogue)

    @cached_property
    def shared_resources(self) -> frozenset[str]:
        """Extended resources that several models on the cluster share."""
        counts = Counter(pool.resource for pool in self.pools if not pool.dra)
        return frozenset(resource for resource, count in counts.items() if count > 1)

    def telling_labels(self, pool: Pool) -> tuple[tuple[str, str], ...]:
        """Return labels and values of the pool's nodes that no other pool with the same resource name has."""
        others = {
            (label, value)
            for other in self.pools
            if other.resource == pool.resource and other != pool
            for label, values in other.node_labels.items()
            for value in values
        }
        own = ((label, value) for label, values in pool.node_labels.items() for value in values)
        return tuple(pair for pair in own if pair not in others)

    @cached_property
    def dra_pools(self) -> tuple[Pool, ...]:
        """The pools with dynamic resource allocation, which need a DeviceClass."""
        return tuple(pool for pool in self.pools if pool.dra)

    @property
    def has_implicit_claims(self) -> bool:
        """Whether a Pod can request a DeviceClass as a resource, without a claim: since Kubernetes 1.36 (KEP-5004)."""
        return version_of(self.cluster.kubernetes) >= version_of("1.36")

    @cached_property
    def federation(self) -> dict[str, Federation]:
        """The foreign trust domains of the fleet, without the cluster's own."""
        return {name: other for name, other in self.fleet.federation.items() if name != self.trust_domain}

    def federation_name(self, trust_domain: str) -> str:
        """Return the name of the ClusterFederatedTrustDomain of a trust domain.

        A trust domain that is not a valid object name (too long, or with ``_``) is replaced by its digest.
        """
        if len(trust_domain) <= OBJECT_NAME_CHARS and DNS_SUBDOMAIN.fullmatch(trust_domain):
            return trust_domain
        return f"trust-domain-{hashlib.sha256(trust_domain.encode()).hexdigest()[:16]}"


def platforms_of(fleet: FleetSpec) -> dict[str, Platform]:
    """Return the platform of each cluster. Reuse it for many tenants, because it finds its accelerators only once."""
    return {name: Platform(fleet, name) for name in fleet.clusters}
