"""The rule groups of a cluster: recordings for all tenants, and alerts for the platform team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goldenpath.telemetry.platform_alerts import platform_alerts
from goldenpath.telemetry.platform_recordings import platform_recordings
from goldenpath.telemetry.rule import RuleGroup

if TYPE_CHECKING:
    from goldenpath.telemetry.platform_metrics import PlatformMetrics

__all__ = ["platform_groups"]


def platform_groups(of: PlatformMetrics) -> tuple[RuleGroup, ...]:
    return (
        RuleGroup("goldenpath-recording", tuple(platform_recordings(of))),
        RuleGroup("goldenpath-platform", tuple(platform_alerts(of))),
    )
