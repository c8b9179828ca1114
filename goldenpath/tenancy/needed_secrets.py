"""Every Secret that a tenant's objects refer to: what it is for, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.tenant import Tenant

__all__ = ["NeededSecret", "needed_secrets"]


@dataclass(frozen=True, slots=True)
class NeededSecret:
    """A Secret in the tenant's namespace."""

    name: str
    purpose: str
    """What it is for: a purpose of the request, or ``decryption``."""
    used_by: tuple[str, ...] = ()
    """Fields of the request that refer to it; empty where only the team's own manifests do."""
    provider: str | None = None
    """Who puts it there; None where the request does not say."""
    reference: str | None = None
    """Where the provider finds it."""

    @property
    def is_declared(self) -> bool:
        """Whether the request says where it comes from."""
        return self.provider is not None


def needed_secrets(tenant: Tenant) -> tuple[NeededSecret, ...]:
    """The Secrets of a tenant, each once: first those that the request declares, in its order."""
    found = {
        secret.name: NeededSecret(secret.name, secret.purpose, (), secret.provider, secret.reference)
        for secret in tenant.secrets
    }
    for field, name, purpose in _references(tenant):
        known = found.get(name, NeededSecret(name, purpose))
        found[name] = replace(known, used_by=(*known.used_by, field))
    return tuple(found.values())


def _references(tenant: Tenant) -> Iterator[tuple[str, str, str]]:
    """Field, name and purpose of each reference."""
    source = tenant.source
    if source is not None and source.secret:
        yield "source.secret", source.secret, "git" if source.flux_kind == "GitRepository" else "registry"
    verify = getattr(source, "verify", None)
    if verify is not None and verify.secret:
        yield "source.verify.secret", verify.secret, "signature"
    for index, name in enumerate(tenant.pull_secrets):
        yield f"pull_secrets[{index}]", name, "registry"
    if source is not None and any(secret.provider == "sops" for secret in tenant.secrets):
        yield "secrets", f"{tenant.name}-sops-age", "decryption"
