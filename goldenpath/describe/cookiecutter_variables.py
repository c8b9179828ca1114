"""The ``cookiecutter.json`` of a golden path, for the plain cookiecutter CLI.

All defaults are text, and empty where a field has no default. cookiecutter turns numbers into text, shows a list as a
choice whose wrong answer ends in a traceback, and asks yes or no for a boolean. The parser checks the answers as it
checks every other request.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from goldenpath.describe.cookiecutter_answers import AnswerVariable, variables
from goldenpath.describe.schema_fields import FieldShape, SpecField
from goldenpath.errors import MISSING
from goldenpath.kinds import kind_of
from goldenpath.paths.syntax import SYNTAX

if TYPE_CHECKING:
    from goldenpath.paths import GoldenPath

__all__ = ["cookiecutter_json"]

_EXTENSION: Final = "goldenpath.cookiecutter_extension.GoldenPathExtension"
_FLEET: Final = {"fleet": ("goldenpath.yaml", "fleet: Fleet file.")}
_CLUSTER_OF_TENANT: Final = "cluster: Cluster to render, where a request file has several."
_CLUSTER_OF_PLATFORM: Final = "cluster: Cluster. (required)"
_SPEC: Final = "spec: Request file; it replaces the answers to all questions after the cluster."
_SHOWN_CHOICES: Final = 10


def cookiecutter_json(path: GoldenPath) -> dict[str, Any]:
    """Return the content of ``cookiecutter.json``: variables with defaults, prompts, and goldenpath's extension."""
    if kind_of(path).is_requested:
        questions = {"spec": ("", _SPEC), **_FLEET, "cluster": ("", _CLUSTER_OF_TENANT)}
        questions |= {variable.name: ("", _prompt(variable)) for variable in variables(path)}
    else:
        questions = {**_FLEET, "cluster": ("", _CLUSTER_OF_PLATFORM)}
    return {
        "_generated": "by `make generate` from the spec and golden-path.yaml; do not edit",
        **{name: default for name, (default, _) in questions.items()},
        "__prompts__": {name: prompt for name, (_, prompt) in questions.items()},
        "_extensions": [_EXTENSION],
        "_jinja2_env_vars": dict(SYNTAX),
    }


def _prompt(variable: AnswerVariable) -> str:
    """Return the variable's name, which the prompt replaces, its meaning, and hints for the answer."""
    shared = len(variable.fields) > 1
    meanings = [f"With {f.variant}: {f.description}" if shared else f.description for f in variable.fields]
    hints = dict.fromkeys(hint for field in variable.fields for hint in _hints(field))
    text = " ".join(
        [f"{variable.name}:", *filter(None, meanings), *([f"({'; '.join(hints)})"] if hints else [])]
    )
    # cookiecutter passes prompts to rich, which reads square brackets as markup.
    return text.replace("[", "\\[")


def _hints(field: SpecField) -> list[str]:
    hints = []
    if field.required and len(field.location) == 1:
        hints.append("required")
    if field.choices and len(field.choices) <= _SHOWN_CHOICES:
        hints.append("one of " + ", ".join(map(str, field.choices)))
    elif field.shape is FieldShape.BOOLEAN:
        hints.append("true or false")
    if field.shape is FieldShape.LIST:
        hints.append("separated by commas")
    if field.default is not MISSING:
        default = field.default if isinstance(field.default, str) else json.dumps(field.default)
        hints.append(f"{default} where nothing is given")
    return hints
