"""Compiling a golden path once, and rendering it many times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, Template, TemplateError
from jinja2.runtime import Context

from goldenpath.errors import RenderError
from goldenpath.manifests import RenderedFile
from goldenpath.render.environment import new_environment

if TYPE_CHECKING:
    from jinja2 import Environment

    from goldenpath.paths import GoldenPath

__all__ = ["CompiledPath", "compile_path"]

_SAFE_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class _File:
    source: str
    name: Template
    body: Template


class CompiledPath:
    """A golden path whose templates are compiled."""

    def __init__(self, golden_path: GoldenPath, environment: Environment, files: tuple[_File, ...]) -> None:
        self.golden_path = golden_path
        self._environment = environment
        self._files = files

    def render(self, words: Mapping[str, Any]) -> tuple[RenderedFile, ...]:
        """Every file, in the order of the template folder; a file whose name comes out empty is left out.

        Raises:
            RenderError: a template failed, or would leave its folder; the message names its file.
        """
        # One context serves all files: building one for each file costs more than rendering it.
        context = Context(self._environment, {**self._environment.globals, **words}, None, {})
        rendered = []
        for file in self._files:
            try:
                path = _run(file.name, context)
                if path.endswith("/"):
                    continue
                rendered.append(RenderedFile(_safe(path, file.source), _run(file.body, context)))
            except TemplateError as error:
                raise RenderError(f"{self.golden_path.name} {self.golden_path.version}: {file.source}: {error}") from error
        return tuple(rendered)


def _run(template: Template, context: Context) -> str:
    text = "".join(template.root_render_func(context))
    # What a file sets at its top level is its own: under cookiecutter each file has a context of its own too.
    context.vars.clear()
    context.exported_vars.clear()
    return text


def _safe(path: str, source: str) -> str:
    if not all(_SAFE_SEGMENT.fullmatch(segment) for segment in path.split("/")):
        raise RenderError(f"{source}: the file name comes out as {path!r}, which is no plain relative path")
    return path


def compile_path(golden_path: GoldenPath) -> CompiledPath:
    """Compile all templates of a golden path.

    Raises:
        RenderError: a template has a syntax error; the message names file and line.
    """
    folder = golden_path.template_folder
    # The same search path as cookiecutter's: the template folder, and `templates/` beside it for shared parts.
    environment = new_environment(FileSystemLoader([folder, golden_path.folder / "templates"]))
    files = []
    for file in sorted(folder.rglob("*")):
        if not file.is_file():
            continue
        source = PurePosixPath(file.relative_to(folder)).as_posix()
        try:
            files.append(_File(source, environment.from_string(source), environment.get_template(source)))
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise RenderError(f"{golden_path.folder.name}/{source}:{line or 1}: {error}") from error
    return CompiledPath(golden_path, environment, tuple(files))
