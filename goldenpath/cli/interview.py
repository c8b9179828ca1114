"""Asks the questions of ``goldenpath new``, which come from the schema of the request.

The real parser validates each answer while the person types. This module knows no field by name: hints in the schema decide
whether and when to ask. A choice that exists on some clusters only also sets the field `clusters` of the same mapping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
import questionary

from goldenpath.cli.request_draft import location_of
from goldenpath.describe.choices import Choices, Free, Left
from goldenpath.describe.form import label, label_of
from goldenpath.describe.schema_fields import FieldShape, request_fields
from goldenpath.errors import MISSING, shown
from goldenpath.spec.hints import STEP, WHEN_NEEDED, WHERE, Frontend

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from goldenpath.cli.request_draft import RequestDraft
    from goldenpath.describe.schema_fields import SpecField
    from goldenpath.errors import Problem
    from goldenpath.paths import GoldenPath
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.parsed_fields import Location

__all__ = ["Interview"]

_NOTHING: Final = "(nothing)"
_SHOWN_TENANTS: Final = 100
"""With more tenants, the person types the name, which the parser then validates."""


class Interview:
    """Fills a draft with the answers of a person."""

    def __init__(
        self,
        path: GoldenPath,
        draft: RequestDraft,
        fleet: FleetSpec | None,
        free: Free | None = None,
        tenants: Collection[str] = (),
        *,
        left: Left | None = None,
    ) -> None:
        fields = [field for field in request_fields(path) if field.is_asked_by(Frontend.NEW)]
        self._fields = {field.name: field for field in fields if field.name != "inputs" or path.inputs}
        self._draft = draft
        self._fleet = fleet
        self._free = free
        self._tenants = tenants if len(tenants) <= _SHOWN_TENANTS else ()
        self._left = left
        self._choices = Choices(fleet, free, tenants=self._tenants)

    @property
    def descriptions(self) -> dict[str, str]:
        """The description of each field, by name."""
        return {name: field.description for name, field in self._fields.items()}

    def run(self) -> None:
        """Ask for all fields, and then again for fields that the parser refuses."""
        where = [field for field in self._fields.values() if field.schema.get(STEP) == WHERE]
        opening = [
            field
            for field in self._fields.values()
            if field not in where and field.is_simple and field.shape is not FieldShape.LIST
        ]
        for field in opening:
            if field.name not in self._draft.document:
                self._ask(field, field.location)
        self._ask_where(where)
        # A workload may only choose from the accelerators of its own tenant.
        tenant = self._draft.document.get("tenant")
        left = {name: owned for name, owned in (self._left or {}).items() if name == tenant}
        self._choices = Choices(
            self._fleet, self._free, clusters=self._draft.clusters(), tenants=self._tenants, left=left
        )
        others = [
            field
            for field in self._fields.values()
            if field not in (*opening, *where) and field.name not in self._draft.document
        ]
        wanted = self._choose_many(
            "What else does the team need?",
            [(field.name, f"{label_of(field)}: {field.description}") for field in others],
        )
        for field in others:
            if field.name in wanted or field.required:
                self._ask_field(field, field.location)
                self._ask_refused_again(field.location)
        self._ask_refused_again()

    def _ask_where(self, fields: Sequence[SpecField]) -> None:
        """Ask for the fields that choose clusters, until one has an answer, or the request needs no answer."""
        for number, field in enumerate(fields):
            if any(each.name in self._draft.document for each in fields):
                return
            if number == 0:
                self._ask(field, field.location)
            elif self._draft.is_needed(fields[0].location):
                self._ask_field(field, field.location)
                self._ask_refused_again(field.location)

    def _ask_refused_again(self, within: Location = ()) -> None:
        """Ask again for fields that the parser refuses, in the whole request or within a field."""
        while problems := self._draft.problems_within(within):
            for problem in problems:
                click.echo(f"{problem}", err=True)
            asked = dict.fromkeys(place for problem in problems if (place := self._askable(problem)))
            if not asked:
                return
            for field, location in asked:
                if field.is_simple:
                    self._ask(field, location)
                else:
                    self._draft.set_value(location, {})
                    self._ask_object(field.children, location)

    def _askable(self, problem: Problem) -> tuple[SpecField, Location] | None:
        """The innermost field at or above a problem that can be asked for, and its location."""
        location = location_of(problem.path) or ()
        fields: Sequence[SpecField] = tuple(self._fields.values())
        deepest = None
        for end, step in enumerate(location, start=1):
            found = deepest[0] if isinstance(step, int) and deepest else None
            found = found or next((field for field in fields if field.name == step), None)
            if found is None or (isinstance(step, int) and found.is_simple):
                break
            deepest, fields = (found, location[:end]), found.children
        return deepest if deepest and (deepest[0].is_simple or deepest[0].children) else None

    def _ask_field(self, field: SpecField, location: Location) -> None:
        if field.shape is FieldShape.OBJECT:
            self._ask_object(field.children, location)
        elif field.shape is FieldShape.OBJECTS:
            number = 0
            while (
                number == 0
                or questionary.confirm(f"{label_of(field)}: one more?", default=False).unsafe_ask()
            ):
                self._ask_object(field.children, (*location, number))
                number += 1
        else:
            self._ask(field, location)

    def _ask_object(self, fields: Iterable[SpecField], location: Location) -> None:
        members = list(fields)
        variants = list(dict.fromkeys(field.variant for field in members if field.variant))
        if variants:
            chosen = questionary.select(f"{label(str(location[-1]))}: which?", variants).unsafe_ask()
            members = [field for field in members if field.variant in ("", chosen)]
        for field in members:
            place = (*location, field.name)
            if field.schema.get(WHEN_NEEDED) or self._draft.has(place):
                continue
            if not self._applies(field, place):
                continue
            if field.is_simple or field.shape is FieldShape.MAP:
                self._ask(field, place, members[members.index(field) + 1 :])
            elif questionary.confirm(f"{label_of(field)}? {field.description}", default=False).unsafe_ask():
                self._ask_field(field, place)

    def _applies(self, field: SpecField, location: Location) -> bool:
        examples = field.schema.get("examples") or field.choices
        return field.required or not examples or self._draft.applies(location, examples[0])

    def _ask(self, field: SpecField, location: Location, to_come: Sequence[SpecField] = ()) -> None:
        """Ask for a field; ``to_come`` are the next fields of the same mapping."""
        known = self._choices.of(field)
        offered = [(choice.value, choice.title) for choice in known]
        offered = offered or [(str(choice), str(choice)) for choice in field.choices]
        if offered and field.shape is FieldShape.LIST:
            chosen = self._choose_many(_message(field), offered, lambda value: self._verdict(location, value))
            if chosen:
                self._draft.set_value(location, chosen)
        elif offered:
            none = [] if field.required else [questionary.Choice(_NOTHING, value="")]
            choices = [*none, *(questionary.Choice(title, value=value) for value, title in offered)]
            answer = questionary.select(_message(field), choices).unsafe_ask()
            only_on = next((choice.only_on for choice in known if choice.value == answer), ())
            if only_on:
                self._draft.set_value((*location[:-1], "clusters"), list(only_on))
            while answer and (problems := self._draft.problems_of(location, answer)):
                click.echo(f"{problems[0]}", err=True)
                answer = questionary.select(_message(field), choices).unsafe_ask()
            if answer:
                self._draft.set(location, answer)
        else:
            self._ask_text(field, location, to_come)

    def _ask_text(self, field: SpecField, location: Location, to_come: Sequence[SpecField]) -> None:
        def verdict(text: str) -> bool | str:
            given = text.strip()
            if not given:
                needed = field.required or self._draft.is_needed(location)
                return "This field is required." if needed else True
            problems = self._draft.problems_of(location, given)
            return bool(problems and self._is_waited_for(location, given, to_come)) or _sentence(problems)

        click.secho(_explanation(field), dim=True)
        answer = questionary.text(
            f"{label_of(field)}:", validate=verdict, validate_while_typing=True
        ).unsafe_ask()
        if answer.strip():
            self._draft.set(location, answer.strip())

    def _is_waited_for(self, location: Location, given: str, to_come: Sequence[SpecField]) -> bool:
        """Whether a later number can make the answer valid, as `borrow` does with a quota of 0."""
        return any(
            self._draft.could_hold(location, given, field.name, 1)
            for field in to_come
            if field.shape is FieldShape.INTEGER
        )

    def _choose_many(
        self,
        message: str,
        offered: Sequence[tuple[str, str]],
        verdict: Callable[[list[str]], bool | str] = lambda _: True,
    ) -> list[str]:
        choices = [questionary.Choice(title, value=value) for value, title in offered]
        chosen: list[str] = questionary.checkbox(message, choices, validate=verdict).unsafe_ask()
        return chosen

    def _verdict(self, location: Location, value: list[str]) -> bool | str:
        return _sentence(self._draft.problems_of_value(location, value)) if value else True


def _message(field: SpecField) -> str:
    return f"{label_of(field)}: {field.description}"


def _explanation(field: SpecField) -> str:
    parts = [field.description]
    examples = field.schema.get("examples") or (field.schema.get("items") or {}).get("examples")
    if field.default is not MISSING and not isinstance(field.default, dict | list):
        parts.append(f"Without an answer: {field.default}.")
    elif examples:
        parts.append(
            f"Such as {examples[0]}{', with commas between several' if field.shape is FieldShape.LIST else ''}."
        )
    if field.shape is FieldShape.MAP:
        parts.append("Such as {tier: gold}.")
    return " ".join(part for part in parts if part)


def _sentence(problems: Sequence[Problem]) -> bool | str:
    if not problems:
        return True
    # The suggestion comes first, because a terminal cuts a long line.
    problem = problems[0]
    nearest = f"Did you mean {shown(problem.nearest)}? " if problem.nearest is not None else ""
    return f"{nearest}It {problem.message}."
