"""The checks that only tenants have, in addition to the checks of all rendered objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.check.guard_rails import check_guard_rails
from goldenpath.check.reference_checks import check_references
from goldenpath.check.request_checks import check_addons, check_exceptions, check_overrides
from goldenpath.check.retirement_checks import check_retiring
from goldenpath.check.secret_references import check_secret_references, files_without_references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.findings import Finding
    from goldenpath.tenancy import Tenancy
    from goldenpath.tenancy.rendered import RenderedOnCluster

__all__ = ["TENANT_CHECKS"]


def _check_addons(rendered: RenderedOnCluster[Tenancy]) -> Iterator[Finding]:
    if not rendered.resolved.is_retiring:  # A retiring tenant needs no add-ons and no Secrets.
        yield from check_addons(rendered.resolved)
        yield from check_references(rendered.resolved)
        without = files_without_references(rendered.manifests.files)
        yield from check_secret_references(rendered.resolved, rendered.objects, without)


def _check_overrides(rendered: RenderedOnCluster[Tenancy]) -> Iterator[Finding]:
    yield from check_overrides(rendered.resolved, rendered.objects)
    yield from check_exceptions(rendered.resolved)


def _check_guard_rails(rendered: RenderedOnCluster[Tenancy]) -> Iterator[Finding]:
    yield from check_guard_rails(rendered.resolved, rendered.objects)


def _check_retiring(rendered: RenderedOnCluster[Tenancy]) -> Iterator[Finding]:
    yield from check_retiring(rendered.resolved, rendered.objects)


TENANT_CHECKS: Final = (_check_addons, _check_overrides, _check_guard_rails, _check_retiring)
