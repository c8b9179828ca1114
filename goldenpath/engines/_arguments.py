"""The command-line arguments of each engine's server, by version.

``tools/engine_arguments.py`` writes `arguments/<engine>-<version>.json` from the sources of a release. For TensorRT-LLM,
whose sources were not available, the published reference of the command is the source. A version between two lists uses
the older list, so a newer argument is reported as unknown. Settings in the file of TensorRT-LLM's ``--config``
(tensorrt_llm/llmapi/llm_args.py) are not arguments, and no request may name such a file.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from goldenpath import kubeyaml
from goldenpath.catalogue_files import CatalogueModel
from goldenpath.engines._versions import EngineVersion
from goldenpath.errors import DataError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Argument", "ArgumentList", "argument_list", "argument_versions", "refused_arguments"]

_FOLDER: Final = "arguments"
_REFUSED: Final = "refused_arguments.yaml"
_INTEGER: Final = re.compile(r"-?[0-9]+[kKmMgGtT]?|auto")
"""vLLM accepts 8k and 1M as numbers, and `auto` as a length."""

_FILLED_IN: Final = re.compile(r"\$\([A-Z0-9_]+\)")

Kind = Literal["flag", "switch", "integer", "number", "text", "list", "json"]


class Argument(CatalogueModel):
    """One argument. A ``flag`` and a ``switch`` take no value, and ``--no-…`` turns a switch off.

    ``choices`` are empty if other values are possible. ``default`` is None if only a running engine knows it. ``instead``
    is the replacement that the help text names.
    """

    name: Annotated[str, Field(pattern=r"^--[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    type: Kind
    aliases: tuple[str, ...] = ()
    choices: tuple[str | int | float | bool | None, ...] = ()
    default: Any = None
    deprecated: bool = False
    instead: str | None = None

    def problem(self, value: object) -> str | None:
        """Return the reason why a value is invalid, or None. ``True`` means an argument without a value."""
        if self.type in {"flag", "switch"}:
            return None if isinstance(value, bool) else "takes no value; set it to true or false"
        text = str(value)
        if isinstance(value, bool):
            return None if self.type == "text" else "needs a value"
        if self.choices and text not in {str(choice) for choice in self.choices}:
            return f"must be one of {', '.join(str(choice) for choice in self.choices if choice is not None)}"
        if self.type == "integer" and not _INTEGER.fullmatch(text):
            return "must be a whole number"
        return "must be a number" if self.type == "number" and not _is_number(text) else None


class _Document(CatalogueModel):
    engine: str
    version: str
    project: str
    files: dict[str, Annotated[str, Field(pattern=r"^([0-9a-f]{64}|commit [0-9a-f]{40})$")]]
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class ArgumentList:
    """The arguments of one version of an engine.

    ``files`` are the sources: files of the release with their SHA-256, or the published reference page with its commit.
    """

    engine: str
    version: EngineVersion
    project: str
    files: Mapping[str, str]
    arguments: tuple[Argument, ...]

    def __iter__(self) -> Iterator[Argument]:
        return iter(self.arguments)

    @cached_property
    def _by_name(self) -> Mapping[str, Argument]:
        found: dict[str, Argument] = {}
        for argument in self.arguments:
            for name in (argument.name, *argument.aliases):
                found[name] = argument
                if argument.type == "switch" and name.startswith("--"):
                    found[f"--no-{name[2:]}"] = argument
        return found

    def get(self, name: str) -> Argument | None:
        """Return an argument by any of its names, with dashes: ``--dtype``, ``-tp``, ``--no-enable-…``."""
        return self._by_name.get(name)

    def nearest(self, name: str) -> str | None:
        """Return the known name that is closest to a misspelt one, or None."""
        found = difflib.get_close_matches(name, self._by_name, n=1)
        return found[0] if found else None

    def problems(self, arguments: Sequence[str]) -> Iterator[str]:
        """Yield what this version refuses in a command line of ``--name=value`` and ``--name value``.

        Values that Kubernetes fills in, ``$(NAME)``, are not checked.
        """
        index = 0
        while index < len(arguments):
            name, equals, value = arguments[index].partition("=")
            index += 1
            if not name.startswith("-"):
                continue
            argument = self.get(name)
            if argument is None:
                near = self.nearest(name)
                yield f"{name} is not an argument of {self.engine} {self.version}" + (
                    f"; did you mean {near}?" if near else ""
                )
                continue
            takes_value = argument.type not in {"flag", "switch"}
            if (
                not equals
                and takes_value
                and index < len(arguments)
                and not arguments[index].startswith("--")
            ):
                value, equals = arguments[index], " "
                index += 1
            why = argument.problem(value if equals else True)
            if why is not None and not _FILLED_IN.fullmatch(value):
                yield f"{name} {why}"


def argument_versions(engine: str) -> tuple[EngineVersion, ...]:
    """Return the versions of an engine with known arguments, the oldest first."""
    return tuple(sorted(EngineVersion.parse(version) for name, version in _listed() if name == engine))


def argument_list(engine: str, version: str) -> ArgumentList | None:
    """Return the arguments of a version, or of the newest version before it; None without either.

    Raises:
        ValueError: the text is not a version.
        DataError: the shipped data is invalid.
    """
    wanted = EngineVersion.parse(version)
    known = [each for each in argument_versions(engine) if each <= wanted]
    return _read(engine, str(known[-1])) if known else None


@cache
def refused_arguments(engine: str) -> Mapping[str, str]:
    """Return the arguments of an engine that no request may set, by name without dashes, each with its reason.

    Raises:
        DataError: the shipped data is invalid.
    """
    try:
        groups = kubeyaml.load(
            (files("goldenpath.engines") / _REFUSED).read_text(encoding="utf-8"), name=_REFUSED
        )
        return {
            str(name): str(group["why"]) for group in groups for name in group["arguments"].get(engine, ())
        }
    except (OSError, InputError, AttributeError, KeyError, TypeError) as error:
        raise DataError(f"engines/{_REFUSED}: cannot be read: {error}") from error


@cache
def _listed() -> tuple[tuple[str, str], ...]:
    names = (file.name for file in (files("goldenpath.engines") / _FOLDER).iterdir())
    stems = (name.removesuffix(".json").rpartition("-") for name in names if name.endswith(".json"))
    return tuple(sorted((engine, version) for engine, _, version in stems))


@cache
def _read(engine: str, version: str) -> ArgumentList:
    file = files("goldenpath.engines") / _FOLDER / f"{engine}-{version}.json"
    try:
        document = _Document.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DataError(f"engines/{_FOLDER}/{file.name}: {error}") from error
    if (document.engine, document.version) != (engine, version):
        raise DataError(
            f"engines/{_FOLDER}/{file.name}: has the arguments of {document.engine} {document.version}"
        )
    return ArgumentList(
        engine, EngineVersion.parse(version), document.project, document.files, document.arguments
    )


def _is_number(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, int | float) and not isinstance(value, bool)
