"""Where findings about a cluster lead: to the fleet's file, and the line that states the fact."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Final

from goldenpath.kubeyaml.positions import Positions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from goldenpath.cli.check_inputs import InputFile
    from goldenpath.findings import Finding

__all__ = ["FleetPlace"]

_ABOUT: Final = "Cluster "


class FleetPlace:
    """The fleet's file, under the name that a person gave it where it is one of the files."""

    def __init__(self, file: Path, files: Iterable[InputFile]) -> None:
        place = os.path.realpath(file)
        given = (named.name for named in files if os.path.realpath(named.name) == place)
        self._file = file
        self.name = next(given, os.path.relpath(file))

    def line_of(self, finding: Finding) -> int | None:
        """The line of the cluster's field that a finding names; None where the file can no longer be read."""
        positions = self._positions
        cluster = finding.object.removeprefix(_ABOUT)
        return None if positions is None else positions.line_of(f"clusters.{cluster}.{finding.field}")

    @cached_property
    def _positions(self) -> Positions | None:
        try:
            return Positions(self._file.read_text("utf-8-sig"))
        except (OSError, ValueError):
            return None
