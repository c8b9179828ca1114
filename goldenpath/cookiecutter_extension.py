"""The plain ``cookiecutter`` CLI as a front door, with the same parser and so the same bytes.

cookiecutter itself turns numbers into text, takes the first item of a list for a choice, and renders values
as templates. So its variables are read here as answers, made into a request, and parsed like every other
one; the templates then see the same words as in :mod:`goldenpath.render`.

One run is one tenant on one cluster. Named in ``_extensions`` of a golden path's ``cookiecutter.json``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from jinja2 import Environment, pass_context
from jinja2.ext import Extension
from jinja2.runtime import Context

from goldenpath import kubeyaml
from goldenpath.describe.cookiecutter_answers import request_from_answers
from goldenpath.errors import GoldenpathError, InputError, Problem
from goldenpath.paths import Library
from goldenpath.paths.path_metadata import read_golden_path
from goldenpath.pipeline import Pipeline, load_fleet, parse
from goldenpath.render.jinja_environment import FILTERS
from goldenpath.render.overrides import apply_overrides
from goldenpath.render.template_words import platform_words, tenancy_words
from goldenpath.spec.tenant import Tenant

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

    def words(self, answers: dict[str, Any]) -> dict[str, Any]:
        """The words for cookiecutter's answers, worked out once.

        cookiecutter changes its working directory while it writes, so relative paths must be read before
        that: the name of the outermost folder is the first thing that it renders.

        Raises:
            BadInput: with every problem of the answers.
        """
        if self._words is None:
            try:
                self._words = _words(answers)
            except GoldenpathError as error:
                raise BadInput(str(error)) from None
        return self._words

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Send every manifest through the request's overrides, as the library does after rendering."""
        del filename
        if name is None or not name.rsplit("/", 1)[-1].removesuffix("[% endif %]").endswith(".yaml"):
            return source
        start, end = self.environment.block_start_string, self.environment.block_end_string
        return f"{start} filter {_OVERRIDES} {end}{source}{start} endfilter {end}"


_OVERRIDES = "goldenpath_overrides"


@pass_context
def _overridden(context: Context, text: str) -> str:
    tenant = context.resolve_or_missing("tenant")
    return apply_overrides(text, tenant.overrides) if isinstance(tenant, Tenant) else text


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


def _words(answers: dict[str, Any]) -> dict[str, Any]:
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
    if not path.is_for_tenants:
        platforms = pipeline.platforms
        if cluster not in platforms:
            raise InputError(
                [Problem("cluster", "required", f"must be one of {', '.join(platforms)}", cluster)]
            )
        return platform_words(path, platforms[cluster]) | {"cookiecutter": {"name": cluster}}
    spec = str(answers.get("spec") or "")
    document = kubeyaml.load_file(Path(spec), written=True) if spec else request_from_answers(answers, path)
    tenant = parse(document, fleet=fleet, library=library, file=spec or None)
    if tenant.golden_path != path.major:
        message = f"is not the golden path that cookiecutter was started with, which is {path.major}"
        raise InputError(
            [Problem("golden_path", "wrong-golden-path", message, tenant.golden_path, path.major)]
        )
    if cluster is None and len(pipeline.tenancies(tenant)) > 1:
        names = ", ".join(tenancy.cluster_name for tenancy in pipeline.tenancies(tenant))
        raise InputError([Problem("cluster", "required", f"{tenant.name} is on {names}; name one")])
    (tenancy,) = pipeline.tenancies(tenant, cluster)
    words = tenancy_words(path, tenancy, pipeline.tenancies(tenant))
    return words | {"cookiecutter": {"name": tenant.name}}
