"""Selects the tenants, workloads or clusters of an upgrade."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from goldenpath.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["Selection", "labels_of"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Selects by name (with ``*`` and ``?``), owner and labels; all given criteria must match.

    The labels of a tenant or workload are ``environment``, ``cost-center``, ``region``, and the labels that have the same
    value on all of its clusters. The labels of a cluster are its own, and ``region``.
    """

    names: tuple[str, ...] = ()
    owner: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[str], owner: str | None, labels: Iterable[str]) -> Selection:
        """Return a selection from the arguments of a command.

        Raises:
            InputError: a label is not ``key=value``.
        """
        pairs: dict[str, str] = {}
        for label in labels:
            key, equals, value = label.partition("=")
            if not key or not equals:
                raise InputError.of("--label", "label", "must be key=value", label)
            pairs[key] = value
        wanted = tuple(part for name in names for part in name.split(",") if part)
        return cls(wanted, owner, pairs)

    def matches(self, name: str, owner: str | None, labels: Mapping[str, str]) -> bool:
        """Whether it selects a tenant, workload or cluster with this name, owner and labels."""
        if self.names and not any(fnmatch.fnmatchcase(name, pattern) for pattern in self.names):
            return False
        if self.owner is not None and not _same_group(self.owner, owner):
            return False
        return all(labels.get(key) == value for key, value in self.labels.items())


def labels_of(document: object, clusters: Iterable[str], fleet: FleetSpec) -> dict[str, str]:
    """Return the labels of a tenant or workload, from its request and its clusters."""
    found: dict[str, str] = {"environment": "production"}
    if isinstance(document, dict):
        for field_name, label in (("environment", "environment"), ("cost_center", "cost-center")):
            if isinstance(value := document.get(field_name), str):
                found[label] = value
    shared: dict[str, str] | None = None
    for name in clusters:
        cluster = fleet.clusters.get(name)
        own = {} if cluster is None else {**cluster.labels, "region": cluster.region}
        shared = own if shared is None else {k: v for k, v in shared.items() if own.get(k) == v}
    return {**(shared or {}), **found}


def _same_group(one: str, other: str | None) -> bool:
    """Whether two references name the same Backstage group: ``vision-team`` is ``group:default/vision-team``."""
    return other is not None and _short(one) == _short(other)


def _short(group: str) -> str:
    return group.removeprefix("group:").removeprefix("default/")
