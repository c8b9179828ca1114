"""The plain ``cookiecutter`` CLI as a front door, with the same parser and so the same bytes.

cookiecutter itself turns numbers into text, takes the first item of a list for a choice, and renders values
as templates. So its variables are read here as answers, made into a request, and parsed like every other
one; the templates then see the same words as in :mod:`goldenpath.render`.

One run is one tenant on one cluster. Named in ``_extensions`` of a golden path's ``cookiecutter.json``.
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
from goldenpath.tenant_requests import tenants_beside

if TYPE_CHECKING:
    from goldenpath.manifests import RenderedFile
    from goldenpath.spec.fleet_spec import FleetSpec

__all__ = ["GoldenPathExtension"]


class BadInput(click.ClickException):
    """What cookiecutter's own command line prints, and ends with 2."""

    exit_code = 2


class GoldenPathExtension(Extension):
    """Gives templates goldenpath's filters, and its words in place of cookiecutter's raw values."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters.update(FILTERS)
        environment.filters[_OVERRIDES] = _overridden
        environment.context_class = _WordsContext
        self._words: dict[str, Any] | None = None
        self._shared: _Shared | None = None

    def words(self, answers: dict[str, Any]) -> dict[str, Any]:
        """The words for cookiecutter's answers, worked out once.

        cookiecutter changes its working directory while it writes, so relative paths must be read before
        that: the name of the outermost folder is the first thing that it renders.

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
        """Send every manifest through the request's overrides, as the library does after rendering.

        With the first file, what golden paths of one kind share is there too: cookiecutter makes its loader late.
        """
        del filename
        if name is not None and self._shared is not None:
            shared, self._shared = self._shared, None
            self._add(shared)
        if name is None or not name.rsplit("/", 1)[-1].removesuffix("[% endif %]").endswith(".yaml"):
            return source
        start, end = self.environment.block_start_string, self.environment.block_end_string
        where = "true" if any(place in name for place in _ON_CLUSTERS) else "false"
        return f"{start} filter {_OVERRIDES}({where}) {end}{source}{start} endfilter {end}"

    def _add(self, shared: _Shared) -> None:
        """Write the files that golden paths of the kind have in common, and let templates include their parts.

        cookiecutter reads one folder, so this is done when it asks for the first of its own files.
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
    """What golden paths of one kind have in common: their templates, and the files that these give in a project."""

    templates: Path
    files: tuple[RenderedFile, ...]
    project: Path


_OVERRIDES = "goldenpath_overrides"
_ON_CLUSTERS = ("clusters/", "[[ folder ]]")
"""What the path of a template for a cluster's file holds."""


@pass_context
def _overridden(context: Context, text: str, on_cluster: bool) -> str:
    request = context.resolve_or_missing("request")
    if not isinstance(request, Envelope):
        return text
    cluster = context.resolve_or_missing("platform").name if on_cluster else None
    return apply_overrides(text, request.overrides, cluster=cluster)


class _WordsContext(Context):
    """Answers with goldenpath's words; ``cookiecutter.name`` is the checked name."""

    def resolve_or_missing(self, key: str) -> Any:
        answers = self.parent.get("cookiecutter")
        # Only while files are made is `_repo_dir` there; while it asks for values, cookiecutter is left alone.
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
    """The words of the templates, and what the golden path's kind adds to its own files."""
    path = read_golden_path(Path(answers["_repo_dir"]))
    file = str(answers.get("fleet") or "")
    if not Path(file).is_file():
        message = "name your fleet file, as in `cookiecutter … fleet=goldenpath.yaml`"
        raise InputError([Problem("fleet", "required", message, file)])
    fleet = load_fleet(file)
    # The folder that cookiecutter was given is the golden path, wherever it is and whichever version.
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
            [Problem("cluster", "required", f"{everywhere[0].ref.path} is on {names}; name one")]
        )
    (resolved,) = pipeline.resolve(spec, cluster=cluster or everywhere[0].cluster_name, parent=parent)
    if kind.has_parent and resolved.is_retiring:
        message = "nothing is rendered for it; `goldenpath render` writes what stays"
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
    """The request that the answers make, or that a file holds, and its tenant where it is a workload."""
    spec = str(answers.get("spec") or "")
    document = kubeyaml.load_file(Path(spec), written=True) if spec else request_from_answers(answers, path)
    tenants = tenants_beside(Path(str(answers["fleet"])), fleet, library)
    request = parse(document, fleet=fleet, library=library, tenants=tenants, file=spec or None)
    if request.golden_path != path.major:
        message = f"is not the golden path that cookiecutter was started with, which is {path.major}"
        raise InputError(
            [Problem("golden_path", "wrong-golden-path", message, request.golden_path, path.major)]
        )
    return request, parent_of(request, tenants)
