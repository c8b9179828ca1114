"""Reads and prints the state of index artifacts, for a fleet that clusters read from a registry."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from goldenpath.cli.registry_options import open_registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from goldenpath.artifacts.index_freshness import IndexStatus
    from goldenpath.cluster import ClusterClient
    from goldenpath.fleet import Fleet

__all__ = ["index_lines", "indexes_of"]


def indexes_of(
    fleet: Fleet, connected: Mapping[str, ClusterClient], patience: float
) -> dict[str, IndexStatus]:
    """The state of each cluster's index, by cluster; empty if the fleet has no `delivery`."""
    state = fleet.state()
    delivery = state.context.spec.delivery
    if delivery is None:
        return {}
    with open_registry(delivery.registry, delivery.tag) as client:
        from goldenpath.artifacts.index_freshness import index_status  # noqa: PLC0415 - needs an extra

        now = dt.datetime.now(dt.UTC)
        found = {
            name: index_status(
                fleet.store.repository,
                state,
                client,
                cluster,
                name=name,
                patience=dt.timedelta(seconds=patience),
                now=now,
            )
            for name, cluster in connected.items()
        }
    return {name: each for name, each in found.items() if each is not None}


def index_lines(indexes: Iterable[IndexStatus]) -> Iterator[str]:
    """A line for each cluster with its serials, followed by its alerts."""
    for each in indexes:
        serials = [str(number) if number is not None else "none" for number in (each.registry, each.applied)]
        text = (
            f"{each.cluster}: index {each.wanted} in Git, {serials[0]} in the registry, {serials[1]} applied"
        )
        yield text if each.fine else click.style(text, fg="red")
        for alert in each.alerts:
            yield f"  {alert.rule}: {alert.message}"
