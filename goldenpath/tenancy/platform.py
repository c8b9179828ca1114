"""The shared part of one cluster: derived from the fleet alone, never from a tenant."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, Final

from goldenpath.addons import addon_catalogue, version_of
from goldenpath.spec.ref import Ref
from goldenpath.telemetry import DASHBOARDS
from goldenpath.tenancy.layout import Layout
from goldenpath.tenancy.monitoring import platform_rule_groups
from goldenpath.tenancy.queue import COHORT, GENERAL_FLAVOR, ResourceGroup, lent_groups
from goldenpath.tenancy.tenant_accelerators import Pool, pools_of, quota_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goldenpath.spec.fleet_spec import (
        AddonPlace,
        Cluster,
        Dns,
        EndpointPicker,
        Federation,
        FleetSpec,
        Gateway,
        Monitoring,
    )
    from goldenpath.telemetry import Dashboard, RuleGroup

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
"""The version of Kyverno that first serves ImageValidatingPolicies as ``v1``."""

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
"""None below 0, which is what a Pod without a class has: that one preempts every lower Pod, of any tenant."""


@dataclass(frozen=True)
class Platform:
    """One cluster, as the platform of its tenants."""

    fleet: FleetSpec
    cluster_name: str

    @cached_property
    def ref(self) -> Ref:
        """What it is."""
        return Ref.of_platform(self.cluster_name)

    @property
    def spec(self) -> FleetSpec:
        """The document that it follows from."""
        return self.fleet

    @property
    def platform(self) -> Platform:
        """Itself: the cluster."""
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
        """A platform is not retired; it goes with its cluster."""
        return False

    def words(self, everywhere: Sequence[Platform]) -> dict[str, Any]:
        """The words of a platform's templates: those that all templates may use."""
        del everywhere
        return {}

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.cluster_name

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster, as the fleet describes it."""
        return self.fleet.clusters[self.cluster_name]

    def has(self, addon: str) -> bool:
        """Whether the cluster runs an add-on."""
        return addon in self.cluster.addons

    def _place_said(self, addon: str) -> AddonPlace | None:
        return next((place for name, place in self.cluster.addon_places.items() if name == addon), None)

    def place(self, addon: str) -> str:
        """The namespace of an add-on: the fleet's word, or where its own manifests put it; empty without either."""
        said = self._place_said(addon)
        return (said.namespace if said else None) or addon_catalogue().get(addon).namespace or ""

    def accounts(self, addon: str) -> tuple[str, ...]:
        """Names of the service accounts of an add-on's controllers, in its :meth:`place`."""
        said = self._place_said(addon)
        known = addon_catalogue().get(addon).service_accounts
        return known if said is None or said.service_accounts is None else said.service_accounts

    @cached_property
    def controllers(self) -> tuple[str, ...]:
        """User names of everything that may act as the controller of a tenant's workload: named, one by one."""
        known = addon_catalogue()
        users = list(known.kubernetes.accounts())
        for addon in self.cluster.addons:
            said = self._place_said(addon)
            if known.get(addon).owns_workloads or (said is not None and said.service_accounts):
                users += known.get(addon).accounts(self.place(addon), self.accounts(addon))
        for account in self.cluster.controllers:
            namespace, _, name = account.partition("/")
            users.append(f"system:serviceaccount:{namespace}:{name}")
        return tuple(dict.fromkeys(users))

    @property
    def dns(self) -> Dns:
        """Where DNS answers."""
        return self.cluster.dns

    @cached_property
    def dns_is_on_nodes(self) -> bool:
        """Whether DNS answers on an address of each node, where Cilium knows only the node itself.

        NodeLocal DNSCache in the node's network: cilium/cilium issue 42528 and pull request 42984, since Cilium 1.17.
        """
        return self.has_cilium and any(ip_network(address).is_link_local for address in self.dns.addresses)

    @property
    def monitoring(self) -> Monitoring | None:
        """Where metrics are scraped from and read: the cluster's, or the fleet's."""
        return self.cluster.monitoring or self.fleet.monitoring

    @property
    def unused_policies(self) -> frozenset[str]:
        """Policies about models, where the fleet names no builder: they would have nothing to judge."""
        return frozenset() if self.fleet.provenance is not None else MODEL_POLICIES

    @property
    def signer_fleet(self) -> dict[str, Any]:
        """The part of the fleet that the signer of models reads, as a fleet file of its own."""
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
        """Whether Kyverno verifies the provenance of models: the fleet demands it, and the cluster has Kyverno 1.19 or later."""
        version, builder = self.cluster.addons.get("kyverno"), self.fleet.provenance
        return (
            builder is not None
            and builder.required
            and version is not None
            and version_of(version) >= _IMAGE_POLICIES
        )

    @cached_property
    def rule_groups(self) -> tuple[RuleGroup, ...]:
        """What its Prometheus works out for all tenants, and the alerts of the platform team."""
        return platform_rule_groups(self)

    @cached_property
    def alert_names(self) -> tuple[str, ...]:
        """Names of the platform team's alerts; none where no Prometheus Operator reads them."""
        groups = self.rule_groups if self.has_alerts else ()
        return tuple(name for group in groups for name in group.alert_names)

    @property
    def dashboards(self) -> tuple[Dashboard, ...]:
        """Dashboards for Grafana: the same on every cluster."""
        return DASHBOARDS

    @property
    def has_alerts(self) -> bool:
        """Whether rules are read: by the Prometheus Operator, for a Prometheus that the fleet names."""
        return self.monitoring is not None and self.has("prometheus-operator")

    @property
    def gateway(self) -> Gateway | None:
        """Where requests from outside come in: the cluster's, or the fleet's."""
        return self.cluster.gateway or self.fleet.gateway

    @property
    def picker(self) -> EndpointPicker | None:
        """The endpoint picker of inference pools, where the cluster has what it stands on and a way to the API server."""
        picker = self.gateway.picker if self.gateway is not None else None
        has_all = self.has("gateway-api-inference-extension") and self.has("llm-d-router")
        has_way = picker is not None and (bool(picker.api_server) or self.has("cilium"))
        return picker if has_all and has_way else None

    @property
    def gateway_reference(self) -> str:
        """The Gateway that routes attach to, as ``namespace/name``; ``namespace/*`` for any of it, empty for none."""
        return f"{self.gateway.namespace}/{self.gateway.name or '*'}" if self.gateway is not None else ""

    @cached_property
    def lent_groups(self) -> tuple[ResourceGroup, ...]:
        """What no tenant owns, as the resource groups of the Cohort."""
        return lent_groups(self.pools)

    @cached_property
    def layout(self) -> Layout:
        """Where files are."""
        return Layout(sharded=self.fleet.layout == "sharded")

    @cached_property
    def trust_domain(self) -> str:
        """The cluster's trust domain, or the fleet's."""
        return self.cluster.trust_domain or self.fleet.trust_domain

    @property
    def has_flux(self) -> bool:
        """Whether Flux is there, by whatever means it was installed."""
        return self.has("flux") or self.has("flux-operator")

    @property
    def has_spire(self) -> bool:
        """Whether identities are given out."""
        return self.has("spire-controller-manager")

    @property
    def has_cilium(self) -> bool:
        """Whether a host name can be let through."""
        return self.has("cilium")

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        """Accelerators of the cluster."""
        return pools_of(self.cluster.accelerators, self.fleet.catalogue)

    def pool(self, profile: str, name: str | None) -> Pool:
        """The pool that a request means; an accepted request means one that is there.

        Raises:
            KeyError: the pool is missing, or several exist and none has that name.
        """
        of_profile = [pool for pool in self.pools if pool.accelerator.id == profile]
        if len(of_profile) == 1:
            return of_profile[0]
        return {pool.id: pool for pool in of_profile}[f"{profile}@{name}"]

    @cached_property
    def quota_keys(self) -> tuple[str, ...]:
        """Every key by which its accelerators could be asked for."""
        return quota_keys(self.pools, self.fleet.catalogue)

    @cached_property
    def shared_resources(self) -> frozenset[str]:
        """Extended resources that several models of this cluster are asked by."""
        counts = Counter(pool.resource for pool in self.pools if not pool.dra)
        return frozenset(resource for resource, count in counts.items() if count > 1)

    def telling_labels(self, pool: Pool) -> tuple[tuple[str, str], ...]:
        """Label and value of the pool's nodes that no other pool with the same resource name has."""
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
        """Those that are allocated dynamically and so need a DeviceClass."""
        return tuple(pool for pool in self.pools if pool.dra)

    @property
    def has_implicit_claims(self) -> bool:
        """Whether a Pod may ask for a DeviceClass as a resource, without a claim: from Kubernetes 1.36 on (KEP-5004)."""
        return version_of(self.cluster.kubernetes) >= version_of("1.36")

    @cached_property
    def federation(self) -> dict[str, Federation]:
        """Foreign trust domains: the fleet's, without the cluster's own."""
        return {name: other for name, other in self.fleet.federation.items() if name != self.trust_domain}

    @property
    def cohort(self) -> str:
        """Name of the one Cohort."""
        return COHORT

    @property
    def general_flavor(self) -> str:
        """Name of the ResourceFlavor of cpu and memory."""
        return GENERAL_FLAVOR

    @property
    def topology_name(self) -> str:
        """Name of the one Topology."""
        return "network"

    def federation_name(self, trust_domain: str) -> str:
        """Name of the ClusterFederatedTrustDomain: the trust domain, whose `_` no object name may hold.

        A trust domain may also begin or end with what a name may not, or be longer; its digest then stands for it.
        """
        if len(trust_domain) <= OBJECT_NAME_CHARS and DNS_SUBDOMAIN.fullmatch(trust_domain):
            return trust_domain
        return f"trust-domain-{hashlib.sha256(trust_domain.encode()).hexdigest()[:16]}"

    @property
    def priorities(self) -> tuple[Priority, ...]:
        """PriorityClasses for tenants."""
        return PRIORITY_CLASSES


def platforms_of(fleet: FleetSpec) -> dict[str, Platform]:
    """The platform of each cluster. Build it once for many tenants: its accelerators are looked up once."""
    return {name: Platform(fleet, name) for name in fleet.clusters}
