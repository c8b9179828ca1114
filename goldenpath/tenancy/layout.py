"""Where things are in a fleet repository."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

__all__ = ["SHARDS", "Layout"]

SHARDS: Final = tuple("0123456789abcdef")
"""Sixteen: a folder of a 10,000-tenant fleet then has 625 entries, and a cluster sixteen Flux roots."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Folder names, relative to the fleet repository or to a cluster's folder in it."""

    sharded: bool

    def shard(self, tenant: str) -> str:
        """The shard of a tenant: the first hexadecimal digit of its name's SHA-256, so that shards fill evenly."""
        return _shard(tenant)

    def tenants(self, tenant: str) -> str:
        """The folder that holds the tenant's folder: ``tenants`` or ``tenants/<shard>``."""
        return f"tenants/{self.shard(tenant)}" if self.sharded else "tenants"

    def workloads(self, tenant: str) -> str:
        """The folder, in a cluster's, that holds the folder with the tenant's workloads."""
        return f"workloads/{self.shard(tenant)}" if self.sharded else "workloads"

    def flux(self, tenant: str) -> str:
        """The folder that holds the tenant's Flux Kustomization: ``flux`` or ``flux/<shard>``."""
        return f"flux/{self.shard(tenant)}" if self.sharded else "flux"

    def flux_shard(self, tenant: str) -> str:
        """Value of the label by which one of several kustomize-controllers takes a tenant: ``shard-5``."""
        return f"shard-{self.shard(tenant)}"

    @property
    def flux_roots(self) -> dict[str, str]:
        """Name of each root Kustomization for tenants, and the folder that it applies."""
        return (
            {f"tenants-{shard}": f"flux/{shard}" for shard in SHARDS} if self.sharded else {"tenants": "flux"}
        )


# Asked some thirty times for each tenant and cluster, for its paths: a fifth of what the digest takes.
@lru_cache(maxsize=1024)
def _shard(tenant: str) -> str:
    # Before it is parsed, a name may be any value.
    return hashlib.sha256(tenant.encode(errors="surrogatepass")).hexdigest()[0]
