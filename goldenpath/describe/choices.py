"""What a form offers: catalogues, and what is in the fleet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.accelerators import catalogue
from goldenpath.engines import engine_catalogue
from goldenpath.models import model_catalogue
from goldenpath.policies import policies
from goldenpath.spec.fleet_rules import ownable
from goldenpath.spec.pools import pools_by_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.parsed_fields import Location

__all__ = ["Choice", "Choices", "Free"]

Free = Mapping[tuple[str, str], int]
"""By cluster and accelerator, how many are unowned."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that may be chosen, and what a person reads."""

    value: str
    title: str
    only_on: tuple[str, ...] = ()
    """Of the chosen clusters, those that have it; empty where all of them do."""


class Choices:
    """What a person can choose from, by the place of the field: from the fleet, where one is given."""

    def __init__(
        self,
        fleet: FleetSpec | None = None,
        free: Free | None = None,
        *,
        clusters: Collection[str] | None = None,
    ) -> None:
        """Without a fleet there are no clusters and regions to choose from, and every accelerator.

        With ``free``, each accelerator says how many of it are free now, and else how many there are. With
        ``clusters``, only what those have is offered.
        """
        self._closed: dict[Location, tuple[Choice, ...]] = {
            ("gpus", 0, "profile"): tuple(_accelerators(fleet, free, clusters)),
            ("autoscaling", "engine", "name"): tuple(Choice(e.name, e.title) for e in engine_catalogue()),
            ("engine", "name"): tuple(Choice(e.name, e.title) for e in engine_catalogue()),
            ("exceptions", 0, "policy"): tuple(Choice(p.id, p.title) for p in policies()),
        }
        self._most: dict[Location, int] = {}
        self._defaults: dict[Location, Any] = {}
        if fleet is not None:
            everywhere = tuple(Choice(name, f"{name} ({c.region})") for name, c in fleet.clusters.items())
            regions = dict.fromkeys(cluster.region for cluster in fleet.clusters.values())
            self._closed |= {
                ("clusters",): everywhere,
                ("gpus", 0, "clusters"): tuple(
                    each for each in everywhere if clusters is None or each.value in clusters
                ),
                ("placement", "regions"): tuple(Choice(region, region) for region in regions),
            }
            pools = [pool for cluster in fleet.clusters.values() for pool in cluster.accelerators]
            if pools:
                self._most["gpus", 0, "quota"] = max(map(ownable, pools))
            compute = fleet.defaults.compute.model_dump()
            self._defaults = {("compute", name): value for name, value in compute.items()}
            self._defaults["pod_security",] = fleet.defaults.pod_security

    def at(self, location: Location) -> tuple[Choice, ...]:
        """What can be chosen there; empty where any value will do."""
        return self._closed.get(location, ())

    def offered(self, choices: str) -> tuple[Choice, ...]:
        """What a field can be chosen from whose hint says so (``x-goldenpath-choices``); empty for any other word."""
        return self.at(("gpus", 0, "profile")) if choices == "accelerators" else ()

    def suggested(self, choices: str) -> tuple[str, ...]:
        """What such a field is most often, where any other value will do too."""
        return tuple(model_catalogue()) if choices == "models" else ()

    def most_of(self, location: Location) -> int | None:
        """The greatest number that the fleet could ever give; None where it sets no limit."""
        return self._most.get(location)

    def default_of(self, location: Location) -> Any:
        """What the fleet takes where nothing is given; None where it has no word in it."""
        return self._defaults.get(location)


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
