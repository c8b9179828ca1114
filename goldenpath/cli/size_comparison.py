"""`goldenpath size --compare`: compares all accelerators, or those of a fleet with their free devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.errors import GoldenpathError, InputError
from goldenpath.sizing import LatencyLimits, Sizing, Traffic, known_devices, size
from goldenpath.spec.fleet_rules import ownable
from goldenpath.spec.pools import pools_by_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from goldenpath.models import Architecture
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["SizeCandidate", "SizeComparison", "fleet_candidates"]


@dataclass(frozen=True, slots=True)
class SizeCandidate:
    """An accelerator of the catalogue, or a pool of a cluster with its devices and its free devices."""

    profile: str
    cluster: str | None = None
    pool: str | None = None
    there: int | None = None
    free: int | None = None

    def as_dict(self) -> dict[str, Any]:
        if self.cluster is None:
            return {"profile": self.profile}
        return {
            "profile": self.profile,
            "cluster": self.cluster,
            "pool": self.pool,
            "there": self.there,
            "free": self.free,
        }


def fleet_candidates(fleet: FleetSpec, file: Path) -> tuple[SizeCandidate, ...]:
    """The pools of every cluster. ``free`` comes from the locks, and is None if the fleet file is not in a repository."""
    free = _free(file)
    found = []
    for cluster, described in fleet.clusters.items():
        for name, pool in pools_by_id(described.accelerators).items():
            there = ownable(pool)
            left = None if free is None else free.get((cluster, name), there)
            found.append(SizeCandidate(pool.profile, cluster, name, there, left))
    return tuple(found)


def _free(file: Path) -> Mapping[tuple[str, str], int] | None:
    from goldenpath.fleet import Fleet  # noqa: PLC0415 - loads Git, which most sizes do not need

    if not (file.parent / ".git").exists():
        return None
    try:
        with Fleet.open(file.parent) as repository:
            summary = repository.summary()
    except GoldenpathError:
        return None
    return {(each.cluster, each.profile): each.free for each in summary.capacity}


@dataclass(frozen=True)
class SizeComparison:
    """The sizes of one model and traffic on several accelerators; ``refused`` has the reasons of the others."""

    sizes: tuple[tuple[SizeCandidate, Sizing], ...]
    refused: dict[str, str]
    prices: Mapping[str, float]

    @classmethod
    def of(  # noqa: PLR0917 - the same order as `size`
        cls,
        candidates: tuple[SizeCandidate, ...],
        model: Architecture,
        traffic: Traffic,
        goal: LatencyLimits,
        engine: str,
        version: str | None,
        settings: Mapping[str, Any],
        prices: Mapping[str, float],
    ) -> SizeComparison:
        """Size on each candidate; without candidates, on every device with benchmark figures."""
        found: dict[str, Sizing] = {}
        refused: dict[str, str] = {}
        wanted = candidates or tuple(map(SizeCandidate, known_devices()))
        for profile in dict.fromkeys(each.profile for each in wanted):
            try:
                found[profile] = size(model, profile, traffic, goal, engine, version, **settings)
            except InputError as error:
                refused[profile] = error.problems[0].message
        sizes = [(each, found[each.profile]) for each in wanted if each.profile in found]
        comparison = cls(tuple(sizes), refused, prices)
        return cls(tuple(sorted(sizes, key=comparison._order)), refused, prices)

    def cost(self, candidate: SizeCandidate, sizing: Sizing) -> float | None:
        """The cost of the devices per hour; None without a price."""
        price = self.prices.get(candidate.profile)
        return None if price is None else price * sizing.devices

    def has_room(self, candidate: SizeCandidate, sizing: Sizing) -> bool | None:
        """Whether the free devices suffice for all replicas; None if their number is unknown."""
        return None if candidate.free is None else candidate.free >= sizing.devices

    def _order(self, pair: tuple[SizeCandidate, Sizing]) -> tuple[bool, bool, float, int]:
        """Candidates with room come first, then the cheapest; without prices, those with the fewest devices."""
        cost = self.cost(*pair)
        devices = pair[1].devices
        no_room = self.has_room(*pair) is False
        return no_room, cost is None and bool(self.prices), devices if cost is None else cost, devices

    def as_dict(self) -> dict[str, Any]:
        return {
            "sizes": [
                {
                    **sizing.as_dict(),
                    "candidate": candidate.as_dict(),
                    "cost_an_hour": self.cost(candidate, sizing),
                    "has_room": self.has_room(candidate, sizing),
                }
                for candidate, sizing in self.sizes
            ],
            "refused": self.refused,
        }

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The rows of a table with its header; a fleet adds columns."""
        in_fleet = any(candidate.cluster for candidate, _ in self.sizes)
        head = ("CLUSTER", "THERE", "FREE") if in_fleet else ()
        yield ("PROFILE", *head, "DEVICES", "REPLICAS", "EACH", "ITL", "TTFT", "MEASURED", "COST/H")
        for candidate, sizing in self.sizes:
            cost = self.cost(candidate, sizing)
            place: tuple[str, ...] = ()
            if in_fleet:
                free = "-" if candidate.free is None else str(max(candidate.free, 0))
                short = " (too few)" if self.has_room(candidate, sizing) is False else ""
                place = (candidate.cluster or "-", str(candidate.there), free + short)
            yield (
                candidate.pool or candidate.profile,
                *place,
                str(sizing.devices),
                f"{sizing.replicas.value:.0f} ({sizing.replicas.low:.0f} to {sizing.replicas.high:.0f})",
                str(sizing.plan.parallelism),
                f"{sizing.itl.value * 1e3:.0f} ms",
                f"{sizing.ttft.value * 1e3:.0f} ms",
                "yes" if sizing.measured else "no",
                "-" if cost is None else f"{cost:.2f}",
            )
