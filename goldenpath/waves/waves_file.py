"""``waves.yaml``: who goes when, what must hold in between, and when nothing may start."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, model_validator

from goldenpath import kubeyaml
from goldenpath.edits.effects import Effect
from goldenpath.errors import InputError, Problem
from goldenpath.spec.document_model import Model
from goldenpath.spec.types import DnsLabel, Duration, GroupRef, LabelKey, LabelValue, ListInput, Text
from goldenpath.spec.value_checks import refuse

__all__ = ["DAYS", "Freeze", "Wave", "Waves", "read_waves", "waves_of"]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise refuse("time-zone", "must be a name of the IANA time zones, such as Europe/Berlin") from None
    return value


def _moment(value: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None:
        raise refuse("moment", "must be a day and a time of day without an offset, such as 2026-12-20T18:00")
    return value


Moment = Annotated[str, AfterValidator(_moment)]
Patterns = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], ListInput]


class Freeze(Model):
    """A time in which no wave starts: once between two moments, or each week on some days."""

    begins: Moment | None = None
    """Beginning, in the time zone."""
    ends: Moment | None = None
    """End, in the time zone."""
    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], ListInput] = ()
    """Days of the week, instead of a beginning and an end."""
    after: Annotated[str, Field(pattern=_CLOCK)] = "00:00"
    """On those days, from this time of day."""
    before: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")] = "24:00"
    """On those days, until this time of day."""
    time_zone: Annotated[str, AfterValidator(_zone)]
    """IANA time zone, such as `Europe/Berlin`."""
    reason: Text
    """Why."""

    @model_validator(mode="after")
    def _one_form(self) -> Freeze:
        is_once = self.begins is not None and self.ends is not None
        if is_once == bool(self.days) or (self.begins is None) != (self.ends is None):
            raise refuse("freeze", "give `begins` and `ends`, or `days`")
        if is_once and str(self.begins) >= str(self.ends):
            raise refuse("freeze", "`ends` must be after `begins`")
        if self.days and self.after >= self.before:
            raise refuse("freeze", "`before` must be later than `after`: give two windows across midnight")
        return self


class Wave(Model):
    """One wave: the owners that it takes of those that no earlier wave has; all of them where nothing selects."""

    name: DnsLabel
    """Name."""
    names: Patterns = ()
    """Names, with `*` and `?`: tenants, workloads as `tenant/name`, or clusters for a platform."""
    owner: GroupRef | None = None
    """Owner."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels; a member has all of them."""
    count: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """At most so many of them."""
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    """At most this part of all owners; at least one."""
    soak: Duration | None = None
    """How long the wave must be merged before the next one starts; the file's where nothing is given."""
    effects: Effect | None = None
    """The worst effect that it carries out; an owner with a worse one is held back."""


class Waves(Model):
    """The content of ``waves.yaml``."""

    format: Literal["waves/v1"]
    """Format of this file."""
    waves: Annotated[tuple[Wave, ...], ListInput, Field(min_length=1, max_length=100)]
    """The waves, in their order."""
    soak: Duration = "0s"
    """How long each wave must be merged before the next one starts."""
    health: bool = True
    """Whether the next wave waits until Flux has applied this one and what was applied is healthy."""
    budget: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """How many owners may be unhealthy before no further wave starts."""
    freeze: Annotated[tuple[Freeze, ...], ListInput, Field(max_length=100)] = ()
    """Times in which no wave starts."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Waves:
        names = [wave.name for wave in self.waves]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise refuse("wave-name", f"two waves are called {twice}")
        return self


def waves_of(document: Any, file: str | None = None) -> Waves:
    """Waves from a document.

    Raises:
        InputError: with every problem.
    """
    try:
        return Waves.model_validate(_with_effects(document))
    except ValidationError as error:
        problems = [
            Problem(
                ".".join(str(step) for step in each["loc"]),
                str((each.get("ctx") or {}).get("rule", each["type"])),
                each["msg"],
                file=file,
            )
            for each in error.errors(include_url=False)
        ]
        raise InputError(problems) from None


def read_waves(text: str, file: str) -> Waves:
    """Waves from the text of a file.

    Raises:
        InputError: with every problem.
    """
    return waves_of(kubeyaml.load(text, name=file), file)


def _with_effects(document: Any) -> Any:
    """Effects as values of their own type: the model is strict, and YAML has only text."""
    if not isinstance(document, dict) or not isinstance(document.get("waves"), list):
        return document
    known = {effect.value: effect for effect in Effect}
    return {
        **document,
        "waves": [
            {**wave, "effects": known.get(wave["effects"], wave["effects"])}
            if isinstance(wave, dict) and isinstance(wave.get("effects"), str)
            else wave
            for wave in document["waves"]
        ],
    }
