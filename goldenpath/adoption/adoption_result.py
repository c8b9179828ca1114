"""The result of an adoption: the request, the sources of its fields, leftovers and findings."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from goldenpath.adoption.field_ledger import FieldLedger, key_of
from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from goldenpath.adoption.namespace_objects import NamespaceObjects
    from goldenpath.manifests import ManifestObject

__all__ = ["Adoption", "AdoptionBuilder", "Leftover", "ToDo"]


class ToDo(enum.StrEnum):
    """What a person does with an object or field that a request cannot express."""

    KEEP = "keep"
    """It stays next to goldenpath's objects; nothing needs to be done."""
    REPOSITORY = "repository"
    """It belongs to the team: put it into the team's repository (``source``), from which Flux applies it."""
    OVERRIDE = "override"
    """The golden path renders this object with other values: an override sets the needed value for a while."""
    EXCEPTION = "exception"
    """A policy refuses it: an exception allows it for a while."""
    INPUT = "input"
    """Only the platform may create it: as an extra input of the golden path, or as an object of the platform."""
    REMOVE = "remove"
    """The golden path renders it under another name, or it is a fault: remove it after the first publish."""


@dataclass(frozen=True, slots=True, order=True)
class Leftover:
    """An object or field that the request cannot express. ``object`` has the form ``Kind namespace/name``."""

    cluster: str
    object: str
    field: str
    todo: ToDo
    what: str
    """Its state today."""
    advice: str
    """The next step for a person."""
    objects: tuple[str, ...] = ()
    """All objects of a leftover for several objects of one kind."""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.object, self.field) if part)
        return f"{self.todo}: {self.cluster}: {place}: {self.what}. {self.advice}"


@dataclass(frozen=True, slots=True)
class Adoption:
    """A request for an existing namespace, and the facts that a person must know before publishing it."""

    request: dict[str, Any]
    """The request as a document. Where the parser refuses it, ``findings`` has the reasons."""
    text: str
    """The request as YAML, in the order of the fields, with the source of each field in a comment above it."""
    sources: Mapping[str, str]
    """Source of each value, by field (``compute.cpu``), including fields that have a default."""
    leftovers: tuple[Leftover, ...]
    findings: tuple[Finding, ...]
    """Faults of the namespace today, guesses, and problems of the request."""

    def with_more(self, leftovers: Sequence[Leftover], findings: Sequence[Finding]) -> Adoption:
        """Return the adoption with the results of another stage."""
        every = sorted({*self.findings, *findings}, key=lambda finding: (finding.severity.rank, finding))
        return replace(self, leftovers=tuple(sorted({*self.leftovers, *leftovers})), findings=tuple(every))


_KEPT: Final = frozenset({ToDo.KEEP, ToDo.REPOSITORY, ToDo.INPUT})
"""Objects that stay, with all their fields."""


@dataclass(slots=True)
class AdoptionBuilder:
    """Collects the parts of an adoption."""

    request: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    leftovers: list[Leftover] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    metadata_keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Label and annotation keys of an organisation, by field of the request."""
    ledger: FieldLedger = field(default_factory=FieldLedger)

    def put(self, path: str, value: Any, why: str) -> None:
        """Set a field of the request; ``path`` is ``field`` or ``field.field``."""
        node, (*parents, name) = self.request, path.split(".")
        for step in parents:
            node = node.setdefault(step, {})
        node[name] = value
        self.sources[path] = why

    def explain(self, path: str, why: str) -> None:
        """Record why a field keeps its default."""
        self.sources.setdefault(path, why)

    def cover(self, place: NamespaceObjects, item: ManifestObject, *paths: str) -> None:
        """Record that the request or the golden path expresses these fields of the object."""
        self.ledger.cover(key_of(place, item), paths)

    def mark_read(self, place: NamespaceObjects, item: ManifestObject) -> None:
        """Record that the object was read. Its fields that stay uncovered become leftovers."""
        self.ledger.cover(key_of(place, item), ())

    def leave(
        self,
        place: NamespaceObjects,
        item: ManifestObject,
        todo: ToDo,
        what: str,
        advice: str,
        *,
        at: str = "",
        covers: bool = True,
    ) -> None:
        """Add a leftover for an object, or for the field ``at``.

        A leftover for a kept object covers all its fields. For an object to remove or replace, each uncovered field
        becomes a leftover of its own. With ``covers`` false, the fields below ``at`` stay uncovered.
        """
        self.leftovers.append(Leftover(place.cluster, str(item), at, todo, what, advice))
        self.ledger.cover(key_of(place, item), [at] if covers and (at or todo in _KEPT) else [])

    def report(
        self,
        place: NamespaceObjects,
        item: ManifestObject | None,
        rule: str,
        message: str,
        fix: str,
        *,
        severity: Severity = Severity.WARNING,
        at: str = "",
        covers: bool = True,
    ) -> None:
        """Add a finding about a fault or a guess. With ``at``, the finding covers that field of the object."""
        if item is not None and at and covers:
            self.ledger.cover(key_of(place, item), [at])
        what = str(item) if item is not None else f"Namespace {place.namespace}"
        self.findings.append(Finding(item.file if item else "", f"{what} on {place.cluster}", at, rule, severity, message, fix))  # fmt: skip

    def final_leftovers(self) -> tuple[Leftover, ...]:
        """Return each leftover once, without advice to remove an object that another leftover keeps."""
        kept = {(each.cluster, each.object) for each in self.leftovers if each.todo in _KEPT}
        return tuple(
            sorted(
                replace(each, todo=ToDo.KEEP, advice=_UNTIL.format(advice=each.advice))
                if each.todo is ToDo.REMOVE and (each.cluster, each.object) in kept
                else each
                for each in set(self.leftovers)
            )
        )


_UNTIL: Final = "Keep it until its other leftovers are resolved. Then: {advice}"
