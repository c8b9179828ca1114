"""Locates findings about a cluster in the fleet file."""

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
    """The fleet file; its name is the person's own if the fleet is one of the checked files."""

    def __init__(self, file: Path, files: Iterable[InputFile]) -> None:
        place = os.path.realpath(file)
        given = (each.name for each in files if os.path.realpath(each.name) == place)
        self._file = file
        self.name = next(given, os.path.relpath(file))

    def line_of(self, finding: Finding) -> int | None:
        """The line of the field in a finding; None if the file can no longer be read."""
        positions = self._positions
        cluster = finding.object.removeprefix(_ABOUT)
        return None if positions is None else positions.line_of(f"clusters.{cluster}.{finding.field}")

    @cached_property
    def _positions(self) -> Positions | None:
        try:
            return Positions(self._file.read_text("utf-8-sig"))
        except (OSError, ValueError):
            return None
