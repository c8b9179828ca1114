"""Lets the plain ``cookiecutter`` CLI render a golden path with goldenpath's parser, and so to the same bytes.

cookiecutter converts numbers to text, takes the first item of a list as the choice, and renders values as templates.
So this extension reads cookiecutter's variables as answers, converts them to a request, and parses it like any other.
The templates then get the same words as in :mod:`goldenpath.render`.

One run renders one tenant on one cluster. ``_extensions`` of a golden path's ``cookiecutter.json`` names this class.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, pass_context
from jinja2.ext import Extension
from jinja2.runtime import Context

from goldenpath import kubeyaml
from goldenpath.describe.cookiecutter_answers import request_from_answers
from goldenpath.errors import GoldenpathError, InputError, Problem
from goldenpath.kinds import kind_of, shared_parts_of
from goldenpath.paths import GoldenPath, Library
from goldenpath.paths.path_metadata import read_golden_path
from goldenpath.pipeline import Parent, Pipeline, load_fleet, parent_of, parse
from goldenpath.render import compile_path
from goldenpath.render.jinja_environment import FILTERS
from goldenpath.render.overrides import apply_overrides, with_overrides
from goldenpath.render.template_words import words_of
from goldenpath.spec.envelope import Envelope
from goldenpath.tenant_requests import repository_tenants

if TYPE_CHECKING:
    from goldenpath.manifests import RenderedFile
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["GoldenPathExtension"]


class BadInput(click.ClickException):
    """An error that cookiecutter's command line prints before it exits with 2."""

    exit_code = 2


class GoldenPathExtension(Extension):
    """Gives templates goldenpath's filters, and its words instead of cookiecutter's raw values."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters.update(FILTERS)
        environment.filters[_OVERRIDES] = _overridden
        environment.context_class = _WordsContext
        self._words: dict[str, Any] | None = None
        self._shared: _Shared | None = None

    def words(self, answers: dict[str, Any]) -> dict[str, Any]:
        """Return the words for cookiecutter's answers, computed once.

        cookiecutter changes its working directory while it writes, so relative paths are read at the first rendering,
        which is the name of the outermost folder.

        Raises:
            BadInput: with every problem of the answers.
        """
        if self._words is None:
            try:
                self._words, self._shared = _words(answers)
            except GoldenpathError as error:
                raise BadInput(str(error)) from None
        return self._words

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Wrap every manifest in a filter that applies the request's overrides, as the library does after rendering.

        The shared files are added with the first file, since cookiecutter creates its loader late.
        """
        del filename
        if name is not None and self._shared is not None:
            shared, self._shared = self._shared, None
            self._add(shared)
        if name is None or not name.rsplit("/", 1)[-1].removesuffix("[% endif %]").endswith(".yaml"):
            return source
        start, end = self.environment.block_start_string, self.environment.block_end_string
        on_cluster = "true" if any(part in name for part in _CLUSTER_PATH_PARTS) else "false"
        return f"{start} filter {_OVERRIDES}({on_cluster}) {end}{source}{start} endfilter {end}"

    def _add(self, shared: _Shared) -> None:
        """Write the shared files of the golden path's kind, and let templates include the shared parts.

        cookiecutter reads only one folder, so this happens when it loads the first of its own files.
        """
        parts = FileSystemLoader([shared.templates, shared.templates / "templates"])
        self.environment.loader = ChoiceLoader(
            [loader for loader in (self.environment.loader, parts) if loader]
        )
        for file in shared.files:
            place = shared.project / file.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(file.text, encoding="utf-8", newline="\n")


@dataclass(frozen=True, slots=True)
class _Shared:
    """The shared templates of golden paths of one kind, and the project's files that are rendered from them."""

    templates: Path
    files: tuple[RenderedFile, ...]
    project: Path


_OVERRIDES = "goldenpath_overrides"
_CLUSTER_PATH_PARTS = ("clusters/", "[[ folder ]]")
"""Parts of the path of a template for a file on a cluster."""


