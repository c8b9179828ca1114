"""``waves.yaml``: the members of each wave, the gates between waves, and freeze windows."""

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
    """The beginning, in the time zone."""
    ends: Moment | None = None
    """The end, in the time zone."""
    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], ListInput] = ()
    """Days of the week, instead of a beginning and an end."""
    after: Annotated[str, Field(pattern=_CLOCK)] = "00:00"
    """The time of day at which the freeze begins on those days."""
    before: Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")] = "24:00"
    """The time of day at which the freeze ends on those days."""
    time_zone: Annotated[str, AfterValidator(_zone)]
    """IANA time zone, such as `Europe/Berlin`."""
    reason: Text
    """The reason."""

    @model_validator(mode="after")
    def _one_form(self) -> Freeze:
        is_once = self.begins is not None and self.ends is not None
        if is_once == bool(self.days) or (self.begins is None) != (self.ends is None):
            raise refuse("freeze", "set `begins` and `ends`, or `days`")
        if is_once and str(self.begins) >= str(self.ends):
            raise refuse("freeze", "`ends` must be after `begins`")
        if self.days and self.after >= self.before:
            raise refuse("freeze", "`before` must be later than `after`; write two windows for a night")
        return self


class Wave(Model):
    """One wave. It selects from the owners that no earlier wave has; without a selection, all of them."""

    name: DnsLabel
    """The wave's name."""
    names: Patterns = ()
    """Names of members, with `*` and `?`: tenants, workloads as `tenant/name`, or clusters for a platform."""
    owner: GroupRef | None = None
    """The owner of the members."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=dict)
    """Labels that every member has."""
    count: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """The largest number of members."""
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    """The largest part of all owners, in percent; at least one owner."""
    soak: Duration | None = None
    """How long the wave must be merged before the next one starts; by default the file's `soak`."""
    effects: Effect | None = None
    """The worst effect that the wave allows; an owner whose change has a worse one is held back."""


class Waves(Model):
    """The content of ``waves.yaml``."""

    format: Literal["waves/v1"]
    """Format of this file."""
    waves: Annotated[tuple[Wave, ...], ListInput, Field(min_length=1, max_length=100)]
    """The waves, in order."""
    soak: Duration = "0s"
    """How long each wave must be merged before the next one starts."""
    health: bool = True
    """Whether the next wave waits until Flux has applied this one and the applied objects are healthy."""
    budget: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """The largest number of unhealthy owners; with more, the rollout pauses."""
    freeze: Annotated[tuple[Freeze, ...], ListInput, Field(max_length=100)] = ()
    """Times in which no wave starts."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Waves:
        names = [wave.name for wave in self.waves]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise refuse("wave-name", f"two waves are named {twice}; give each wave its own name")
        return self


def waves_of(document: Any, file: str | None = None) -> Waves:
    """Parse waves from a document.

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
    """Parse waves from the text of a file.

    Raises:
        InputError: with every problem.
    """
    return waves_of(kubeyaml.load(text, name=file), file)


def _with_effects(document: Any) -> Any:
    """Convert the effects to values of their enum, since the model is strict and YAML has only text."""
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
