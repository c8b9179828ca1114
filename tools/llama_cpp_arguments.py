"""Reads the arguments of llama-server from `common/arg.cpp` of llama.cpp, without compiling it.

Each argument is one call of ``common_arg`` with its names, a hint about its value, its help, and a handler whose parameters
state the type of the value. The server has an argument if its examples name the server, or if it has no examples
(``common_params_parser_init``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FILE", "arguments"]

FILE: Final = "common/arg.cpp"
"""The file, below the sources of llama.cpp."""
_CALL: Final = "add_opt(common_arg("
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LIST: Final = re.compile(r'\{\s*("[^{}]*")\s*\}')
_HANDLER: Final = re.compile(r"\[\]\s*\(\s*common_params\s*&\s*\w*\s*(?:,\s*([^)]*))?\)")
_EXAMPLES: Final = re.compile(r"\.set_examples\(\{([^}]*)\}\)")
_EXCLUDED: Final = re.compile(r"\.set_excludes\(\{([^}]*)\}\)")
_CHOICES: Final = (re.compile(r"^\[([\w.-]+(?:\|[\w.-]+)+)\]$"), re.compile(r"^\{([\w.-]+(?:,[\w.-]+)+)\}$"))
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_INSTEAD: Final = re.compile(r"(?:in favor of|use)[^-]*(--[a-z][a-z0-9-]*)")
_GONE: Final = re.compile(r"\W*deprecated|.{0,80}\(deprecated|the argument has been removed", re.IGNORECASE)


def arguments(source: str) -> list[dict[str, Any]]:
    """Return the arguments of the server as the catalogue writes them, in the order of the source.

    Raises:
        ValueError: an argument has an unknown form.
    """
    found: dict[str, dict[str, Any]] = {}
    for call in _calls(source):
        if _is_of_server(call):
            for argument in _arguments(call):
                found.setdefault(argument["name"], argument)
    return list(found.values())


def _calls(source: str) -> Iterator[str]:
    """Each call, from its first argument to the parenthesis that closes it."""
    start = source.find(_CALL)
    while start >= 0:
        begin = end = start + len(_CALL)
        depth = 2
        while depth:
            string = _STRING.match(source, end)
            if string:
                end = string.end()
                continue
            if source.startswith("//", end):
                end = source.index("\n", end)
                continue
            if source.startswith("'\"'", end):
                end += 3
                continue
            depth += {"(": 1, ")": -1}.get(source[end], 0)
            end += 1
        yield _COMMENT.sub("", source[begin:end])
        start = source.find(_CALL, end)


def _is_of_server(call: str) -> bool:
    examples, excluded = _EXAMPLES.search(call), _EXCLUDED.search(call)
    if excluded and "LLAMA_EXAMPLE_SERVER" in excluded[1]:
        return False
    return examples is None or bool(re.search(r"LLAMA_EXAMPLE_(SERVER|COMMON)\b", examples[1]))


def _arguments(call: str) -> Iterator[dict[str, Any]]:
    """The arguments that one call declares. A pair of switches is two arguments."""
    names = _LIST.match(call.lstrip())
    handler = _HANDLER.search(call)
    if names is None or handler is None:
        raise ValueError(f"has an argument in an unknown form: {call[:80]!r}")
    before = call[: handler.start()]
    rest = before.lstrip()[names.end() :].lstrip(" ,\n")
    negative = _LIST.match(rest)
    for written in (names, *([negative] if negative else [])):
        yield from _one(_STRING.findall(written[1]), call, handler, rest, is_flag=negative is not None)


def _one(
    names: list[str], call: str, handler: re.Match[str], rest: str, *, is_flag: bool
) -> Iterator[dict[str, Any]]:
    long = [name for name in names if name.startswith("--")]
    if not long:
        return
    found: dict[str, Any] = {"name": long[0], "type": "flag"}
    aliases = [name for name in names if name != long[0]]
    if aliases:
        found["aliases"] = aliases
    if handler[1] and not is_flag:
        found["type"] = _type(handler[1], call)
        hint = _STRING.match(rest)
        choices = next((match for each in _CHOICES if hint and (match := each.match(hint[1]))), None)
        if choices:
            found["choices"] = re.split(r"[|,]", choices[1])
    # In an argument with a value, the first text is the hint about the value.
    text = " ".join(_STRING.findall(rest)[1 if handler[1] and not is_flag else 0 :])
    if _GONE.match(text):
        found["deprecated"] = True
        if instead := _INSTEAD.search(text):
            found["instead"] = instead[1]
    yield found


def _type(parameters: str, call: str) -> str:
    if parameters.startswith("int"):
        return "integer"
    if parameters.count("std::string") == 1 and re.search(r"=\s*std::stof\(|=\s*std::stod\(", call):
        return "number"
    return "text"
