"""The choices of a form: catalogues, and the fleet's contents."""

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
"""By cluster and accelerator, how many are unowned."""
Left = Mapping[str, Mapping[tuple[str, str], tuple[int, int]]]
"""By tenant, and by cluster and accelerator, how many of its quota no workload holds, and the quota."""

_SHOWN_TENANTS: Final = 12
"""Tenants that a choice names; a fleet may have thousands."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that may be chosen, and what a person reads."""

    value: str
    title: str
    only_on: tuple[str, ...] = ()
    """The chosen clusters that have it; empty where all of them do."""


class Choices:
    """What a person can choose from: from the fleet, where one is given. Fields say in their hints which of it."""

    def __init__(
        self,
        fleet: FleetSpec | None = None,
        free: Free | None = None,
        *,
        clusters: Collection[str] | None = None,
        tenants: Collection[str] = (),
        left: Left | None = None,
    ) -> None:
        """Without a fleet there are no clusters and regions to choose from, and every accelerator.

        With ``free``, each accelerator says how many of it are free now, and else how many there are. With
        ``clusters``, only what those have is offered. ``tenants`` are those that are known. With ``left``, the
        accelerators are those of tenants, and say how many are free in each.
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
        """By tenant, the accelerators that it was given."""
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
        """What can be chosen for a field; empty where any value will do."""
        return () if field.chosen_from is None else self._offered.get(field.chosen_from, ())

    def suggested(self, field: SpecField) -> tuple[str, ...]:
        """What a field is most often, where any other value will do too."""
        return tuple(model_catalogue()) if field.chosen_from is ChosenFrom.MODELS else ()

    def most_of(self, field: SpecField) -> int | None:
        """The greatest number that the fleet could ever give; None where it sets no limit."""
        return self._most if field.schema.get(LIMIT) == ChosenFrom.ACCELERATORS else None

    def default_of(self, field: SpecField) -> Any:
        """What the fleet takes where nothing is given; None where it has no word in it.

        The fleet's defaults have the shape of a request.
        """
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
            there = ownable(pool)
            left = None if free is None else max(free.get((name, id_), there), 0)
            number = f"{there}" if left is None else f"{left} of {there} free"
            which = f" {id_.partition('@')[2]}" if "@" in id_ else ""
            places.setdefault(pool.profile, []).append(f"{name}{which}: {number}")
            having.setdefault(pool.profile, {})[name] = None
    for profile, where in places.items():
        known = fleet.catalogue.get(profile)
        on = tuple(having[profile])
        only = () if clusters is None or len(on) == len(clusters) else on
        title = f"{known.title if known else profile} ({', '.join(where)}{'; only there' if only else ''})"
        yield Choice(profile, title, only)


def _accelerators_of(fleet: FleetSpec, owned: Mapping[tuple[str, str], tuple[int, int]]) -> Iterator[Choice]:
    """What one tenant was given, with how many are free on each of its clusters."""
    where: dict[str, list[str]] = {}
    for (cluster, id_), (free, quota) in owned.items():
        if quota:
            place = f"{cluster}: {max(free, 0)} of {quota} free"
            where.setdefault(id_.partition("@")[0], []).append(place)
    for profile, places in sorted(where.items()):
        known = fleet.catalogue.get(profile)
        yield Choice(profile, f"{known.title if known else profile} ({', '.join(places)})")


def _accelerators_of_tenants(
    fleet: FleetSpec, left: Left, clusters: Collection[str] | None
) -> Iterator[Choice]:
    """What tenants were given, with what is free in each; the fullest last, since only some can be named."""
    where: dict[str, list[tuple[int, str]]] = {}
    for tenant, owned in left.items():
        for (cluster, id_), (free, quota) in owned.items():
            if quota and (clusters is None or cluster in clusters):
                place = f"{tenant} on {cluster}: {max(free, 0)} of {quota} free"
                where.setdefault(id_.partition("@")[0], []).append((-free, place))
    for profile, places in sorted(where.items()):
        known = fleet.catalogue.get(profile)
        shown = [place for _, place in sorted(places)[:_SHOWN_TENANTS]]
        more = len(places) - len(shown)
        said = ", ".join([*shown, *([f"and {more} more"] if more else [])])
        yield Choice(profile, f"{known.title if known else profile} ({said})")
