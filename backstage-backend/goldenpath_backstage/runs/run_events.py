"""Events of a run, each one line of JSON in the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, RootModel
from pydantic_core import to_json

from goldenpath_backstage.http.problem_documents import ProblemDocument  # noqa: TC001 - pydantic reads it when the class is made
from goldenpath_backstage.response_schemas import DescribedModel

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RunEvent", "line"]


class LogEvent(DescribedModel):
    """An entry of the task's log."""

    type: Literal["log"]
    level: Literal["info", "warn", "error"]
    """The level of the entry."""
    message: str
    """The text, of one or more lines."""


class FileEvent(DescribedModel):
    """A file to write into the workspace."""

    type: Literal["file"]
    path: str
    """Relative path with `/`, never outside the workspace."""
    content: str
    """The text of the file."""
    encoding: Literal["utf-8"]
    """The encoding of the file."""


class RemovedEvent(DescribedModel):
    """A file to remove from the workspace."""

    type: Literal["removed"]
    path: str
    """Relative path with `/`, never outside the workspace."""


class OutputEvent(DescribedModel):
    """One of the step's outputs."""

    type: Literal["output"]
    name: str
    """The output's name in the action's output schema."""
    value: Any
    """The output's value."""


class DoneEvent(DescribedModel):
    """The end of a successful run."""

    type: Literal["done"]


class ErrorEvent(DescribedModel):
    """The end of a failed run."""

    type: Literal["error"]
    problem: ProblemDocument
    """The problem that ended the run."""


class RunEvent(
    RootModel[
        Annotated[
            LogEvent | FileEvent | RemovedEvent | OutputEvent | DoneEvent | ErrorEvent,
            Field(discriminator="type"),
        ]
    ]
):
    """One line of the stream."""


def line(kind: str, content: Mapping[str, Any]) -> bytes:
    """Return an event as one line of the stream."""
    return to_json({"type": kind, **content}) + b"\n"
