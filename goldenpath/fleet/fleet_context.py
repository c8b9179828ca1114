"""A parsed fleet document, with the objects that all of its tenants share."""

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
        InputError: with every problem of the document.
    """

    def __init__(self, text: str, *, library: Library, file: str = FLEET_FILE) -> None:
        self.text = text
        self.spec: FleetSpec = parse_fleet(kubeyaml.load(text, name=file, written=True), file=file)
        self.library = library_for(self.spec, library)

    def default_version(self, golden_path: str) -> str | None:
        """The version that the fleet pins for new tenants; None for the newest."""
        return self.spec.golden_paths.get(golden_path)

    @cached_property
    def pipeline(self) -> Pipeline:
        return Pipeline(self.spec, library=self.library)

    @cached_property
    def digests(self) -> FleetDigests:
        return FleetDigests(self.spec)

    @cached_property
    def layout(self) -> Layout:
        """The layout of the repository, which is the same for every cluster."""
        return next(iter(self.pipeline.platforms.values())).layout

    def parse(
        self, document: object, file: str | None, *, tenants: Tenants | None = None, is_new: bool = True
    ) -> Any:
        """Parse a request for this fleet.

        Args:
            document: the request.
            file: the file name for problems.
            tenants: the tenants that a workload may name.
            is_new: whether the request is submitted now; false if the repository has it already.

        Raises:
            InputError: with every problem.
        """
        return parse(
            document, fleet=self.spec, library=self.library, tenants=tenants, is_new=is_new, file=file
        )
