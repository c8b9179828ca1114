"""The state of a metric at a version of an engine."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goldenpath.engines._facts import Metric

__all__ = ["MetricState", "MetricStatus"]


class MetricState(enum.StrEnum):
    """The state of a metric at a version."""

    EXPORTED = "exported"
    HIDDEN = "hidden"
    REMOVED = "removed"
    NOT_YET = "not-yet"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MetricStatus:
    """The state of a metric at a version. ``use`` is the name to read, or None."""

    name: str
    state: MetricState
    message: str
    metric: Metric | None = None
    use: str | None = None

    @property
    def exported(self) -> bool:
        return self.state is MetricState.EXPORTED
