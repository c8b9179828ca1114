"""``goldenpath profiles``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from goldenpath.accelerators import Accelerator, catalogue
from goldenpath.cli import completion_items
from goldenpath.cli.base_command import ExampleCommand, format_option
from goldenpath.cli.echo import echo_json, echo_lines
from goldenpath.cli.tables import table
from goldenpath.errors import InputError, Problem
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEADER: Final = ("PROFILE", "MEMORY", "PER DEVICE", "RESOURCE", "ALLOCATION")


@click.command(
    name="profiles",
    cls=ExampleCommand,
    examples=(
        "goldenpath profiles --vendor nvidia",
        "goldenpath profiles nvidia-h100-80gb/1g.10gb",
        "goldenpath profiles --format json",
    ),
)
@click.argument("ids", nargs=-1, metavar="[PROFILE]...", shell_complete=completion_items.profiles)
@click.option(
    "--vendor",
    metavar="NAME",
    shell_complete=completion_items.vendors,
    help="Only accelerators of this vendor.",
)
@format_option("text", "json")
def command(ids: tuple[str, ...], vendor: str | None, output_format: str) -> None:
    """List the accelerators that a request can ask for.

    A profile is a model of accelerator, or a slice of one. For a named PROFILE, the command shows all facts with their
    sources.
    """
    found = list(_found(ids, vendor))
    if output_format == "json":
        echo_json([each.as_dict() for each in found])
        return
    echo_lines(_details(found) if ids else table([_HEADER, *map(_row, found)]))


def _found(ids: Iterable[str], vendor: str | None) -> Iterator[Accelerator]:
    known = catalogue()
    problems = []
    vendors = [each.id for each in known.vendors]
    if vendor is not None and vendor not in vendors:
        message = f"must be one of {', '.join(vendors)}"
        problems.append(Problem("--vendor", "unknown-vendor", message, vendor, nearest(vendor, vendors)))
    for id_ in ids:
        if id_ not in known:
            message = "is not an accelerator of the catalogue (`goldenpath profiles` lists them)"
            problems.append(Problem("profile", "unknown-profile", message, id_, known.nearest(id_)))
    if problems:
        raise InputError(problems)
    wanted = frozenset(ids)
    for each in known:
        if (not wanted or each.id in wanted) and vendor in (None, each.vendor):
            yield each


def _row(each: Accelerator) -> tuple[str, ...]:
    memory = each.memory or "-"
    allocations = ", ".join(allocation.value for allocation in each.allocations)
    return each.id, memory, str(each.per_device), each.resource_name(), allocations


def _details(accelerators: Iterable[Accelerator]) -> Iterator[str]:
    for each in accelerators:
        yield f"{click.style(each.id, bold=True)}  {each.title}"
        memory = each.memory or "not promised by the vendor"
        yield f"  memory         {memory}; {each.per_device} on one device"
        yield f"  allocation     {', '.join(allocation.value for allocation in each.allocations)}"
        yield f"  resources      {', '.join(each.resource_names)}"
        yield f"  device class   {each.device_class}: {' '.join(each.device_selector.split())}"
        for label, values in each.node_labels().items():
            yield f"  node label     {label} = {' or '.join(values)}"
        if each.sharing_modes:
            yield f"  sharing        {', '.join(mode.value for mode in each.sharing_modes)}"
        yield f"  confidence     {each.confidence.value}{f': {each.note}' if each.note else ''}"
        for source in each.sources:
            where = f" <{source.url}>" if source.url else ""
            yield f"  source         {source.name} {source.version}, {source.section} ({source.date}){where}"
        yield ""
