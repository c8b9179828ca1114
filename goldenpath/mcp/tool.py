"""A tool: its input, its hints, and its function."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

from pydantic import Field, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import InputError
from goldenpath.fleet import Submission
from goldenpath.spec.document_model import Model
from goldenpath.spec.pydantic_errors import problem_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from goldenpath.mcp.answers import AnswerSource
    from goldenpath.mcp.desk import Desk

__all__ = ["RequestInput", "Tool", "ToolInput", "accepted", "submission_of"]

_MAX_REQUEST_CHARS = 200_000


class ToolInput(Model):
    """Base of what goes into a tool."""


class RequestInput(ToolInput):
    """A request."""

    request: Annotated[str, Field(min_length=1, max_length=_MAX_REQUEST_CHARS)]
    """The whole request as YAML, as `tenant.yaml` or `workload.yaml` holds it; comments are kept."""


I = TypeVar("I", bound=ToolInput)  # noqa: E741 - input


@dataclass(frozen=True)
class Tool(Generic[I]):
    """One thing that an assistant can ask for.

    Args:
        name: as it is called.
        title: for people.
        description: what it does and when to use it, for the assistant.
        input: what goes in.
        source: where the text in its answers comes from.
        run: does it, and gives plain data.
        changes: whether it changes anything outside; all others only read.
    """

    name: str
    title: str
    description: str
    input: type[I]
    source: AnswerSource
    run: Callable[[Desk, I], dict[str, Any]]
    changes: bool = False

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The input as JSON Schema."""
        schema = self.input.model_json_schema(mode="validation")
        schema.pop("title", None)
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
        return schema


def accepted(tool: Tool[I], arguments: Any) -> I:
    """The arguments of a call, as the tool's input.

    Raises:
        InputError: with every problem, each at its argument.
    """
    try:
        return tool.input.model_validate(arguments)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InputError(problem_of(tool.input, arguments, entry) for entry in found) from None


def submission_of(asked: RequestInput) -> Submission:
    """The request that an assistant has written.

    Raises:
        InputError: it is not YAML that Kubernetes reads, or no request.
    """
    document = kubeyaml.load(asked.request, name="request", written=True)
    request = Submission(document, asked.request, "request")
    if not isinstance(document, dict):
        raise InputError.of("", "type", "must be a request: a mapping of fields", file="request")
    if request.is_fleet:
        message = "is the fleet's own file; a person changes that one"
        raise InputError.of("", "not-a-request", message, file="request")
    return request
