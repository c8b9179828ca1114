"""Finds fields of a request that the tenant's version of the golden path does not render.

A tenant keeps the version that its lock names. The templates of that version would silently ignore a newer field, so
the field is an error that names the version that introduced it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from goldenpath.spec.tenant import Tenant
    from goldenpath.tenancy import Platform

__all__ = ["check_version_fields"]

_PATH: Final = "tenant"
"""The golden path that these fields belong to."""
_FACTS: Final = ("dns", "gateway", "monitoring")
_FACTS_SINCE: Final = "1.1.0"
"""The version that first reads these facts of a cluster."""


def check_version_fields(
    tenant: Tenant, platforms: Iterable[Platform], path_name: str, version: str
) -> Iterator[Finding]:
    """Check the fields of the request and the facts of its clusters that the version does not render.

    Other golden paths than ``tenant`` have no findings.
    """
    if path_name != _PATH:
        return
    if _ordered(version) < _ordered(_FACTS_SINCE):
        yield from _unread_facts(tenant, platforms, version)
    for field, since in _later_fields(tenant):
        if _ordered(version) < _ordered(since):
            message = (
                f"needs golden path {path_name} {since}; the tenant has {version}, which ignores the field"
            )
            fix = f"Publish with --upgrade, which moves the tenant to the newest version, or remove {field}."
            yield Finding(
                "", f"Tenant {tenant.name}", field, "newer-than-golden-path", Severity.ERROR, message, fix
            )


def _unread_facts(tenant: Tenant, platforms: Iterable[Platform], version: str) -> Iterator[Finding]:
    for platform in platforms:
        for field in _FACTS:
            if field in platform.cluster.model_fields_set:
                message = f"needs golden path {_PATH} {_FACTS_SINCE}; the tenant has {version}, which ignores the field"
                fix = "Publish with --upgrade, which moves the tenant to the newest version."
                about, place = f"Tenant {tenant.name} on {platform.name}", f"clusters.{platform.name}.{field}"
                yield Finding("", about, place, "newer-than-golden-path", Severity.WARNING, message, fix)


def _later_fields(tenant: Tenant) -> Iterator[tuple[str, str]]:
    """Yield each used field that is newer than version 1.0.0, with the version that introduced it."""
    for index, egress in enumerate(tenant.network.egress):
        place = f"network.egress[{index}]"
        if egress.end_port is not None:
            yield f"{place}.end_port", "1.1.0"
        if egress.host_match == "matchPattern" and egress.host is not None:
            yield f"{place}.host", "1.1.0"
    if tenant.network.calls:
        yield "network.calls", "1.1.0"
    if tenant.serving:
        yield "serving", "1.1.0"
    source = tenant.source
    if source is not None and source.provider != "generic":
        yield "source.provider", "1.1.0"
    verify = getattr(source, "verify", None)
    if verify is not None and verify.identity is not None:
        yield "source.verify.identity", "1.1.0"
    if tenant.pull_secrets and tenant.identity is None:
        yield "pull_secrets", "1.1.0"


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
