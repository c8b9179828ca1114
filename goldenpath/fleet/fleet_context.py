"""A fleet's document, and everything that is worked out from it once for all of its tenants."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from goldenpath import kubeyaml
from goldenpath.intake import Tenants, parse
from goldenpath.library_sources import library_for
from goldenpath.pipeline import Pipeline
from goldenpath.repository.input_digests import FleetDigests
from goldenpath.spec.parse import parse_fleet
from goldenpath.tenancy.repository_paths import FLEET_FILE

if TYPE_CHECKING:
    from goldenpath.paths import Library
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.tenancy import Layout

__all__ = ["FleetContext"]


class FleetContext:
    """One text of ``goldenpath.yaml``: the fleet, its pipeline and its digests.

    Raises:
        InputError: the text is not a fleet; every problem, each with its path in the file.
    """

    def __init__(self, text: str, *, library: Library, file: str = FLEET_FILE) -> None:
        self.text = text
        self.spec: FleetSpec = parse_fleet(kubeyaml.load(text, name=file, written=True), file=file)
        self.library = library_for(self.spec, library)

    def default_version(self, golden_path: str) -> str | None:
        """The version that the fleet pins for those that have none yet; None for the newest."""
        return self.spec.golden_paths.get(golden_path)

    @cached_property
    def pipeline(self) -> Pipeline:
        """Renders and checks for this fleet."""
        return Pipeline(self.spec, library=self.library)

    @cached_property
    def digests(self) -> FleetDigests:
        """Digests of the fleet's parts."""
        return FleetDigests(self.spec)

    @cached_property
    def layout(self) -> Layout:
        """Where files are; it is the same on every cluster."""
        return next(iter(self.pipeline.platforms.values())).layout

    def parse(
        self, document: object, file: str | None, *, tenants: Tenants | None = None, is_new: bool = True
    ) -> Any:
        """A request, held against this fleet.

        Args:
            document: the request.
            file: named in each problem.
            tenants: those that a workload may name.
            is_new: whether the request is handed in now; false for one that the repository has already.

        Raises:
            InputError: with every problem.
        """
        return parse(
            document, fleet=self.spec, library=self.library, tenants=tenants, is_new=is_new, file=file
        )
