"""The events of a run in one document, for callers that read one answer instead of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from goldenpath_backstage.http.problem_documents import ProblemDocument

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RunResult", "result_of"]


class _Part(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class LogLine(_Part):
    """Something that was said on the way."""

    level: Literal["info", "warn", "error"]
    """How much it weighs."""
    message: str
    """What people read: a line, or some that belong together."""


class WorkspaceFile(_Part):
    """A file that belongs into the workspace."""

    path: str
    """Relative, with `/`, and never out of the workspace."""
    content: str
    """Its text."""


class RunResult(_Part):
    """The events of a successful run, in one document."""

    output: dict[str, Any]
    """Its outputs by name."""
    log: list[LogLine]
    """What it said on the way."""
    files: list[WorkspaceFile]
    """Files that belong into the workspace."""
    removed: list[str]
    """Paths of files that the workspace must not have any more."""


def result_of(lines: Iterable[bytes]) -> RunResult | ProblemDocument:
    """What the events of a run come to: its result, or the problem that ended it.

    Args:
        lines: all of its events, each one line of JSON.
    """
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
