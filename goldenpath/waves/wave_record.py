"""The record of a change in waves, with people's decisions: a file in the fleet repository.

How far it is follows from the branch, and is not written down: so to go on after a crash is to work it out again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import InputError, Problem
from goldenpath.spec.document_model import Model
from goldenpath.spec.types import ListInput
from goldenpath.waves.waves_file import Waves, waves_of

if TYPE_CHECKING:
    from typing import Any

__all__ = ["DeclinedReview", "WavesRecord"]

_Names = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], ListInput]


class DeclinedReview(Model):
    """A pull request that a person closed: its owners stay as they are, and it is not opened again."""

    branch: Annotated[str, Field(min_length=1, max_length=300)]
    """Its branch."""
    url: Annotated[str, Field(max_length=1000)] = ""
    """Its page."""
    names: _Names
    """The owners that it was about."""


class WavesRecord(Model):
    """The content of the file, as far as every rollout has it."""

    noun: ClassVar[str]
    """What the file is, for its first line and for problems."""

    started: Annotated[str, Field(max_length=40)]
    """When it was started, in UTC."""
    started_by: Annotated[str, Field(max_length=300)]
    """Who started it."""
    pull_requests: bool = False
    """Whether each wave is put up for review, in one pull request for each owner."""
    waves: Waves
    """The waves, as they were when it was started."""
    members: dict[str, dict[str, Annotated[str, Field(max_length=100)]]]
    """By wave, its members, each with what it was before."""
    phase: Literal["running", "paused", "aborted"] = "running"
    """Whether it goes on."""
    why: Annotated[str, Field(max_length=500)] = ""
    """Why it does not."""
    declined: Annotated[tuple[DeclinedReview, ...], ListInput] = ()
    """Pull requests that people closed."""
    rolling_back: Annotated[str, Field(max_length=63)] = ""
    """A wave that is being taken back."""
    rolled_back: _Names = ()
    """Waves that were taken back."""

    @property
    def declined_names(self) -> frozenset[str]:
        """Owners whose pull request was closed."""
        return frozenset(name for each in self.declined for name in each.names)

    def dump(self) -> str:
        """The file: what is its own first, then what every rollout has."""
        values = self.model_dump(mode="json", exclude_defaults=True)
        own = {name: value for name, value in values.items() if name not in WavesRecord.model_fields}
        shared = {name: value for name, value in values.items() if name in WavesRecord.model_fields}
        kind = type(self).model_fields["format"].default
        first = f"# Written by goldenpath: {self.noun}. The branch itself says how far it is.\n"
        return first + kubeyaml.dump({"format": kind, **own, **shared})

    @classmethod
    def parse(cls, text: str, file: str) -> Self:
        """The record in a file.

        Raises:
            InputError: with every problem.
        """
        document: Any = kubeyaml.load(text, name=file)
        try:
            waves = waves_of(document.get("waves"), file) if isinstance(document, dict) else None
            return cls.model_validate({**(document or {}), "waves": waves})
        except (ValidationError, TypeError, AttributeError) as error:
            message = f"is no {cls.noun}; restore it from Git's history, or remove it"
            about = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
            problem = Problem(".".join(map(str, about)), "waves-record", message, file=file)
            raise InputError([problem]) from None
