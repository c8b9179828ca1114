"""Digests of the inputs of a rendering: equal digests mean equal bytes.

A digest covers the meaning of a document. Layout, comments, the order of fields and fields with their default value do
not change it, so a new field in a later release leaves the digests of older requests as they are. The order of lists
and of free mappings (a patch, extra inputs, labels) does change it, because rendered text follows that order.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from goldenpath.accelerators import catalogue
from goldenpath.engines import engine_catalogue
from goldenpath.errors import MISSING
from goldenpath.tenancy import platforms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.tenant import Tenant
    from goldenpath.tenancy import Platform

__all__ = ["FleetDigests", "digest", "parent_digest", "request_digest"]

_NOT_OF_EVERYONE: Final = frozenset({"adoption", "clusters", "golden_paths", "library", "prices", "retired"})
_ONLY_CAPACITY: Final = frozenset({"count"})

_SCALARS: Final = frozenset({str, int, float, bool, type(None)})

_encode: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def digest(value: Any) -> str:
    """The digest of a plain value, a model or a dataclass: ``sha256:`` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(_encode(_plain(value)).encode()).hexdigest()}"


def request_digest(spec: Envelope) -> str:
    """The digest of a request's meaning."""
    return digest(spec)


def parent_digest(tenant: Tenant, version: str | None) -> str:
    """The digest of a workload's tenant: its request, and the version that its lock pins."""
    return digest([request_digest(tenant), version])


class FleetDigests:
    """Digests of a fleet's parts. Tenants with the same part share the computed digest.

    The part of a tenant includes:

    * the fleet without its other clusters, its retired names, its prices and its settings for adoption;
    * the tenant's clusters without their numbers of accelerators, which appear in no file of a tenant;
    * with a placement, region and labels of every cluster, because a change there may add or remove a cluster;
    * the facts of the catalogues (resource names, node labels, metrics), so that a corrected fact shows in a plan.

    It does not include clusters that a custom golden path reads on its own.
    """

    def __init__(self, fleet: FleetSpec) -> None:
        self.fleet = fleet
        self._platforms = platforms_of(fleet)
        self._parts: dict[tuple[tuple[str, ...], bool, str | None], str] = {}
        self._clusters: dict[str, str] = {}

    def part(self, clusters: Iterable[str], *, placement: bool, engine: str | None = None) -> str:
        """The digest of the part of a fleet that a rendering uses.

        Args:
            clusters: the tenant's clusters, in any order. A cluster that the fleet lacks gives a digest that no
                rendering has.
            placement: whether the clusters were chosen by region and labels.
            engine: the inference engine whose metrics the scaling hints read.
        """
        key = (tuple(sorted(clusters)), placement, engine)
        if key not in self._parts:
            of_clusters = [[name, self._cluster(name)] for name in key[0]]
            places = self._places if placement else None
            facts = None if engine is None else _engine_facts(engine)
            self._parts[key] = digest([self._for_everyone, of_clusters, places, facts])
        return self._parts[key]

    def platform(self, cluster: str) -> str:
        """The digest of the inputs of a cluster's platform, including its capacity."""
        return digest([self._for_everyone, self.fleet.clusters[cluster], self._cluster(cluster)])

    @cached_property
    def _for_everyone(self) -> str:
        return digest(dict(_fields(self.fleet, _NOT_OF_EVERYONE)))

    @cached_property
    def _places(self) -> str:
        return digest([[name, each.region, each.labels] for name, each in self.fleet.clusters.items()])

    def _cluster(self, name: str) -> str:
        if name not in self.fleet.clusters:
            return "(not there)"
        if name not in self._clusters:
            cluster = self.fleet.clusters[name]
            fields = dict(_fields(cluster, frozenset({"accelerators"})))
            pools = [dict(_fields(pool, _ONLY_CAPACITY)) for pool in cluster.accelerators]
            self._clusters[name] = digest([fields, pools, _facts(self._platforms[name])])
        return self._clusters[name]


@cache
def _engine_facts(name: str) -> str:
    return digest(engine_catalogue().get(name).facts)


def _facts(platform: Platform) -> list[Any]:
    """The facts of the catalogue about a cluster's accelerators."""
    return [
        platform.quota_keys,
        [
            [
                pool.resource,
                pool.node_labels,
                pool.accelerator.title,
                pool.accelerator.device_selector,
                catalogue().vendor(pool.accelerator.vendor).taint,
            ]
            for pool in platform.pools
        ],
    ]


@cache
def _defaults(model: type[BaseModel]) -> tuple[tuple[str, Any], ...]:
    """A model's fields and defaults, sorted by name."""
    return tuple(
        (name, MISSING if field.is_required() else field.get_default(call_default_factory=True))
        for name, field in sorted(model.model_fields.items())
    )


def _fields(model: BaseModel, without: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """A model's fields with values other than their defaults."""
    values = model.__dict__
    for name, default in _defaults(type(model)):
        value = values[name]
        if value is not default and value != default and name not in without:
            yield name, value


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _SCALARS:
        return value
    if isinstance(value, BaseModel):
        return {name: _plain(inner) for name, inner in _fields(value)}
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(inner)] for key, inner in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if dataclasses.is_dataclass(kind):
        return [[field.name, _plain(getattr(value, field.name))] for field in dataclasses.fields(kind)]
    plain = value.value if isinstance(value, enum.Enum) else value
    return str(plain) if isinstance(plain, Decimal | date) else plain
