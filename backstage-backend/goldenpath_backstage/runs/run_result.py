"""The events of a run as one document, for callers that do not read a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import from_json

from goldenpath_backstage.http.problem_documents import ProblemDocument
from goldenpath_backstage.response_schemas import DescribedModel

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RunResult", "result_of"]


class LogLine(DescribedModel):
    """An entry of the task's log."""

    level: Literal["info", "warn", "error"]
    """The level of the entry."""
    message: str
    """The text, of one or more lines."""


class WorkspaceFile(DescribedModel):
    """A file to write into the workspace."""

    path: str
    """Relative path with `/`, never outside the workspace."""
    content: str
    """The text of the file."""


class RunResult(DescribedModel):
    """The events of a successful run as one document."""

    output: dict[str, Any]
    """The outputs by name."""
    log: list[LogLine]
    """The entries of the task's log."""
    files: list[WorkspaceFile]
    """Files to write into the workspace."""
    removed: list[str]
    """Paths of files to remove from the workspace."""


def result_of(lines: Iterable[bytes]) -> RunResult | ProblemDocument:
    """Combine all events of a run, each one line of JSON, into its result or the problem that ended it."""
    result = RunResult(output={}, log=[], files=[], removed=[])
    for line in lines:
        match from_json(line):
            case {"type": "log", "level": level, "message": message}:
                result.log.append(LogLine(level=level, message=message))
            case {"type": "file", "path": path, "content": content}:
                result.files.append(WorkspaceFile(path=path, content=content))
            case {"type": "removed", "path": path}:
                result.removed.append(path)
            case {"type": "output", "name": name, "value": value}:
                result.output[name] = value
            case {"type": "error", "problem": problem}:
                return ProblemDocument.model_validate(problem)
    return result
