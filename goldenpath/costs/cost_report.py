"""The cost report: rows that do not overlap, and their sums by tenant and by cost centre."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from goldenpath.errors import InputError, Problem
from goldenpath.queries.request_search import search_requests
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.costs.period import Period
    from goldenpath.costs.usage import Usage
    from goldenpath.fleet.fleet_state import FleetState
    from goldenpath.fleet.fleet_summary import FleetSummary
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["NO_COST_CENTRE", "CostReport", "CostRow", "Sums", "amount_text", "cost_report"]

NO_COST_CENTRE: Final = "-"
_ZERO: Final = Decimal(0)

Key = tuple[str, str, str]
"""A cluster, a tenant or workload, and an accelerator."""


@dataclass(frozen=True, slots=True)
class CostRow:
    """Accelerator hours of a workload on a cluster; an empty ``workload`` stands for the rest of the tenant.

    ``promised`` hours cover the whole period: a workload's minimum of replicas, and for the tenant the rest of its quota.
    ``used`` is None where no use was read of the cluster. ``price`` is for one hour.
    """

    cluster: str
    region: str
    tenant: str
    workload: str
    owner: str
    cost_center: str
    accelerator: str
    promised: Decimal
    used: Decimal | None
    price: Decimal | None

    @property
    def promised_cost(self) -> Decimal | None:
        """The cost of the promised hours; None without a price."""
        return None if self.price is None else self.promised * self.price

    @property
    def used_cost(self) -> Decimal | None:
        """The cost of the used hours; None without a price or without a reading."""
        return None if self.price is None or self.used is None else self.used * self.price

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs; amounts are text, because JSON numbers lose digits."""
        return {
            "cluster": self.cluster,
            "tenant": self.tenant,
            "workload": self.workload or None,
            "owner": self.owner,
            "cost_center": None if self.cost_center == NO_COST_CENTRE else self.cost_center,
            "accelerator": self.accelerator,
            "promised_hours": _text(self.promised),
            "used_hours": _text(self.used),
            "price_per_hour": _text(self.price),
            "promised_cost": _text(self.promised_cost),
            "used_cost": _text(self.used_cost),
        }


@dataclass(frozen=True, slots=True)
class Sums:
    """Hours and cost of several rows.

    A sum leaves out rows without a price or a reading; it is None where no row has one.
    """

    promised: Decimal
    used: Decimal | None
    promised_cost: Decimal | None
    used_cost: Decimal | None

    @classmethod
    def of(cls, rows: Iterable[CostRow]) -> Sums:
        every = tuple(rows)
        return cls(
            sum((row.promised for row in every), _ZERO),
            _sum(row.used for row in every),
            _sum(row.promised_cost for row in every),
            _sum(row.used_cost for row in every),
        )

    def as_dict(self) -> dict[str, str | None]:
        return {
            "promised_hours": _text(self.promised),
            "used_hours": _text(self.used),
            "promised_cost": _text(self.promised_cost),
            "used_cost": _text(self.used_cost),
        }


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, _ZERO) if known else None


@dataclass(frozen=True, slots=True)
class CostReport:
    """The costs of a fleet's tenants in a period. ``currency`` is None where the fleet has no prices."""

    organisation: str
    period: Period
    currency: str | None
    rows: tuple[CostRow, ...]
    notes: tuple[str, ...]

    def by(self, field: str) -> dict[str, Sums]:
        """Sums by a field of the rows, such as ``tenant`` or ``cost_center``, in the order of its values."""
        groups: defaultdict[str, list[CostRow]] = defaultdict(list)
        for row in self.rows:
            groups[getattr(row, field)].append(row)
        return {name: Sums.of(rows) for name, rows in sorted(groups.items())}

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": "cost/v1",
            "organisation": self.organisation,
            "from": self.period.start.isoformat(),
            "to": self.period.end.isoformat(),
            "currency": self.currency,
            "rows": [row.as_dict() for row in self.rows],
            "tenants": {name: sums.as_dict() for name, sums in self.by("tenant").items()},
            "cost_centers": {name: sums.as_dict() for name, sums in self.by("cost_center").items()},
            "total": Sums.of(self.rows).as_dict(),
            "notes": list(self.notes),
        }


def cost_report(
    state: FleetState, summary: FleetSummary, period: Period, usage: Iterable[Usage] | None = None
) -> CostReport:
    """Report the hours that tenants and workloads were promised and used.

    Args:
        state: the fleet.
        summary: its tenants and workloads.
        period: the period; today's promises count for all of it.
        usage: the used hours; None where no use was read, which differs from an empty use.

    Raises:
        InputError: the price list or the usage names an accelerator, cluster or tenant that the fleet does not have.
    """
    fleet = state.context.spec
    rows_used = None if usage is None else tuple(usage)
    _refuse_unknown_names(fleet, summary, rows_used or ())
    prices = _prices(fleet)
    centers = {
        found.ref.path: str(found.values["cost_center"])
        for found in search_requests(state, "has(cost_center)", kind="tenant").found
    }
    used = _used(rows_used or ())
    read = None if rows_used is None else {row.cluster for row in rows_used}
    rows = []
    for cluster, tenant, workload, owner, accelerator, hours, spent in _disjoint_hours(summary, period, used):
        price = prices.get(accelerator)
        rows.append(
            CostRow(
                cluster=cluster,
                region=fleet.clusters[cluster].region,
                tenant=tenant,
                workload=workload,
                owner=owner or "",
                cost_center=centers.get(tenant, NO_COST_CENTRE),
                accelerator=accelerator,
                promised=hours,
                used=spent if read is not None and cluster in read else None,
                price=price,
            )
        )
    currency = fleet.prices.currency if fleet.prices is not None else None
    return CostReport(fleet.organisation, period, currency, tuple(rows), tuple(_notes(rows, read)))


