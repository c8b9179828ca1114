"""Compiles a golden path once and renders it many times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, Template, TemplateError
from jinja2.runtime import Context

from goldenpath.errors import RenderError
from goldenpath.manifests import RenderedFile
from goldenpath.render.jinja_environment import new_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from jinja2 import Environment

    from goldenpath.paths import GoldenPath

__all__ = ["CompiledPath", "compile_path"]

_PARTS = "templates"
_SAFE_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")


@dataclass(frozen=True, slots=True)
class _File:
    source: str
    name: Template
    body: Template
    is_shared: bool
    """Whether all golden paths of the kind share this file."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder of the template tree. Its name is rendered once for all of its files."""

    name: Template
    files: tuple[_File, ...]


class CompiledPath:
    """A golden path whose templates are compiled."""

    def __init__(
        self, golden_path: GoldenPath, environment: Environment, folders: tuple[_Folder, ...]
    ) -> None:
        self.golden_path = golden_path
        self._environment = environment
        self._folders = folders

    def render(
        self, words: Mapping[str, Any], known: Mapping[str, RenderedFile] = MappingProxyType({})
    ) -> tuple[RenderedFile, ...]:
        """Render every file, in the order of the template folder. A file whose name renders empty is left out.

        Args:
            words: the variables of the templates.
            known: files that are already rendered for another cluster of the same tenant, by path. A path without a
                cluster is shared by all clusters of the tenant, so its file is not rendered again.

        Raises:
            RenderError: a template failed, or its path leaves the folder; the message names the template.
        """
        context = self._context(words)
        return tuple(file for folder in self._folders for file in self._render_folder(folder, context, known))

    def render_shared(self, words: Mapping[str, Any]) -> tuple[RenderedFile, ...]:
        """Render only the files that all golden paths of the kind share; see :meth:`render`."""
        context = self._context(words)
        parts = ((folder, tuple(file for file in folder.files if file.is_shared)) for folder in self._folders)
        shared = (_Folder(folder.name, files) for folder, files in parts if files)
        return tuple(file for folder in shared for file in self._render_folder(folder, context, {}))

    def _context(self, words: Mapping[str, Any]) -> Context:
        # One context serves all files: building one for each file costs more than rendering it.
        return Context(self._environment, {**self._environment.globals, **words}, None, {})

    def _render_folder(
        self, folder: _Folder, context: Context, known: Mapping[str, RenderedFile]
    ) -> Iterator[RenderedFile]:
        place, source = "", folder.files[0].source
        try:
            place = _run(folder.name, context)
            for file in folder.files:
                source = file.source
                name = _run(file.name, context)
                if name:
                    path = _safe(f"{place}/{name}" if place else name, source)
                    yield known.get(path) or RenderedFile(path, _run(file.body, context))
        except TemplateError as error:
            raise RenderError(
                f"{self.golden_path.name} {self.golden_path.version}: {source}: {error}"
            ) from error


def _run(template: Template, context: Context) -> str:
    text = "".join(template.root_render_func(context))
    # Variables that a template sets at its top level end with the template, as under cookiecutter.
    context.vars.clear()
    context.exported_vars.clear()
    return text


def _safe(path: str, source: str) -> str:
    if not _SAFE_PATH.fullmatch(path):
        raise RenderError(f"{source}: the file name renders as {path!r}, which is not a plain relative path")
    return path


@lru_cache(maxsize=64)
def compile_path(golden_path: GoldenPath, shared: Path | None = None) -> CompiledPath:
    """Compile all templates of a golden path. The result is cached.

    Args:
        golden_path: the golden path.
        shared: a folder of templates that all golden paths of a kind share; its ``templates/`` holds parts to include.
            A template of the golden path replaces a shared one of the same path.

    Raises:
        RenderError: a template has a syntax error; the message names file and line.
    """
    folder = golden_path.template_folder
    # The same search path as cookiecutter's: the template folder, and the `templates/` folder next to it for parts.
    places = [folder, golden_path.folder / _PARTS]
    if shared is not None:
        places += [shared, shared / _PARTS]
    environment = new_environment(FileSystemLoader(places))
    folders: dict[str, list[_File]] = {}
    for source, origin in _sources(folder, shared):
        place, _, name = source.rpartition("/")
        try:
            body = environment.get_template(source)
            file = _File(source, environment.from_string(name), body, is_shared=origin == shared)
            folders.setdefault(place, []).append(file)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise RenderError(f"{origin.name}/{source}:{line or 1}: {error}") from error
    compiled = tuple(
        _Folder(environment.from_string(place), tuple(files)) for place, files in folders.items()
    )
    return CompiledPath(golden_path, environment, compiled)


def _sources(folder: Path, shared: Path | None) -> Iterator[tuple[str, Path]]:
    """Yield the path of each template in its folder, and that folder."""
    own = [file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*")) if file.is_file()]
    yield from ((source, folder.parent) for source in own)
    if shared is None:
        return
    for file in sorted(shared.rglob("*")):
        source = file.relative_to(shared).as_posix()
        if file.is_file() and source not in own and not source.startswith(f"{_PARTS}/"):
            yield source, shared
