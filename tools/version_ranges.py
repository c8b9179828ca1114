"""Ranges of an engine's versions that share constants, and the range of a measured run."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from goldenpath.engines import EngineVersion

__all__ = ["RANGES", "VersionRanges"]

_DATE: Final = re.compile(r"20[0-9]{2}-?[0-9]{2}")


class VersionRanges(NamedTuple):
    """The start of the newer range: its first version, and its first month for runs with a date instead of a version."""

    first: str
    month: str

    def newer(self, version: str) -> bool:
        """Whether a run is in the newer range. A development build without a date is."""
        date = _DATE.search(version)
        if date is not None:
            return f"{date[0][:4]}-{date[0][-2:]}" >= self.month
        try:
            return EngineVersion.parse(version) >= EngineVersion.parse(self.first)
        except ValueError:
            return True


RANGES: Final = {
    "vllm": VersionRanges("0.15", "2026-01"),
    "sglang": VersionRanges("0.5.8", "2026-01"),
    "tensorrt-llm": VersionRanges("1.2", "2025-12"),
}
