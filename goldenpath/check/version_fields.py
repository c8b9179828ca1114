"""Fields of a request that came with a later version of the golden path than the one that renders it.

A tenant keeps the version that its lock names. What that version's templates do not read would be left out without a
word, so it is an error, with the version that has it.
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
"""Facts of one cluster that a tenant's objects follow, and the version that reads them."""


def check_version_fields(
    tenant: Tenant, platforms: Iterable[Platform], path_name: str, version: str
) -> Iterator[Finding]:
    """Findings about fields of the request, and facts of its clusters, that the version does not render.

    None for a golden path of another name.
    """
    if path_name != _PATH:
        return
    if _ordered(version) < _ordered(_FACTS_SINCE):
        yield from _unread_facts(tenant, platforms, version)
    for field, since in _later_fields(tenant):
        if _ordered(version) < _ordered(since):
            message = f"came with golden path {path_name} {since}, and {version} renders nothing from it"
            fix = f"Publish with --upgrade, which takes the tenant to the current version, or remove {field}."
            yield Finding(
                "", f"Tenant {tenant.name}", field, "newer-than-golden-path", Severity.ERROR, message, fix
            )


def _unread_facts(tenant: Tenant, platforms: Iterable[Platform], version: str) -> Iterator[Finding]:
    for platform in platforms:
        for field in _FACTS:
            if field in platform.cluster.model_fields_set:
                message = f"is read by golden path {_PATH} {_FACTS_SINCE}; {version} renders nothing from it"
                fix = "Publish with --upgrade, which takes the tenant to the current version."
                about, place = f"Tenant {tenant.name} on {platform.name}", f"clusters.{platform.name}.{field}"
                yield Finding("", about, place, "newer-than-golden-path", Severity.WARNING, message, fix)


def _later_fields(tenant: Tenant) -> Iterator[tuple[str, str]]:
    """Each field that is used and was not there from the start, with the version that it came with."""
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
