"""Reads the request or fleet file of a command, and validates it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from goldenpath.cli.input_files import DocumentKind, find_fleet, kind_of, read_source
from goldenpath.library_sources import library_for
from goldenpath.paths import Library
from goldenpath.pipeline import Pipeline, load_fleet, parent_of, parse
from goldenpath.spec.parse import parse_fleet
from goldenpath.tenant_requests import repository_tenants

if TYPE_CHECKING:
    from pathlib import Path

    from goldenpath.pipeline import Parent
    from goldenpath.spec.envelope import Envelope
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["AcceptedInput", "accept_input", "announce_fleet"]


@dataclass(frozen=True, slots=True)
class AcceptedInput:
    """A valid request or fleet, with its text and the pipeline of its fleet; ``parent`` is a workload's tenant."""

    pipeline: Pipeline
    spec: Envelope | FleetSpec
    text: str
    parent: Parent | None = None

    @property
    def is_fleet(self) -> bool:
        return self.spec is self.pipeline.fleet


def accept_input(file: str, fleet_file: Path | None, libraries: tuple[Path, ...]) -> AcceptedInput:
    """Read and validate a request against its fleet, or a fleet file.

    Raises:
        InputError: the file or its fleet is refused, or there is no fleet file.
    """
    source = read_source(file)
    document, library = source.only(), Library(libraries)
    if kind_of(document) is DocumentKind.FLEET:
        spec = parse_fleet(document, file=source.name)
        pipeline = Pipeline(spec, library=library_for(spec, library))
        return AcceptedInput(pipeline, pipeline.fleet, source.text)
    fleet_file = fleet_file or announce_fleet(find_fleet())
    fleet = load_fleet(fleet_file)
    library = library_for(fleet, library)
    tenants = repository_tenants(fleet_file, fleet, library)
    request = parse(document, fleet=fleet, library=library, tenants=tenants, file=source.name)
    return AcceptedInput(Pipeline(fleet, library=library), request, source.text, parent_of(request, tenants))


def announce_fleet(file: Path) -> Path:
    """Print the path of a fleet file that no option names, and return it."""
    click.echo(f"Fleet: {file}", err=True)
    return file