def _prices(fleet: FleetSpec) -> dict[str, Decimal]:
    """The price of an hour by pool: the pool's own price, or else the price of its profile."""
    if fleet.prices is None:
        return {}
    listed = {name: Decimal(str(price)) for name, price in fleet.prices.accelerators.items()}
    found = dict(listed)
    for cluster in fleet.clusters.values():
        for pool in cluster.accelerators:
            if pool.profile in listed and pool.name is not None:
                found.setdefault(f"{pool.profile}@{pool.name}", listed[pool.profile])
    return found


def _refuse_unknown_names(fleet: FleetSpec, summary: FleetSummary, usage: Iterable[Usage]) -> None:
    known = {each.profile for each in summary.capacity} | {
        each.profile.partition("@")[0] for each in summary.capacity
    }
    problems = [
        Problem(
            f"prices.accelerators.{name}",
            "unknown-profile",
            "no cluster of the fleet has this accelerator; correct or remove the price",
            name,
            nearest(name, known),
        )
        for name in (fleet.prices.accelerators if fleet.prices is not None else {})
        if name not in known
    ]
    for row in usage:
        for field, value, names in (
            ("cluster", row.cluster, set(fleet.clusters)),
            ("accelerator", row.accelerator, known),
        ):
            if value not in names:
                problems.append(
                    Problem(f"usage.{field}", "unknown", "is not in the fleet", value, nearest(value, names))
                )
    if problems:
        raise InputError(tuple(dict.fromkeys(problems))[:100])


def _used(usage: Iterable[Usage]) -> dict[Key, Decimal]:
    found: defaultdict[Key, Decimal] = defaultdict(lambda: _ZERO)
    for row in usage:
        path = f"{row.tenant}/{row.workload}" if row.workload else row.tenant
        found[row.cluster, path, row.accelerator] += row.hours
    return found


def _disjoint_hours(
    summary: FleetSummary, period: Period, used: Mapping[Key, Decimal]
) -> Iterator[tuple[str, str, str, str | None, str, Decimal, Decimal]]:
    """The promised and used hours of each workload, and the rest of each tenant."""
    taken: defaultdict[Key, list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO])
    for each in summary.workloads:
        for cluster, profiles in each.uses.items():
            for accelerator, (least, _) in profiles.items():
                hours, spent = least * period.hours, used.get((cluster, each.name, accelerator), _ZERO)
                tenant, _, workload = each.name.partition("/")
                yield cluster, tenant, workload, each.owner, accelerator, hours, spent
                taken[cluster, tenant, accelerator][0] += hours
                taken[cluster, tenant, accelerator][1] += spent
    for holder in summary.tenants:
        promised = {
            (cluster, accelerator): quota * period.hours
            for cluster, profiles in holder.gpus.items()
            for accelerator, (quota, _) in profiles.items()
        }
        borrowed = {(c, a) for c, name, a in used if name == holder.name}
        for cluster, accelerator in sorted({*promised, *borrowed}):
            key = (cluster, holder.name, accelerator)
            # A service's Pods may be counted while Kueue's queue is not, so the rest is at least 0.
            rest = max(_ZERO, promised.get((cluster, accelerator), _ZERO) - taken[key][0])
            spent = max(_ZERO, used.get(key, _ZERO) - taken[key][1])
            yield cluster, holder.name, "", holder.owner, accelerator, rest, spent


def _notes(rows: Iterable[CostRow], read: set[str] | None) -> Iterator[str]:
    every = tuple(rows)
    yield "Promised hours are the quotas of this commit for the whole period; earlier quotas are not counted."
    if read is None:
        yield "No use was read: give --usage or --prometheus."
    elif unread := sorted({row.cluster for row in every} - read):
        yield f"No use was read of {', '.join(unread)}."
    if unpriced := sorted({row.accelerator for row in every if row.price is None}):
        yield f"No price: {', '.join(unpriced)}. Add them to `prices.accelerators` of the fleet."


def _text(value: Decimal | None) -> str | None:
    return None if value is None else amount_text(value)


def amount_text(value: Decimal) -> str:
    """An amount with at most six decimals, without an exponent and without trailing zeros."""
    return f"{value.quantize(Decimal('0.000001')).normalize():f}"
