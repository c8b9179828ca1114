"""Checks the references of a request, and finds fields without an effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.check.finding_factory import request_finding
from goldenpath.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.findings import Finding
    from goldenpath.tenancy import Tenancy

__all__ = ["check_references"]


def check_references(tenancy: Tenancy) -> Iterator[Finding]:
    """Find undeclared Secrets, fields without effect, and groups with a doubled prefix."""
    yield from _undeclared_secrets(tenancy)
    yield from _without_effect(tenancy)
    yield from _prefixed_groups(tenancy)


def _undeclared_secrets(tenancy: Tenancy) -> Iterator[Finding]:
    for secret in tenancy.needed_secrets:
        if (
            secret.is_declared or secret.purpose == "decryption"
        ):  # the README shows how to create a decryption key
            continue
        message = f"names Secret {secret.name}, and no entry of `secrets` declares its source"
        fix = f"Declare {secret.name} under `secrets`, with its provider and purpose `{secret.purpose}`."
        yield request_finding(
            tenancy, "secret-not-declared", Severity.WARNING, secret.used_by[0], message, fix=fix
        )


def _without_effect(tenancy: Tenancy) -> Iterator[Finding]:
    tenant = tenancy.tenant
    if tenant.source is None:
        for index, secret in enumerate(tenant.secrets):
            if secret.provider == "sops":
                message = f"has no effect: Secret {secret.name} comes from the team's source, and the request has no `source`"
                fix = "Set `source`, or declare the Secret with provider `external-secrets` or `manual`."
                yield request_finding(
                    tenancy, "no-effect", Severity.WARNING, f"secrets[{index}]", message, fix=fix
                )


def _prefixed_groups(tenancy: Tenancy) -> Iterator[Finding]:
    prefix = tenancy.fleet.groups.prefix
    for role in ("admins", "developers", "viewers") if prefix else ():
        groups: tuple[str, ...] = getattr(tenancy.tenant.access, role)
        for index, group in enumerate(groups):
            if group.startswith(prefix):
                message = f"becomes {prefix}{group}, because the fleet adds {prefix!r} to every group"
                fix = f"Write {group.removeprefix(prefix)!r}."
                yield request_finding(
                    tenancy,
                    "group-prefix-twice",
                    Severity.WARNING,
                    f"access.{role}[{index}]",
                    message,
                    fix=fix,
                )
