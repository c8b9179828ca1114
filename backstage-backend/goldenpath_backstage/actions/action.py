"""An action: its definition, and the values that a run gives it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from goldenpath_backstage.response_schemas import ResponseModel

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from goldenpath.fleet.fleet_context import FleetContext
    from goldenpath_backstage.auth.audit import Audit
    from goldenpath_backstage.auth.permissions import Verb
    from goldenpath_backstage.auth.principal import Principal
    from goldenpath_backstage.fleet_source import FleetSource

__all__ = ["Action", "ActionCall", "Effort", "Example", "Input", "Output", "OwnedName"]

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
"""What Backstage's scaffolder validates with."""


_NAME: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
OwnedName = Annotated[
    str, Field(max_length=71, pattern=rf"^{_NAME}(/{_NAME})?$", examples=["vision", "vision/chat"])
]
"""A tenant's name, or a workload's as ``<tenant>/<workload>``."""


class Input(BaseModel):
    """Base of what goes into an action: strict and closed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)

    @property
    def reads_tenants(self) -> bool:
        """Whether the answer also follows from what the repository holds of tenants."""
        return False


class Output(ResponseModel):
    """Base of what comes out of an action; None is left out."""

    model_config = ConfigDict(frozen=True)


I = TypeVar("I", bound=Input)  # noqa: E741 - input
O = TypeVar("O", bound=Output)  # noqa: E741 - output


class Effort(enum.Enum):
    """What an action mostly does, and so in which lane it runs."""

    COMPUTES = "computing"
    WAITS = "working"


@dataclass(frozen=True, slots=True)
class Example:
    """Steps of a template that use the action."""

    description: str
    input: Mapping[str, Any]


class ActionCall(Protocol):
    """One run, as its action sees it."""

    action: str
    """Id of the action."""
    caller: Principal
    fleet: FleetSource
    audit: Audit
    dry_run: bool
    task: str | None
    """The scaffolder's task, where there is one."""
    step: str | None
    """Its step."""
    request_id: str
    today: dt.date
    """The day against which expiry dates are held."""

    def context(self) -> FleetContext:
        """The fleet, as it was a few seconds ago at most; the same for all of the run.

        Raises:
            UnavailableError: the repository holds no fleet that can be used.
            RepositoryError: it cannot be read.
        """

    def info(self, message: str) -> None:
        """Say something in the task's log, at once."""

    def warn(self, message: str) -> None:
        """The same, for what should be looked at."""

    def file(self, path: str, content: str) -> None:
        """Give a file for the workspace."""

    def removed(self, path: str) -> None:
        """Name a file that the workspace must not have."""

    def check(self) -> None:
        """Go on, or end here: for a place where nothing is half-done.

        Raises:
            CancelledRunError: the run should end.
        """

    def finish(self) -> None:
        """Go on, or end here. From here on the action runs to its end, also without a listener.

        Raises:
            CancelledRunError: the run should end.
        """


@dataclass(frozen=True)
class Action(Generic[I, O]):
    """One thing that can be asked for.

    Args:
        id: as templates name it: ``goldenpath:render``.
        title: for lists.
        description: what it does, in Markdown.
        input: what goes in.
        output: what comes out.
        examples: steps that use it; each is a test.
        effort: in which lane it runs.
        verb: what a caller must be allowed to do before it begins.
        run: does it, and gives the output.
        follows: whether all that it says follows from the input, :meth:`Call.context` and the day, unless the input
            says that it reads tenants. Such an answer may be given again without running.
    """

    id: str
    title: str
    description: str
    input: type[I]
    output: type[O]
    examples: tuple[Example, ...]
    effort: Effort
    verb: Verb
    run: Callable[[I, ActionCall], O]
    follows: bool = False

    @property
    def verb_name(self) -> str:
        """The id without its prefix."""
        return self.id.partition(":")[2]

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The action as Backstage registers it."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "supportsDryRun": True,
            "schema": {"input": _schema(self.input), "output": _schema(self.output)},
            "examples": [
                {"description": example.description, "example": self._as_template(example)}
                for example in self.examples
            ],
        }

    def _as_template(self, example: Example) -> str:
        from goldenpath import kubeyaml  # noqa: PLC0415 - only definitions need it

        step = {"id": self.verb_name, "action": self.id, "input": dict(example.input)}
        return kubeyaml.dump({"steps": [step]})


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(mode="validation")
    schema.pop("title", None)
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
    return {"$schema": DIALECT, **schema}
