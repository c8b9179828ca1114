"""Events of a run: each is one line of JSON in the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic_core import to_json

from goldenpath_backstage.http.problem_documents import ProblemDocument  # noqa: TC001 - pydantic reads it when the class is made

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RunEvent", "line"]


class _Event(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class LogEvent(_Event):
    """Something to show in the task's log."""

    type: Literal["log"]
    level: Literal["info", "warn", "error"]
    """How much it weighs."""
    message: str
    """What people read: a line, or some that belong together."""


class FileEvent(_Event):
    """A file to write into the workspace."""

    type: Literal["file"]
    path: str
    """Relative, with `/`, and never out of the workspace."""
    content: str
    """What is in it."""
    encoding: Literal["utf-8"]
    """How the content becomes bytes."""


class RemovedEvent(_Event):
    """A file that the workspace must not have any more."""

    type: Literal["removed"]
    path: str
    """Relative, with `/`, and never out of the workspace."""


class OutputEvent(_Event):
    """One of the step's outputs."""

    type: Literal["output"]
    name: str
    """Its name in the action's output schema."""
    value: Any
    """Its value."""


class DoneEvent(_Event):
    """The end of a run that did what was asked."""

    type: Literal["done"]


class ErrorEvent(_Event):
    """The end of a run that did not."""

    type: Literal["error"]
    problem: ProblemDocument
    """Why."""


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
    """An event as its line."""
    return to_json({"type": kind, **content}) + b"\n"
