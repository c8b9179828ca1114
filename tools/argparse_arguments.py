"""Reads the arguments of an engine in Python that declares them for argparse: vLLM and SGLang.

An argument is a call of ``add_argument``, or a field of a class from which the engine derives such calls.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from argument_sources import Field, SourceArgument
from argument_values import Values, called, name_of, own_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from argument_sources import Module, Sources

__all__ = ["EngineSource", "Reader"]

_DEPRECATED: Final = re.compile(r"^\W*(\[?deprecated|\S+ (is|are) deprecated)|\(deprecated", re.IGNORECASE)
_INSTEAD: Final = re.compile(r"\buse\s+`*(--[a-z][a-z0-9-]*)", re.IGNORECASE)


@dataclass(frozen=True)
class EngineSource:
    """The modules in which an engine declares its arguments.

    ``calls`` are modules with ``add_argument``. ``classes`` name classes whose fields are all arguments: ``module:Class``,
    ``module:*`` for every class of a module, or ``package.*:*`` for every module of a package. With ``switches``, a truth
    value has a ``--no-…`` form.
    """

    project: str
    calls: tuple[str, ...]
    classes: tuple[str, ...]
    switches: bool


class Reader:
    """Reads the arguments of one engine."""

    def __init__(self, engine: EngineSource, sources: Sources) -> None:
        self._engine = engine
        self._sources = sources
        self._values = Values(sources)

    def arguments(self) -> list[SourceArgument]:
        """Every argument, sorted by name. A call takes precedence over a field of the same name."""
        found: dict[str, SourceArgument] = {}
        for pattern in self._engine.classes:
            place, _, wanted = pattern.partition(":")
            for name in self._sources.names(place):
                module = self._sources.module(name)
                for each in self._of_classes(module, wanted) if module else ():
                    found[each.name] = each
        for name in self._engine.calls:
            module = self._sources.module(name)
            for each in self._of_calls(module) if module else ():
                found[each.name] = each
            for field_name, change in _changes(module.tree) if module else ():
                argument = found.get(f"--{field_name.replace('_', '-')}")
                if argument is not None:
                    change(argument)
        return sorted(found.values(), key=lambda argument: argument.name)

    # -- fields of classes

    def _of_classes(self, module: Module, wanted: str) -> Iterator[SourceArgument]:
        for name, node in module.classes.items():
            if wanted in {"*", name}:
                for field_name, found in own_fields(node).items():
                    argument = self._of_field(module, field_name, found)
                    if argument is not None:
                        yield argument

    def _fields(self, module: Module, node: ast.ClassDef) -> dict[str, tuple[Module, Field]]:
        """The fields of a class with those of its bases."""
        found: dict[str, tuple[Module, Field]] = {}
        for base in node.bases:
            there = self._sources.resolve(module, base.id) if isinstance(base, ast.Name) else None
            if there is not None and isinstance(there[1], ast.ClassDef):
                found |= self._fields(*there)
        return found | {name: (module, each) for name, each in own_fields(node).items()}

    def _of_field(self, module: Module, name: str, found: Field) -> SourceArgument | None:
        """The argument of a field. SGLang writes ``A[type, "help"]`` or ``A[type, Arg(…)]``; other fields are no arguments."""
        marked = _annotated(found.annotation)
        if marked is None:
            if not self._engine.switches:
                return None
            return self._described(f"--{name.replace('_', '-')}", (), module, found, {})
        inner, extra = marked
        arg = next((each for each in extra if isinstance(each, ast.Call) and called(each) == "Arg"), None)
        said = {word.arg: word.value for word in arg.keywords if word.arg} if arg else {}
        if arg is not None and arg.args:
            said.setdefault("help", arg.args[0])
        text = next((self._values.text(module, each) for each in extra if not isinstance(each, ast.Call)), "")
        if arg is None and not any(
            isinstance(each, ast.Constant | ast.JoinedStr | ast.BinOp) for each in extra
        ):
            return None
        if self._values.value(module, said.get("no_cli")) is True:
            return None
        cli = self._values.value(module, said.get("cli_name"))
        flag = cli if isinstance(cli, str) else f"--{name.replace('_', '-')}"
        aliases = self._values.value(module, said.get("aliases"))
        described = Field(inner, found.value, self._values.text(module, said.get("help")) or text)
        return self._described(flag, aliases if isinstance(aliases, list) else (), module, described, said)

    # -- calls of add_argument

    def _of_calls(self, module: Module) -> Iterator[SourceArgument]:
        for function in ast.walk(module.tree):
            if isinstance(function, ast.FunctionDef) and function.name in {"add_cli_args", "make_arg_parser"}:
                bound = self._bound(module, function)
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and called(call) == "add_argument":
                        argument = self._of_call(module, call, bound)
                        if argument is not None:
                            yield argument

    def _bound(self, module: Module, function: ast.FunctionDef) -> dict[str, tuple[Module, ast.ClassDef]]:
        """Names that hold the arguments of a class: ``model_kwargs = get_kwargs(ModelConfig)``."""
        found = {}
        for node in ast.walk(function):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Call)
                and called(node.value) == "get_kwargs"
                and isinstance(node.targets[0], ast.Name)
                and isinstance(node.value.args[0], ast.Name)
            ):
                there = self._sources.resolve(module, node.value.args[0].id)
                if there is not None and isinstance(there[1], ast.ClassDef):
                    found[node.targets[0].id] = there
        return found

    def _of_call(
        self, module: Module, call: ast.Call, bound: Mapping[str, tuple[Module, ast.ClassDef]]
    ) -> SourceArgument | None:
        flags = [value for each in call.args if isinstance(value := self._values.value(module, each), str)]
        long = [flag for flag in flags if flag.startswith("--")]
        if not long:
            return None
        said = {word.arg: word.value for word in call.keywords if word.arg}
        for spread in [
            each for word in call.keywords if word.arg is None for each in _spread(word.value, said)
        ]:
            if isinstance(spread, ast.Subscript) and isinstance(spread.value, ast.Name):
                there, key = bound.get(spread.value.id), self._values.value(module, spread.slice)
                if there is not None and isinstance(key, str) and key in (known := self._fields(*there)):
                    home, found = known[key]
                    others = [flag for flag in flags if flag != long[0]]
                    return self._described(long[0], others, home, found, said)
        name = ast.Name("str")
        kind = said.get("type") if isinstance(said.get("type"), ast.Name) else name
        described = Field(kind or name, said.get("default"), self._values.text(module, said.get("help")))
        return self._described(long[0], [flag for flag in flags if flag != long[0]], module, described, said)

    # -- facts

    def _described(
        self,
        flag: str,
        aliases: Sequence[str],
        module: Module,
        found: Field,
        said: Mapping[str, ast.expr],
    ) -> SourceArgument:
        text = self._values.text(module, said.get("help")) or found.text
        argument = SourceArgument(flag, self._values.type(module, found.annotation), list(aliases))
        argument.choices = self._values.choices(module, found.annotation)
        action = ast.dump(said["action"]) if "action" in said else ""
        if "BooleanOptionalAction" in action:
            argument.type = "switch"
        elif "store_true" in action or "StoreTrue" in action or "StoreConst" in action:
            argument.type = "flag"
        elif argument.type == "boolean":
            argument.type = "switch" if self._engine.switches else "flag"
        if "choices" in said and isinstance(
            listed := self._values.value(module, said["choices"]), list | tuple | set
        ):
            argument.choices = sorted(listed, key=str) if isinstance(listed, set) else list(listed)
        if (
            "nargs" in said
            and argument.type not in {"flag", "switch"}
            and self._values.value(module, said["nargs"]) in {"+", "*"}
        ):
            argument.type = "list"
        argument.default = self._values.default(module, said.get("default") or found.value)
        argument.deprecated = bool(_DEPRECATED.search(text.strip())) or "Deprecated" in action
        argument.deprecated |= self._values.value(module, said.get("deprecated")) is True
        if argument.deprecated:
            new = self._values.value(module, said.get("new_flag"))
            match = _INSTEAD.search(text)
            argument.instead = new if isinstance(new, str) else match[1] if match else None
        return argument


def _changes(tree: ast.AST) -> Iterator[tuple[str, Callable[[SourceArgument], None]]]:
    """Changes of a derived argument by field, as vLLM writes them: ``kwargs["field"]["type"] = json.loads``."""

    def to_json(argument: SourceArgument) -> None:
        argument.type = "json"

    def to_list(argument: SourceArgument) -> None:
        argument.type = "list"

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and (place := _field_place(node.targets[0])):
            if place[1] == "type" and "loads" in ast.dump(node.value):
                yield place[0], to_json
            elif place[1] == "action" and getattr(node.value, "value", None) == "append":
                yield place[0], to_list
        elif isinstance(node, ast.Call) and called(node) == "remove" and isinstance(node.func, ast.Attribute):
            place, value = _field_place(node.func.value), node.args[0] if node.args else None
            if place and place[1] == "choices" and isinstance(value, ast.Constant):
                yield place[0], _without(value.value)


def _without(value: Any) -> Callable[[SourceArgument], None]:
    def change(argument: SourceArgument) -> None:
        argument.choices = [each for each in argument.choices or [] if each != value]

    return change


def _field_place(node: ast.AST) -> tuple[str, str] | None:
    """``("field", "type")`` of ``kwargs["field"]["type"]``."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
        inner, outer = node.value.slice, node.slice
        if isinstance(inner, ast.Constant) and isinstance(outer, ast.Constant):
            return str(inner.value), str(outer.value)
    return None


def _annotated(annotation: ast.expr) -> tuple[ast.expr, list[ast.expr]] | None:
    if isinstance(annotation, ast.Subscript) and name_of(annotation.value) in {"A", "Annotated"}:
        parts = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        return parts[0], list(parts[1:])
    return None


def _spread(value: ast.expr, said: dict[str, ast.expr]) -> Iterator[ast.expr]:
    """The mappings that are spread into a call: ``**kwargs["x"]``, or ``**{**kwargs["x"], "default": None}``.

    Plain keys of the second form are added to ``said``.
    """
    if not isinstance(value, ast.Dict):
        yield value
        return
    for key, each in zip(value.keys, value.values, strict=True):
        if key is None:
            yield each
        elif isinstance(key, ast.Constant):
            said[str(key.value)] = each
