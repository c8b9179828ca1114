"""Owners of files in a fleet repository: the platform of a cluster, a tenant, or a workload of a tenant."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Ref", "Subject"]


class Subject(enum.StrEnum):
    """The kind of an owner. Its value is the word in plans, messages and labels."""

    TENANT = "tenant"
    """A team's namespaces; rendered from its request."""
    WORKLOAD = "workload"
    """An application in a tenant's namespaces; rendered from a request that names the tenant."""
    PLATFORM = "platform"
    """The objects that the tenants of one cluster share; rendered from the fleet."""
    FLEET = "fleet"
    """``goldenpath.yaml`` itself."""


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One platform, tenant or workload of a fleet.

    ``name`` is the name of the cluster for a platform. ``tenant`` is set only for a workload, whose name is unique
    within its tenant.
    """

    subject: Subject
    name: str
    tenant: str = ""

    @classmethod
    def of_platform(cls, cluster: str) -> Ref:
        return cls(Subject.PLATFORM, cluster)

    @classmethod
    def of_tenant(cls, name: str) -> Ref:
        return cls(Subject.TENANT, name)

    @classmethod
    def of_workload(cls, tenant: str, name: str) -> Ref:
        return cls(Subject.WORKLOAD, name, tenant)

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read a tenant or a workload as people write it: ``vision`` or ``vision/chat``."""
        tenant, slash, name = text.partition("/")
        return cls.of_workload(tenant, name) if slash else cls.of_tenant(tenant)

    @property
    def namespace(self) -> str:
        """The namespace of its objects, which has the tenant's name; empty for a platform or the fleet."""
        if self.subject is Subject.TENANT:
            return self.name
        return self.tenant

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name and its tenant's name, the longest first, as they occur in paths of its files."""
        return tuple(sorted(filter(None, {self.tenant, self.name}), key=lambda name: (-len(name), name)))

    @property
    def parent(self) -> Ref | None:
        """The tenant of a workload; None for anything else."""
        return Ref.of_tenant(self.tenant) if self.tenant else None

    @property
    def path(self) -> str:
        """``eu-central``, ``vision`` or ``vision/chat``."""
        return f"{self.tenant}/{self.name}" if self.tenant else self.name

    @property
    def entity_name(self) -> str:
        """Name of its entity in Backstage's catalog: ``vision`` or ``vision.chat``. Names themselves have no dots."""
        return f"{self.tenant}.{self.name}" if self.tenant else self.name

    @property
    def entity_ref(self) -> str:
        """Reference of its entity: a tenant is a System, and a workload is a Component of that System."""
        return f"{'component' if self.tenant else 'system'}:default/{self.entity_name}"

    def __str__(self) -> str:
        return f"{self.subject} {self.path}"
