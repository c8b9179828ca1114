"""The record of a change in waves, with people's decisions: a file in the fleet repository.

The progress is not recorded. It follows from the branch, so a run after a crash derives it again.
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
    """A pull request that a person closed: its owners stay unchanged, and it is not opened again."""

    branch: Annotated[str, Field(min_length=1, max_length=300)]
    """The pull request's branch."""
    url: Annotated[str, Field(max_length=1000)] = ""
    """The pull request's page."""
    names: _Names
    """The owners in the pull request."""


class WavesRecord(Model):
    """The fields of the file that every rollout has."""

    noun: ClassVar[str]
    """The name of the file's format, for its first line and for problems."""

    started: Annotated[str, Field(max_length=40)]
    """The time of its start, in UTC."""
    started_by: Annotated[str, Field(max_length=300)]
    """The person who started it."""
    pull_requests: bool = False
    """Whether each wave is reviewed, in one pull request for each owner."""
    waves: Waves
    """The waves at its start."""
    members: dict[str, dict[str, Annotated[str, Field(max_length=100)]]]
    """The members of each wave, each with its earlier state."""
    phase: Literal["running", "paused", "aborted"] = "running"
    """The phase of the rollout."""
    why: Annotated[str, Field(max_length=500)] = ""
    """The reason for a pause or an abort."""
    declined: Annotated[tuple[DeclinedReview, ...], ListInput] = ()
    """Pull requests that people closed."""
    rolling_back: Annotated[str, Field(max_length=63)] = ""
    """The wave whose rollback is under way."""
    rolled_back: _Names = ()
    """Waves that were rolled back."""

    @property
    def declined_names(self) -> frozenset[str]:
        """Owners whose pull request a person closed."""
        return frozenset(name for each in self.declined for name in each.names)

    def dump(self) -> str:
        """Return the text of the file, with the rollout's own fields first."""
        values = self.model_dump(mode="json", exclude_defaults=True)
        own = {name: value for name, value in values.items() if name not in WavesRecord.model_fields}
        shared = {name: value for name, value in values.items() if name in WavesRecord.model_fields}
        kind = type(self).model_fields["format"].default
        first = f"# Written by goldenpath: {self.noun}. The branch itself says how far it is.\n"
        return first + kubeyaml.dump({"format": kind, **own, **shared})

    @classmethod
    def parse(cls, text: str, file: str) -> Self:
        """Parse the record in a file.

        Raises:
            InputError: with every problem.
        """
        document: Any = kubeyaml.load(text, name=file)
        try:
            waves = waves_of(document.get("waves"), file) if isinstance(document, dict) else None
            return cls.model_validate({**(document or {}), "waves": waves})
        except (ValidationError, TypeError, AttributeError) as error:
            message = f"is not a valid {cls.noun}; restore it from Git's history, or remove it"
            about = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
            problem = Problem(".".join(map(str, about)), "waves-record", message, file=file)
            raise InputError([problem]) from None
