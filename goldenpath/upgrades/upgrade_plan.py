"""A plan of upgrades: owners in groups that change alike, with effects, edits and what stands in the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.upgrades.change_shape import digest_of
from goldenpath.upgrades.one_upgrade import Readiness

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.edits.effects import Effect
    from goldenpath.upgrades.one_upgrade import OneUpgrade

__all__ = ["UpgradeGroup", "UpgradePlan"]

FORMAT: Final = "upgrade-plan/v1"


@dataclass(frozen=True, slots=True)
class UpgradeGroup:
    """Owners that change alike."""

    digest: str
    shape: tuple[str, ...]
    """A line for each object and field that changes, without the owner's name."""
    names: tuple[str, ...]
    effect: Effect

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "digest": self.digest,
            "effect": self.effect.value,
            "names": list(self.names),
            "changes": list(self.shape),
        }


@dataclass(frozen=True)
class UpgradePlan:
    """What upgrading would do; nothing is written."""

    golden_path: str
    after: str
    """Exact version."""
    upgrades: tuple[OneUpgrade, ...]
    """By name; their contents are left out."""
    groups: tuple[UpgradeGroup, ...]
    """Those that change, the largest group first."""

    @classmethod
    def of(
        cls, golden_path: str, after: str, found: Iterable[tuple[OneUpgrade, tuple[str, ...]]]
    ) -> UpgradePlan:
        """A plan of upgrades, each with the shape of its change."""
        upgrades: list[OneUpgrade] = []
        shapes: dict[str, tuple[str, ...]] = {}
        members: dict[str, list[OneUpgrade]] = {}
        for upgrade, shape in found:
            upgrades.append(upgrade)
            if upgrade.readiness is not Readiness.UP_TO_DATE and shape:
                digest = digest_of(shape)
                shapes.setdefault(digest, shape)
                members.setdefault(digest, []).append(upgrade)
        groups = [
            UpgradeGroup(
                digest,
                shapes[digest],
                tuple(each.ref.path for each in group),
                max((each.effect for each in group), key=lambda effect: effect.rank),
            )
            for digest, group in members.items()
        ]
        ordered = sorted(groups, key=lambda group: (-len(group.names), group.names))
        return cls(golden_path, after, tuple(upgrades), tuple(ordered))

    def of_readiness(self, readiness: Readiness) -> tuple[OneUpgrade, ...]:
        """Those that are ready, wait, are stopped or are up to date."""
        return tuple(upgrade for upgrade in self.upgrades if upgrade.readiness is readiness)

    @property
    def summary(self) -> dict[str, int]:
        """How many owners there are of each readiness."""
        counts = Counter(upgrade.readiness for upgrade in self.upgrades)
        return {readiness.value: counts[readiness] for readiness in Readiness}

    def as_dict(self) -> dict[str, Any]:
        """Plain data of the format ``upgrade-plan/v1``."""
        return {
            "format": FORMAT,
            "golden_path": self.golden_path,
            "version": self.after,
            "summary": self.summary,
            "groups": [group.as_dict() for group in self.groups],
            "upgrades": [upgrade.as_dict() for upgrade in self.upgrades],
        }
