"""Reads the options of a command in Python that declares them for click: ``trtllm-serve`` of TensorRT-LLM.

An option is a decorator ``@click.option`` of the command's function. The call states its names, type, choices and default,
and whether it is a flag.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from argument_sources import UNKNOWN, SourceArgument
from argument_values import SIMPLE, Values, called, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from argument_sources import Module, Sources

__all__ = ["Command", "options"]

_DEPRECATED: Final = re.compile(r"\bdeprecated\b", re.IGNORECASE)
_CHOICES: Final = "Choice"
"""A part of the name of a click type that lists its values."""


@dataclass(frozen=True)
class Command:
    """The command that starts the server, and the module that declares it."""

    project: str
    module: str
    name: str


def options(command: Command, sources: Sources) -> list[SourceArgument]:
    """Every option of the command, sorted by name; empty for an unknown module or command."""
    module = sources.module(command.module)
    function = _function(module, command.name) if module else None
    if module is None or function is None:
        return []
    values = Values(sources)
    found = [_option(module, each, values) for each in function.decorator_list if _is(each, "option")]
    return sorted((each for each in found if each is not None), key=lambda argument: argument.name)


def _function(module: Module, command: str) -> ast.FunctionDef | None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef) and command in set(_commands(node)):
            return node
    return None


def _commands(function: ast.FunctionDef) -> Iterator[str]:
    for each in function.decorator_list:
        if isinstance(each, ast.Call) and _is(each, "command"):
            yield from (
                part.value
                for part in each.args
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


def _is(decorator: ast.expr, name: str) -> bool:
    return isinstance(decorator, ast.Call) and called(decorator) == name


def _option(module: Module, decorator: ast.expr, values: Values) -> SourceArgument | None:
    if not isinstance(decorator, ast.Call):
        return None
    written = [value for each in decorator.args if isinstance(value := values.value(module, each), str)]
    # ``--on/--off`` is a switch. A name without dashes is the function's parameter.
    flags = [each for each in written if each.startswith("-")]
    if not flags:
        return None
    said = {word.arg: word.value for word in decorator.keywords if word.arg}
    name, _, negative = flags[0].partition("/")
    aliases = [part for flag in flags[1:] for part in flag.split("/")]
    argument = SourceArgument(name, _type(module, said, values), aliases, _choices(module, said, values))
    if negative:
        argument.type = "switch" if negative == f"--no-{name[2:]}" else "flag"
        argument.aliases += [] if argument.type == "switch" else [negative]
    default = values.value(module, said.get("default"))
    argument.default = default if _is_plain(default) else UNKNOWN
    argument.deprecated = _is_deprecated(module, said, values)
    return argument


def _type(module: Module, said: dict[str, ast.expr], values: Values) -> str:
    if values.value(module, said.get("is_flag")) is True:
        return "flag"
    if values.value(module, said.get("multiple")) is True:
        return "list"
    declared = said.get("type")
    if declared is None:
        default = values.value(module, said.get("default"))
        return SIMPLE.get(type(default).__name__, "text")
    return SIMPLE.get(name_of(declared) or "", "text")


def _choices(module: Module, said: dict[str, ast.expr], values: Values) -> list[Any] | None:
    """The literal choices with their aliases; None for choices that a registry computes."""
    declared = said.get("type")
    if not isinstance(declared, ast.Call) or _CHOICES not in (called(declared) or ""):
        return None
    listed, *others = [*declared.args, None]
    found = _names(module, listed, values)
    if found is None:
        return None
    aliases = _names(module, others[0], values) or []
    return [*found, *aliases]


def _names(module: Module, node: ast.expr | None, values: Values) -> list[Any] | None:
    """The items of a list, or the keys of a literal table, also of ``TABLE.keys()``."""
    if isinstance(node, ast.Call) and called(node) == "keys" and isinstance(node.func, ast.Attribute):
        node = node.func.value
    if isinstance(node, ast.Name):
        there = values.resolve(module, node.id)
        module, node = there if there is not None else (module, None)
    if isinstance(node, ast.Dict):
        keys = [values.value(module, key) for key in node.keys]
        return None if UNKNOWN in keys else keys
    found = values.value(module, node)
    return list(found) if isinstance(found, list) else None


def _is_deprecated(module: Module, said: dict[str, ast.expr], values: Values) -> bool:
    if values.value(module, said.get("deprecated")) is True:
        return True
    help_text = said.get("help")
    texts: Sequence[ast.AST] = list(ast.walk(help_text)) if help_text is not None else ()
    return any(
        isinstance(each, ast.Constant) and isinstance(each.value, str) and _DEPRECATED.search(each.value)
        for each in texts
    )


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
