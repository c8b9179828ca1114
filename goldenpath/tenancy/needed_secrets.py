"""The Secrets that the objects of a tenant refer to, with their purpose and source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.tenant import Tenant

__all__ = ["NeededSecret", "needed_secrets"]


@dataclass(frozen=True, slots=True)
class NeededSecret:
    """A Secret in the tenant's namespace.

    ``purpose`` is a purpose of the request, or ``decryption``. ``used_by`` are the fields of the request that refer to
    the Secret; it is empty if only the team's own manifests do. ``provider`` creates the Secret, from ``reference``;
    both are None without a declaration in the request.
    """

    name: str
    purpose: str
    used_by: tuple[str, ...] = ()
    provider: str | None = None
    reference: str | None = None

    @property
    def is_declared(self) -> bool:
        """Whether the request declares the source of the Secret."""
        return self.provider is not None


def needed_secrets(tenant: Tenant) -> tuple[NeededSecret, ...]:
    """Return the Secrets of a tenant, each once. Declared ones come first, in the order of the request."""
    found = {
        secret.name: NeededSecret(secret.name, secret.purpose, (), secret.provider, secret.reference)
        for secret in tenant.secrets
    }
    for field, name, purpose in _references(tenant):
        known = found.get(name, NeededSecret(name, purpose))
        found[name] = replace(known, used_by=(*known.used_by, field))
    return tuple(found.values())


def _references(tenant: Tenant) -> Iterator[tuple[str, str, str]]:
    """Yield the field, name and purpose of each reference."""
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
