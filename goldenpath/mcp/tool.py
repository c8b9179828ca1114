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
    """Base of the inputs of tools."""


class RequestInput(ToolInput):
    """A request."""

    request: Annotated[str, Field(min_length=1, max_length=_MAX_REQUEST_CHARS)]
    """The whole request as YAML, as in `tenant.yaml` or `workload.yaml`. Comments are kept."""


I = TypeVar("I", bound=ToolInput)  # noqa: E741 - input


@dataclass(frozen=True)
class Tool(Generic[I]):
    """A tool that an assistant can call."""

    name: str
    title: str
    """For people."""
    description: str
    """For the assistant: what the tool does, and when to use it."""
    input: type[I]
    source: AnswerSource
    run: Callable[[Desk, I], dict[str, Any]]
    """Returns the answer as plain data."""
    changes: bool = False
    """Whether the tool writes; all other tools only read."""

    @cached_property
    def input_schema(self) -> dict[str, Any]:
        """The input as JSON Schema."""
        schema = self.input.model_json_schema(mode="validation")
        schema.pop("title", None)
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
        return schema


def accepted(tool: Tool[I], arguments: Any) -> I:
    """Parse the arguments of a call into the tool's input.

    Raises:
        InputError: lists every problem, each with its argument.
    """
    try:
        return tool.input.model_validate(arguments)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InputError(problem_of(tool.input, arguments, entry) for entry in found) from None


def submission_of(asked: RequestInput) -> Submission:
    """Parse the request that an assistant wrote.

    Raises:
        InputError: the text is not YAML that Kubernetes reads, or not a request.
    """
    document = kubeyaml.load(asked.request, name="request", written=True)
    request = Submission(document, asked.request, "request")
    if not isinstance(document, dict):
        raise InputError.of("", "type", "must be a request: a mapping of fields", file="request")
    if request.is_fleet:
        message = (
            "is the fleet file, which only a person may change; send the request of a tenant or workload"
        )
        raise InputError.of("", "not-a-request", message, file="request")
    return request
