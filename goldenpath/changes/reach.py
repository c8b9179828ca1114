"""Sort the selected requests of a change into four groups."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from goldenpath.repository.field_changes import field_changes
from goldenpath.repository.object_changes import ObjectId
from goldenpath.spec.list_edits import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from goldenpath.errors import Problem
    from goldenpath.manifests import Manifests
    from goldenpath.spec.override import Override
    from goldenpath.spec.ref import Ref

__all__ = ["Reach", "ReachRenderings", "Shield", "names", "shields"]


@dataclass(frozen=True, slots=True)
class Shield:
    """An override that keeps a field of an object unchanged, whatever the request sets."""

    kind: str
    name: str
    field: str
    reason: str
    expires: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name} {self.field} until {self.expires} ({self.reason})"


@dataclass(frozen=True, slots=True)
class Reach:
    """The four groups of all selected requests.

    Attributes:
        reached: requests that change, together with all of their rendered fields.
        shielded: requests that change while an override keeps a rendered field unchanged.
        conflicting: requests that refuse the change, with every problem.
        not_applicable: requests that lack the field or have the value already, with the reason.
    """

    reached: tuple[Ref, ...]
    shielded: Mapping[Ref, tuple[Shield, ...]]
    conflicting: Mapping[Ref, tuple[Problem, ...]]
    not_applicable: Mapping[Ref, str]

    @property
    def selected(self) -> int:
        """The number of selected requests."""
        return len(self.reached) + len(self.shielded) + len(self.conflicting) + len(self.not_applicable)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for programs."""
        return {
            "selected": self.selected,
            "reached": [ref.path for ref in self.reached],
            "shielded": {ref.path: [asdict(each) for each in found] for ref, found in self.shielded.items()},
            "conflicting": {
                ref.path: [{"path": each.path, "rule": each.rule, "message": each.message} for each in found]
                for ref, found in self.conflicting.items()
            },
            "not_applicable": {ref.path: why for ref, why in self.not_applicable.items()},
        }

    def lines(self) -> Iterator[str]:
        """Text for people: the sizes of the groups, and the exceptions by reason."""
        yield (
            f"{self.selected:,} selected: {len(self.reached):,} reached, {len(self.shielded):,} shielded by an override, "
            f"{len(self.conflicting):,} conflicting, {len(self.not_applicable):,} not applicable."
        )
        for title, groups in self.exceptions():
            yield f"{title}:"
            for what, refs in groups.items():
                yield f"  {names(refs)}: {what}"

    def exceptions(self) -> Iterator[tuple[str, Mapping[str, list[Ref]]]]:
        """Title and requests of each group but the reached ones, by reason."""
        groups = (
            (
                "Shielded",
                {
                    ref: "; ".join(str(each).replace(ref.namespace, "<tenant>", 1) for each in found)
                    for ref, found in self.shielded.items()
                },
            ),
            (
                "Conflicting",
                {ref: "; ".join(dict.fromkeys(map(_text, found))) for ref, found in self.conflicting.items()},
            ),
            ("Not applicable", self.not_applicable),
        )
        for title, reasons in groups:
            by_reason: defaultdict[str, list[Ref]] = defaultdict(list)
            for ref, what in reasons.items():
                by_reason[what].append(ref)
            if by_reason:
                yield title, by_reason


_NAMED: Final = 5


def names(refs: list[Ref]) -> str:
    """The first few names, and the number of further ones."""
    shown = ", ".join(ref.path for ref in refs[:_NAMED])
    return f"{shown} and {len(refs) - _NAMED:,} more" if len(refs) > _NAMED else shown


def _text(problem: Problem) -> str:
    near = f"; did you mean {problem.nearest}?" if problem.nearest else ""
    return f"{problem.path}: {problem.message}{near}" if problem.path else f"{problem.message}{near}"


@dataclass(frozen=True, slots=True)
class ReachRenderings:
    """The manifests of a request, without (``bare``) and with (``whole``) its overrides."""

    bare: Manifests
    whole: Manifests


def shields(
    before: ReachRenderings, after: ReachRenderings, overrides: Sequence[Override]
) -> tuple[Shield, ...]:
    """The overrides that keep a field which changes without them.

    Args:
        before: the manifests before the change.
        after: the manifests after the change.
        overrides: the overrides of the request.
    """
    free = _changed_fields(before.bare, after.bare)
    kept = _changed_fields(before.whole, after.whole)
    found: dict[Shield, None] = {}
    for identity, fields in free.items():
        mine = [
            each
            for each in overrides
            if (each.kind, each.name) == (identity.kind, identity.name) and each.is_on(identity.cluster)
        ]
        for field in sorted(fields - kept.get(identity, frozenset())):
            for override in [each for each in mine if _sets(each, field)] or mine:
                shield = Shield(
                    override.kind, override.name, field, override.reason, override.expires.isoformat()
                )
                found[shield] = None
    return tuple(found)


def _changed_fields(before: Manifests, after: Manifests) -> dict[ObjectId, frozenset[str]]:
    old = {ObjectId.of(item): item.body for item in before.objects()}
    new = {ObjectId.of(item): item.body for item in after.objects()}
    return {
        identity: frozenset(change.path for change in field_changes(old[identity], body))
        for identity, body in new.items()
        if identity in old
    }


def _sets(override: Override, field: str) -> bool:
    """Whether an override sets a field, a part of the field, or a parent of the field."""
    plain = _plain(field)
    named = [*_leaves(override.patch), *(_plain(place_of(item.at)) for item in override.items)]
    return any(
        plain == held or plain.startswith(f"{held}.") or held.startswith(f"{plain}.") for held in named
    )


def _plain(path: str) -> str:
    return path.replace("[", ".").replace("]", "").removesuffix(" (order)")


def _leaves(patch: dict[str, Any], path: str = "") -> Iterator[str]:
    """The fields that a merge patch sets or removes."""
    for key, value in patch.items():
        inner = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict) and value:
            yield from _leaves(value, inner)
        else:
            yield inner
