"""A plan of upgrades: groups of changes with their owners, effects, hand edits and problems."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.upgrades.change_shape import grouped
from goldenpath.upgrades.one_upgrade import UpgradeReadiness

if TYPE_CHECKING:
    from collections.abc import Iterable

    from goldenpath.edits.effects import Effect
    from goldenpath.upgrades.change_shape import ObjectShape
    from goldenpath.upgrades.one_upgrade import OneUpgrade

__all__ = ["UpgradeGroup", "UpgradePlan"]

FORMAT: Final = "upgrade-plan/v1"


@dataclass(frozen=True, slots=True)
class UpgradeGroup:
    """Changes of objects with the same owners. Each change is in one group, an owner in one or more."""

    digest: str
    shape: tuple[str, ...]
    """A line for each changed object and field, without the owner's name."""
    names: tuple[str, ...]
    effect: Effect
    """The worst effect of these changes."""

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "digest": self.digest,
            "effect": self.effect.value,
            "names": list(self.names),
            "changes": list(self.shape),
        }


@dataclass(frozen=True)
class UpgradePlan:
    """The planned upgrades of a golden path."""

    golden_path: str
    after: str
    """Exact version."""
    upgrades: tuple[OneUpgrade, ...]
    """The upgrades by name, without their contents."""
    groups: tuple[UpgradeGroup, ...]
    """The groups of changes, those with the most owners first."""

    @classmethod
    def of(
        cls, golden_path: str, after: str, found: Iterable[tuple[OneUpgrade, tuple[ObjectShape, ...]]]
    ) -> UpgradePlan:
        """A plan of upgrades, each with the changes of its objects."""
        upgrades: list[OneUpgrade] = []
        shapes: list[tuple[ObjectShape, ...]] = []
        # Most owners share most changes; memory holds each change once.
        known: dict[ObjectShape, ObjectShape] = {}
        for upgrade, changes in found:
            upgrades.append(upgrade)
            is_up_to_date = upgrade.readiness is UpgradeReadiness.UP_TO_DATE
            shapes.append(() if is_up_to_date else tuple(known.setdefault(each, each) for each in changes))
        groups = tuple(
            UpgradeGroup(
                group.digest,
                group.lines,
                tuple(upgrades[index].ref.path for index in group.owners),
                group.effect,
            )
            for group in grouped(shapes)
        )
        return cls(golden_path, after, tuple(upgrades), groups)

    @property
    def summary(self) -> dict[str, int]:
        """The number of owners by readiness."""
        counts = Counter(upgrade.readiness for upgrade in self.upgrades)
        return {readiness.value: counts[readiness] for readiness in UpgradeReadiness}

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