@pass_context
def _overridden(context: Context, text: str, on_cluster: bool) -> str:
    request = context.resolve_or_missing("request")
    if not isinstance(request, Envelope):
        return text
    cluster = context.resolve_or_missing("platform").name if on_cluster else None
    return apply_overrides(text, request.overrides, cluster=cluster)


class _WordsContext(Context):
    """Resolves variables to goldenpath's words; ``cookiecutter.name`` is the checked name."""

    def resolve_or_missing(self, key: str) -> Any:
        answers = self.parent.get("cookiecutter")
        # cookiecutter sets `_repo_dir` only while it writes files; its questions are left unchanged.
        if isinstance(answers, dict) and "_repo_dir" in answers and key not in self.vars:
            words = _extension(self.environment).words(answers)
            if key in words:
                return words[key]
        return super().resolve_or_missing(key)


def _extension(environment: Environment) -> GoldenPathExtension:
    extension = environment.extensions[GoldenPathExtension.identifier]
    if not isinstance(extension, GoldenPathExtension):
        raise TypeError(extension)
    return extension


def _words(answers: dict[str, Any]) -> tuple[dict[str, Any], _Shared | None]:
    """Return the words for the templates, and the shared files of the golden path's kind."""
    path = read_golden_path(Path(answers["_repo_dir"]))
    file = str(answers.get("fleet") or "")
    if not Path(file).is_file():
        message = "is not a file; name your fleet's file, as in `cookiecutter … fleet=goldenpath.yaml`"
        raise InputError([Problem("fleet", "required", message, file)])
    fleet = load_fleet(file)
    # The golden path is the folder that cookiecutter was given, at any place and of any version.
    home = path.folder.parent
    library = Library([home.parent.parent if home.name == "versions" else home])
    pipeline = Pipeline(fleet, library=library)
    cluster = str(answers.get("cluster") or "") or None
    kind = kind_of(path)
    if not kind.is_requested:
        if cluster not in pipeline.platforms:
            raise InputError(
                [Problem("cluster", "required", f"must be one of {', '.join(pipeline.platforms)}", cluster)]
            )
        spec: Envelope | FleetSpec = fleet
        parent: Parent | None = None
    else:
        spec, parent = _request(answers, path, fleet, library)
    everywhere = pipeline.resolve(spec, parent=parent)
    if cluster is None and len(everywhere) > 1:
        names = ", ".join(each.cluster_name for each in everywhere)
        raise InputError(
            [Problem("cluster", "required", f"{everywhere[0].ref.path} is on {names}; name one of them")]
        )
    (resolved,) = pipeline.resolve(spec, cluster=cluster or everywhere[0].cluster_name, parent=parent)
    if kind.has_parent and resolved.is_retiring:
        message = "has no files on a cluster that it leaves; use `goldenpath render` for the remaining files"
        raise InputError([Problem("retiring", "retiring", message)])
    words = words_of(path, resolved, everywhere) | {"cookiecutter": {"name": resolved.ref.name}}
    templates = shared_parts_of(path)
    if templates is None:
        return words, None
    overrides = spec.overrides if isinstance(spec, Envelope) else ()
    files = tuple(
        with_overrides(file, overrides) for file in compile_path(path, templates).render_shared(words)
    )
    return words, _Shared(templates, files, Path(answers["_output_dir"]) / resolved.ref.name)


def _request(
    answers: dict[str, Any], path: GoldenPath, fleet: FleetSpec, library: Library
) -> tuple[Envelope, Parent | None]:
    """Return the request from the answers or from a file, and a workload's tenant."""
    spec = str(answers.get("spec") or "")
    document = kubeyaml.load_file(Path(spec), written=True) if spec else request_from_answers(answers, path)
    tenants = repository_tenants(Path(str(answers["fleet"])), fleet, library)
    request = parse(document, fleet=fleet, library=library, tenants=tenants, file=spec or None)
    if request.golden_path != path.major:
        message = f"is not {path.major}, the golden path that cookiecutter was started with; use the same one"
        raise InputError(
            [Problem("golden_path", "wrong-golden-path", message, request.golden_path, path.major)]
        )
    return request, parent_of(request, tenants)
