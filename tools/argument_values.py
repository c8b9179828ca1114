"""Evaluates annotations and expressions of an engine's sources: types, choices, defaults and texts of arguments."""

from __future__ import annotations

import ast
import contextlib
from typing import TYPE_CHECKING, Any, Final

from argument_sources import UNKNOWN, Field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argument_sources import Module, Sources

__all__ = ["SIMPLE", "Values", "called", "name_of", "own_fields"]

SIMPLE: Final = {"int": "integer", "float": "number", "str": "text"}
_MAX_DEPTH: Final = 8
"""The number of names that are resolved one after another."""
_MAPPINGS: Final = frozenset({"dict", "Dict", "Mapping"})
_LISTS: Final = frozenset({"list", "List", "tuple", "Tuple", "set", "Set", "Sequence"})


class Values:
    """Reads annotations and expressions, through the names and imports of the modules."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def resolve(self, module: Module, name: str) -> tuple[Module, Any] | None:
        """The class or value of a name in a module."""
        return self._sources.resolve(module, name)

    def _members(self, module: Module, annotation: ast.expr) -> Iterator[tuple[Module, ast.expr]]:
        """The members of a union, through aliases, without None."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            annotation = ast.parse(annotation.value, mode="eval").body
        if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
            yield from self._members(module, annotation.left)
            yield from self._members(module, annotation.right)
        elif isinstance(annotation, ast.Subscript) and name_of(annotation.value) in {
            "Optional",
            "Union",
            "Annotated",
            "SkipValidation",
        }:
            inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
            for each in inner[:1] if name_of(annotation.value) == "Annotated" else inner:
                yield from self._members(module, each)
        elif isinstance(annotation, ast.Constant) and annotation.value is None:
            return
        elif isinstance(annotation, ast.Name) and annotation.id not in {
            *SIMPLE,
            "bool",
            *_MAPPINGS,
            *_LISTS,
        }:
            there = self._sources.resolve(module, annotation.id)
            if there is not None and isinstance(there[1], ast.Subscript | ast.BinOp):
                yield from self._members(*there)
            else:
                yield module, annotation
        else:
            yield module, annotation

    def type(self, module: Module, annotation: ast.expr) -> str:
        """The type of an argument with an annotation, in the words of the catalogue."""
        members = list(self._members(module, annotation))
        names = {name_of(each.value if isinstance(each, ast.Subscript) else each) for _, each in members}
        if names == {"bool", "str"}:
            return "text"
        if "bool" in names:
            return "boolean"
        if any(self._is_record(home, each) for home, each in members) or names & _MAPPINGS:
            return "json"
        if "Literal" in names:
            literals = self._literals(module, annotation)
            return "integer" if literals and all(isinstance(each, int) for each in literals) else "text"
        if names & _LISTS:
            return "list"
        return next(
            (SIMPLE[name] for name in ("int", "float") if name in names and "str" not in names), "text"
        )

    def _is_record(self, module: Module, node: ast.expr) -> bool:
        """Whether a member is a class with fields. An argument takes such a value as JSON."""
        if not isinstance(node, ast.Name) or node.id in SIMPLE:
            return False
        there = self._sources.resolve(module, node.id)
        if there is None or not isinstance(there[1], ast.ClassDef):
            return False
        bases = {
            name_of(base.value if isinstance(base, ast.Subscript) else base) or "" for base in there[1].bases
        }
        if bases & _MAPPINGS:
            return True
        return not any("Enum" in base for base in bases) and bool(own_fields(there[1]))

    def _literals(self, module: Module, annotation: ast.expr) -> list[Any]:
        found: list[Any] = []
        for home, each in self._members(module, annotation):
            if isinstance(each, ast.Subscript) and name_of(each.value) == "Literal":
                parts = each.slice.elts if isinstance(each.slice, ast.Tuple) else [each.slice]
                for part in parts:
                    value = self.value(home, part)
                    if value is UNKNOWN and isinstance(part, ast.Name):
                        found += self._literals(home, part)
                    elif value is not UNKNOWN:
                        found.append(value)
        return found

    def choices(self, module: Module, annotation: ast.expr) -> list[Any] | None:
        """The literals of a union that has only literals. In a union with a text, they are only examples."""
        members = [each for _, each in self._members(module, annotation)]
        closed = all(isinstance(each, ast.Subscript) and name_of(each.value) == "Literal" for each in members)
        literals = self._literals(module, annotation)
        if closed and literals:
            return literals
        # The values of a list of literals are the choices, too.
        for home, each in self._members(module, annotation):
            if (
                isinstance(each, ast.Subscript)
                and name_of(each.value) in _LISTS
                and not isinstance(each.slice, ast.Tuple)
            ):
                inner = self._literals(home, each.slice)
                if inner:
                    return inner
        return None

    def default(self, module: Module, value: ast.expr | None) -> Any:
        """The default of a field, also of ``field(…)`` and ``Field(…)``."""
        if isinstance(value, ast.Call) and called(value) in {"field", "Field"}:
            for word in value.keywords:
                if word.arg == "default":
                    return self.default(module, word.value)
                if word.arg == "default_factory" and name_of(word.value) in {"list", "dict"}:
                    return [] if name_of(word.value) == "list" else {}
            return self.default(module, value.args[0]) if value.args else UNKNOWN
        found = self.value(module, value)
        return found if _is_plain(found) else UNKNOWN

    def value(self, module: Module, node: ast.AST | None, depth: int = 0) -> Any:
        """The value of an expression; ``UNKNOWN`` if the sources do not state it literally."""
        found: Any = UNKNOWN
        if node is None or depth > _MAX_DEPTH:
            return found
        if isinstance(node, ast.Name):
            there = self._sources.resolve(module, node.id)
            if there is not None and not isinstance(there[1], ast.ClassDef):
                found = self.value(there[0], there[1], depth + 1)
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            parts = [self.value(module, each, depth + 1) for each in node.elts]
            found = UNKNOWN if any(each is UNKNOWN for each in parts) else parts
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = (self.value(module, each, depth + 1) for each in (node.left, node.right))
            if type(left) is type(right) and isinstance(left, int | float | str | list):
                found = left + right
        elif isinstance(node, ast.expr):
            with contextlib.suppress(ValueError, TypeError, MemoryError):
                found = ast.literal_eval(node)
        return found

    def text(self, module: Module, node: ast.AST | None) -> str:
        """The text of an expression; for an f-string, its fixed parts."""
        if isinstance(node, ast.JoinedStr):
            return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        value = self.value(module, node)
        return value if isinstance(value, str) else ""


def own_fields(node: ast.ClassDef) -> dict[str, Field]:
    """The fields that a class declares itself, each with the text after it."""
    found: dict[str, Field] = {}
    for index, line in enumerate(node.body):
        if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
            continue
        after = node.body[index + 1] if index + 1 < len(node.body) else None
        text = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            text = str(after.value.value)
        if not line.target.id.startswith("_") and "ClassVar" not in ast.dump(line.annotation):
            found[line.target.id] = Field(line.annotation, line.value, text)
    return found


def name_of(node: ast.AST) -> str | None:
    """The last name of ``name`` or ``module.name``."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else None


def called(call: ast.Call) -> str | None:
    """The last name of the called function."""
    return name_of(call.func)


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(_is_plain(each) for each in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    return value is None or isinstance(value, bool | int | float | str)
