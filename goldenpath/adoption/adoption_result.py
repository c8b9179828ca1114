"""The account of an adoption: the request, where each of its fields comes from, and what it leaves out."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goldenpath.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

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


@dataclass(slots=True)
class AdoptionBuilder:
    """An adoption in the making."""

    request: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    leftovers: list[Leftover] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    _settled: set[tuple[str, str, str]] = field(default_factory=set)

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

    def settle(self, place: NamespaceObjects, item: ManifestObject) -> None:
        """The object has been dealt with: it is no leftover."""
        self._settled.add((place.cluster, item.api_version.split("/", maxsplit=1)[0], str(item)))

    def is_settled(self, place: NamespaceObjects, item: ManifestObject) -> bool:
        """Whether the object has been dealt with."""
        return (place.cluster, item.api_version.split("/", maxsplit=1)[0], str(item)) in self._settled

    def leave(
        self,
        place: NamespaceObjects,
        item: ManifestObject,
        todo: ToDo,
        what: str,
        advice: str,
        *,
        at: str = "",
    ) -> None:
        """Something of an object has no place in the request; the object is settled."""
        self.leftovers.append(Leftover(place.cluster, str(item), at, todo, what, advice))
        self.settle(place, item)

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
    ) -> None:
        """Something is wrong, or was guessed."""
        what = str(item) if item is not None else f"Namespace {place.namespace}"
        self.findings.append(Finding(item.file if item else "", f"{what} on {place.cluster}", at, rule, severity, message, fix))  # fmt: skip
