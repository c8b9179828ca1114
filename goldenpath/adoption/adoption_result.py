"""The account of an adoption: the request, where each of its fields comes from, and what it leaves out."""

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
    """What becomes of something that a request has no word for."""

    KEEP = "keep"
    """It stays as it is, beside what goldenpath makes; nothing needs to be done."""
    REPOSITORY = "repository"
    """The team's own: put it into the team's repository (``source``), from which Flux applies it."""
    OVERRIDE = "override"
    """The golden path makes this object in its own way: an override says what must differ, for a while."""
    EXCEPTION = "exception"
    """A policy stands against it: an exception lets it be, for a while."""
    INPUT = "input"
    """Only the platform may make it: an extra input of the golden path, or an object of the platform."""
    REMOVE = "remove"
    """The golden path makes it under another name, or it should not be there: remove it after the first publish."""


@dataclass(frozen=True, slots=True, order=True)
class Leftover:
    """Something that is there and has no place in the request. ``object`` reads ``Kind namespace/name``."""

    cluster: str
    object: str
    field: str
    todo: ToDo
    what: str
    """What it says today."""
    advice: str
    """What to do, so that it is neither lost nor in the way."""
    objects: tuple[str, ...] = ()
    """All objects that it is about, where these are several of one kind."""

    def __str__(self) -> str:
        place = " ".join(part for part in (self.object, self.field) if part)
        return f"{self.todo}: {self.cluster}: {place}: {self.what}. {self.advice}"


@dataclass(frozen=True, slots=True)
class Adoption:
    """A request for a namespace that is there, and all that a person has to know before publishing it."""

    request: dict[str, Any]
    """The document; it parses against the fleet, or ``findings`` says why not."""
    text: str
    """The same as YAML, in the order of the fields, each with where it comes from above it."""
    sources: Mapping[str, str]
    """By field (``compute.cpu``): where its value comes from. Fields that were left to a default are there too."""
    leftovers: tuple[Leftover, ...]
    findings: tuple[Finding, ...]
    """What is wrong there today, what could only be guessed, and what the parser has against the request."""

    def with_more(self, leftovers: Sequence[Leftover], findings: Sequence[Finding]) -> Adoption:
        """The adoption with what another stage has found."""
        every = sorted({*self.findings, *findings}, key=lambda finding: (finding.severity.rank, finding))
        return replace(self, leftovers=tuple(sorted({*self.leftovers, *leftovers})), findings=tuple(every))


_STANDS: Final = frozenset({ToDo.KEEP, ToDo.REPOSITORY, ToDo.INPUT})
"""An object with such a fate goes on to exist, with every field that it has."""


@dataclass(slots=True)
class AdoptionBuilder:
    """An adoption in the making."""

    request: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    leftovers: list[Leftover] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    metadata_keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By field of the request, the label and annotation keys that an organisation uses for it."""
    ledger: FieldLedger = field(default_factory=FieldLedger)

    def put(self, path: str, value: Any, why: str) -> None:
        """Give a field its value; ``path`` is ``field`` or ``field.field``."""
        node, (*way, name) = self.request, path.split(".")
        for step in way:
            node = node.setdefault(step, {})
        node[name] = value
        self.sources[path] = why

    def say(self, path: str, why: str) -> None:
        """Why a field has no value of its own."""
        self.sources.setdefault(path, why)

    def take(self, place: NamespaceObjects, item: ManifestObject, *paths: str) -> None:
        """The request, or what the golden path renders for everybody, says these fields of the object."""
        self.ledger.account(key_of(place, item), paths)

    def see(self, place: NamespaceObjects, item: ManifestObject) -> None:
        """The object was looked at; those of its fields that nothing accounts for are reported as leftovers."""
        self.ledger.account(key_of(place, item), ())

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
        """Something of an object has no place in the request.

        An object that goes on to exist needs no word for each field. Of one that is to be removed or replaced, each
        field that nothing else accounts for is reported. ``covers`` is false where ``at`` has more below it.
        """
        self.leftovers.append(Leftover(place.cluster, str(item), at, todo, what, advice))
        self.ledger.account(key_of(place, item), [at] if covers and (at or todo in _STANDS) else [])

    def find(
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
        """Something is wrong, or was guessed; with ``at``, the finding accounts for that field of the object."""
        if item is not None and at and covers:
            self.ledger.account(key_of(place, item), [at])
        what = str(item) if item is not None else f"Namespace {place.namespace}"
        self.findings.append(Finding(item.file if item else "", f"{what} on {place.cluster}", at, rule, severity, message, fix))  # fmt: skip

    def settled_leftovers(self) -> tuple[Leftover, ...]:
        """The leftovers, each once, and without advice to remove an object that another leftover keeps."""
        kept = {(each.cluster, each.object) for each in self.leftovers if each.todo in _STANDS}
        return tuple(
            sorted(
                replace(each, todo=ToDo.KEEP, advice=_UNTIL.format(advice=each.advice))
                if each.todo is ToDo.REMOVE and (each.cluster, each.object) in kept
                else each
                for each in set(self.leftovers)
            )
        )


_UNTIL: Final = "It stays until its other leftovers have another place. Then: {advice}"
