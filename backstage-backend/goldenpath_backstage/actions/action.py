"""An action: its definition, and the interface of the run that executes it."""

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
    from goldenpath.spec.ref import Ref
    from goldenpath_backstage.auth.audit import Audit
    from goldenpath_backstage.auth.permissions import Verb
    from goldenpath_backstage.auth.principal import Principal
    from goldenpath_backstage.fleet_source import FleetSource

__all__ = [
    "Action",
    "ActionCall",
    "Effort",
    "Example",
    "Input",
    "Output",
    "OwnedName",
    "OwnedOutput",
    "workload_name",
]

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
"""The dialect of Backstage's scaffolder."""


_NAME: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
OwnedName = Annotated[
    str, Field(max_length=71, pattern=rf"^{_NAME}(/{_NAME})?$", examples=["vision", "vision/chat"])
]
"""A tenant's name, or a workload's as ``<tenant>/<workload>``."""


class Input(BaseModel):
    """Base of an action's input: strict, without unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)

    @property
    def reads_tenants(self) -> bool:
        """Whether the output also depends on the tenants in the repository."""
        return False


class Output(ResponseModel):
    """Base of an action's output. Fields that are None are left out."""

    model_config = ConfigDict(frozen=True)


class OwnedOutput(Output):
    """Base of an output about one tenant or workload."""

    tenant: str
    """The tenant's name."""
    workload: str | None = None
    """The workload's name; left out for a tenant."""


def workload_name(ref: Ref) -> str | None:
    """Return the workload's name; None for a tenant."""
    return None if ref.parent is None else ref.name


I = TypeVar("I", bound=Input)  # noqa: E741 - input
O = TypeVar("O", bound=Output)  # noqa: E741 - output


class Effort(enum.Enum):
    """Whether an action mostly computes or waits, which decides its lane."""

    COMPUTES = "computing"
    WAITS = "working"


@dataclass(frozen=True, slots=True)
class Example:
    """Steps of a template that use the action."""

    description: str
    input: Mapping[str, Any]


class ActionCall(Protocol):
    """The interface that a run offers to its action."""

    action: str
    """The action's id."""
    caller: Principal
    fleet: FleetSource
    audit: Audit
    dry_run: bool
    task: str | None
    """The scaffolder's task, if the caller names one."""
    step: str | None
    """The task's step."""
    request_id: str
    today: dt.date
    """The day for the check of expiry dates."""

    def context(self) -> FleetContext:
        """Return the fleet, read a few seconds ago at most; a run always gets the same one.

        Raises:
            UnavailableError: the repository holds no valid fleet.
            RepositoryError: the repository cannot be read.
        """

    def info(self, message: str) -> None:
        """Write a message to the task's log at once."""

    def warn(self, message: str) -> None:
        """Write a warning to the task's log at once."""

    def file(self, path: str, content: str) -> None:
        """Send a file for the workspace."""

    def removed(self, path: str) -> None:
        """Have a file removed from the workspace."""

    def check(self) -> None:
        """End a cancelled run; called where nothing is half-done.

        Raises:
            CancelledRunError: the run is cancelled.
        """

    def finish(self) -> None:
        """End a cancelled run; any other run from here on completes, even if the caller disconnects.

        Raises:
            CancelledRunError: the run is cancelled.
        """


@dataclass(frozen=True)
class Action(Generic[I, O]):
    """An action that callers can run.

    Args:
        id: the name in templates: ``goldenpath:render``.
        title: shown in lists.
        description: Markdown.
        input: model of the input.
        output: model of the output.
        examples: steps that use the action; each is a test.
        effort: decides the lane.
        verb: the right that a caller needs.
        run: executes the action.
        is_cacheable: whether events and output depend only on the input, :meth:`ActionCall.context` and the day, if
            the input reads no tenants. Such an answer is given again without a run.
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
    is_cacheable: bool = False

    @property
    def verb_name(self) -> str:
        """The id without its prefix."""
        return self.id.partition(":")[2]

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The action, as Backstage registers it."""
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
