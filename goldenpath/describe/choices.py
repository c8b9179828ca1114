"""The choices of a form, from the catalogues and the fleet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel

from goldenpath.accelerators import catalogue
from goldenpath.engines import engine_catalogue
from goldenpath.models import model_catalogue
from goldenpath.policies import policies
from goldenpath.spec.fleet_rules import ownable
from goldenpath.spec.hints import LIMIT, ChosenFrom
from goldenpath.spec.pools import pools_by_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.describe.schema_fields import SpecField
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["Choice", "Choices", "Free", "Left"]

Free = Mapping[tuple[str, str], int]
"""Number of unowned accelerators, by cluster and accelerator."""
Left = Mapping[str, Mapping[tuple[str, str], tuple[int, int]]]
"""Accelerators that no workload holds, and the quota: by tenant, then by cluster and accelerator."""

_SHOWN_TENANTS: Final = 12
"""Most tenants that the title of a choice names; a fleet may have thousands."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that may be chosen, and its title for people."""

    value: str
    title: str
    only_on: tuple[str, ...] = ()
    """The chosen clusters that have the value; empty where all of them have it."""


class Choices:
    """The choices of every field. A hint of the field names the source of its choices."""

    def __init__(
        self,
        fleet: FleetSpec | None = None,
        free: Free | None = None,
        *,
        clusters: Collection[str] | None = None,
        tenants: Collection[str] = (),
        left: Left | None = None,
    ) -> None:
        """Collect the choices. Without a fleet, all accelerators are offered, but no clusters and regions.

        Args:
            fleet: source of clusters, regions and accelerators.
            free: unowned accelerators, shown with each accelerator instead of the total.
            clusters: offer only accelerators of these clusters.
            tenants: names of the known tenants.
            left: free accelerators of each tenant, offered instead of the fleet's accelerators.
        """
        self._offered: dict[ChosenFrom, tuple[Choice, ...]] = {
            ChosenFrom.ACCELERATORS: (
                tuple(_accelerators_of_tenants(fleet, left, clusters))
                if fleet is not None and left
                else tuple(_accelerators(fleet, free, clusters))
            ),
            ChosenFrom.ENGINES: tuple(Choice(e.name, e.title) for e in engine_catalogue()),
            ChosenFrom.POLICIES: tuple(Choice(p.id, p.title) for p in policies()),
            ChosenFrom.TENANTS: tuple(Choice(name, name) for name in tenants),
        }
        self.of_tenants: Mapping[str, tuple[Choice, ...]] = (
            {tenant: tuple(_accelerators_of(fleet, owned)) for tenant, owned in left.items()}
            if fleet is not None and left
            else {}
        )
        """The accelerators in the quota of each tenant."""
        self._most: int | None = None
        self._defaults: BaseModel | None = None
        if fleet is not None:
            everywhere = tuple(Choice(name, f"{name} ({c.region})") for name, c in fleet.clusters.items())
            regions = dict.fromkeys(cluster.region for cluster in fleet.clusters.values())
            self._offered |= {
                ChosenFrom.CLUSTERS: everywhere,
                ChosenFrom.CHOSEN_CLUSTERS: tuple(
                    each for each in everywhere if clusters is None or each.value in clusters
                ),
                ChosenFrom.REGIONS: tuple(Choice(region, region) for region in regions),
            }
            pools = [pool for cluster in fleet.clusters.values() for pool in cluster.accelerators]
            self._most = max(map(ownable, pools)) if pools else None
            self._defaults = fleet.defaults

    def of(self, field: SpecField) -> tuple[Choice, ...]:
        """Return the choices of a field; empty where the field takes any value."""
        return () if field.chosen_from is None else self._offered.get(field.chosen_from, ())

    def suggested(self, field: SpecField) -> tuple[str, ...]:
        """Return common values of a field that takes any value."""
        return tuple(model_catalogue()) if field.chosen_from is ChosenFrom.MODELS else ()

    def most_of(self, field: SpecField) -> int | None:
        """Return the largest number that the fleet allows; None where the fleet sets no limit."""
        return self._most if field.schema.get(LIMIT) == ChosenFrom.ACCELERATORS else None

    def default_of(self, field: SpecField) -> Any:
        """Return the fleet's default of a field; None where the fleet has none. The defaults have the shape of a request."""
        found: Any = self._defaults
        for step in field.location:
            found = getattr(found, str(step), None)
        return None if isinstance(found, BaseModel) else found


def _accelerators(
    fleet: FleetSpec | None, free: Free | None, clusters: Collection[str] | None
) -> Iterator[Choice]:
    if fleet is None:
        yield from (Choice(accelerator.id, accelerator.title) for accelerator in catalogue())
        return
    places: dict[str, list[str]] = {}
    having: dict[str, dict[str, None]] = {}
    for name, cluster in fleet.clusters.items():
        if clusters is not None and name not in clusters:
            continue
        for id_, pool in pools_by_id(cluster.accelerators).items():
            total = ownable(pool)
            left = None if free is None else max(free.get((name, id_), total), 0)
            number = f"{total}" if left is None else f"{left} of {total} free"
            which = f" {id_.partition('@')[2]}" if "@" in id_ else ""
            places.setdefault(pool.profile, []).append(f"{name}{which}: {number}")
            having.setdefault(pool.profile, {})[name] = None
    for profile, where in places.items():
        on = tuple(having[profile])
        only = () if clusters is None or len(on) == len(clusters) else on
        places_text = f"{', '.join(where)}{'; only there' if only else ''}"
        yield Choice(profile, _title(fleet, profile, places_text), only)


def _title(fleet: FleetSpec, profile: str, places: str) -> str:
    known = fleet.catalogue.get(profile)
    return f"{known.title if known else profile} ({places})"


def _accelerators_of(fleet: FleetSpec, owned: Mapping[tuple[str, str], tuple[int, int]]) -> Iterator[Choice]:
    """Yield the accelerators of one tenant, with the free ones on each of its clusters."""
    where: dict[str, list[str]] = {}
    for (cluster, id_), (free, quota) in owned.items():
        if quota:
            place = f"{cluster}: {max(free, 0)} of {quota} free"
            where.setdefault(id_.partition("@")[0], []).append(place)
    for profile, places in sorted(where.items()):
        yield Choice(profile, _title(fleet, profile, ", ".join(places)))


def _accelerators_of_tenants(
    fleet: FleetSpec, left: Left, clusters: Collection[str] | None
) -> Iterator[Choice]:
    """Yield the accelerators of all tenants, with the free ones of the tenants that have most free."""
    where: dict[str, list[tuple[int, str]]] = {}
    for tenant, owned in left.items():
        for (cluster, id_), (free, quota) in owned.items():
            if quota and (clusters is None or cluster in clusters):
                place = f"{tenant} on {cluster}: {max(free, 0)} of {quota} free"
                where.setdefault(id_.partition("@")[0], []).append((-free, place))
    for profile, places in sorted(where.items()):
        shown = [place for _, place in sorted(places)[:_SHOWN_TENANTS]]
        if len(places) > len(shown):
            shown.append(f"and {len(places) - len(shown)} more")
        yield Choice(profile, _title(fleet, profile, ", ".join(shown)))
