"""Reads the tenants of a fleet repository in a folder, for the check of workloads on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.pipeline import Parent, Tenants, parse
from goldenpath.spec.ref import Ref
from goldenpath.spec.tenant import Tenant
from goldenpath.tenancy import Layout, RepositoryPaths
from goldenpath.tenancy.repository_paths import TENANTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from goldenpath.paths import Library
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["repository_tenants"]


def repository_tenants(
    fleet_file: Path, fleet: FleetSpec, library: Library, given: Mapping[str, Tenant] | None = None
) -> Tenants:
    """Return the tenants whose requests are in the folder of the fleet's file.

    Args:
        fleet_file: the fleet's file.
        fleet: the fleet.
        library: the golden paths.
        given: tenants by name that replace those in the repository, such as others that are being checked.
    """
    root, layout = fleet_file.parent, Layout(sharded=fleet.layout == "sharded")
    known: dict[str, Parent | None] = {name: Parent(tenant) for name, tenant in (given or {}).items()}

    def find(name: str) -> Parent | None:
        if name not in known:
            known[name] = _read(root, RepositoryPaths(Ref.of_tenant(name), layout), fleet, library)
        return known[name]

    def names() -> tuple[str, ...]:
        pattern = "*/*" if layout.sharded else "*"
        files = (root / TENANTS).glob(f"{pattern}/tenant.yaml")
        return tuple(sorted({*known, *(file.parent.name for file in files)}))

    return Tenants(find, names)


def _read(root: Path, paths: RepositoryPaths, fleet: FleetSpec, library: Library) -> Parent | None:
    file, lock = root / paths.request, root / paths.lock
    if not file.is_file():
        return None
    try:
        tenant = parse(kubeyaml.load_file(file), fleet=fleet, library=library, is_new=False, file=str(file))
    except InputError:
        # The check of the tenant's own request reports its problems.
        return None
    if not isinstance(tenant, Tenant):
        return None
    return Parent(tenant, _locked_version(lock))


def _locked_version(lock: Path) -> str | None:
    from goldenpath.repository.lock import Lock  # noqa: PLC0415 - only needed if a lock exists

    if not lock.is_file():
        return None
    try:
        return Lock.parse(lock.read_bytes(), str(lock)).version
    except InputError:
        return None
