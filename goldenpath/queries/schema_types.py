"""Checks the fields that an expression names against a schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from goldenpath.describe.json_schema import resolve
from goldenpath.errors import Problem, shown
from goldenpath.queries.cel_syntax import (
    CallExpr,
    Comprehension,
    Constant,
    Ident,
    ListExpr,
    Other,
    Select,
)
from goldenpath.spec.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from goldenpath.queries.cel_syntax import Expr, Tree

__all__ = ["Shape", "children", "entries", "mapping_values", "shapes_of", "type_problems"]

_COMPARISONS: Final = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})
_EQUALITY: Final = frozenset({"_==_", "_!=_", "@in"})
_WORDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """One schema that a value may have; ``root`` is the schema that its references point into."""

    node: Mapping[str, Any]
    root: dict[str, Any]
    path: str = ""

    @property
    def kind(self) -> str:
        """The JSON Schema type; empty where the schema has no single type."""
        if "properties" in self.node:
            return "object"
        named = self.node.get("type", "string" if "enum" in self.node or "const" in self.node else "")
        if isinstance(named, list):
            types = [each for each in named if each != "null"]
            named = types[0] if len(types) == 1 else ""
        return str(named)

    @property
    def enum(self) -> tuple[Any, ...]:
        """The allowed values; empty where the schema does not list them."""
        return (self.node["const"],) if "const" in self.node else tuple(self.node.get("enum", ()))


Shapes = tuple[Shape, ...]
"""The alternative schemas of a value; empty where its schema is unknown."""


def shapes_of(node: Mapping[str, Any], root: dict[str, Any], path: str = "") -> Shapes:
    """The schemas of a node, with its references resolved and one schema for each alternative."""
    inner_root = dict(node) if "$id" in node and node is not root else root
    resolved = resolve(dict(node), inner_root)
    options = [option for word in ("anyOf", "oneOf") for option in resolved.get(word, ())]
    if "properties" not in resolved and options:
        return tuple(
            shape
            for option in options
            if option.get("type") != "null"
            for shape in shapes_of(option, inner_root, path)
        )
    return (Shape(resolved, inner_root, path),)


def children(shapes: Shapes) -> dict[str, Shapes]:
    """The schemas of a mapping's fields, by name."""
    found: dict[str, Shapes] = {}
    for shape in shapes:
        for name, node in shape.node.get("properties", {}).items():
            path = f"{shape.path}.{name}" if shape.path else name
            found[name] = (*found.get(name, ()), *shapes_of(node, shape.root, path))
    return found


def entries(shapes: Shapes) -> Shapes:
    """The schemas of a list's entries."""
    return tuple(
        inner
        for shape in shapes
        if shape.kind == "array"
        for inner in shapes_of(shape.node.get("items", {}), shape.root, f"{shape.path}[]")
    )


def mapping_values(shapes: Shapes) -> Shapes | None:
    """The schemas of the values of a mapping with free keys; None where the keys are fixed."""
    for shape in shapes:
        if not shape.node:
            return ()
        patterned = list(shape.node.get("patternProperties", {}).values())
        others = shape.node.get("additionalProperties")
        if patterned:
            return shapes_of(patterned[0], shape.root, f"{shape.path}[]")
        if "properties" not in shape.node and shape.kind in {"object", ""}:
            return shapes_of(others, shape.root, f"{shape.path}[]") if isinstance(others, dict) else ()
    return None


def type_problems(tree: Tree, variables: Mapping[str, Shapes], text: str) -> tuple[Problem, ...]:
    """Every problem of an expression with the schemas of its variables.

    Args:
        tree: the expression.
        variables: the schemas of each variable.
        text: the expression as it was written.
    """
    check = _Check(tree, text)
    whole = check.of(tree.root, variables)
    if whole and all(shape.kind not in {"", "boolean"} for shape in whole) and not check.problems:
        message = (
            f"{whole[0].path} is {_word(whole)}, but the expression must be true or false; compare it with =="
        )
        check.problems.append(Problem("", "not-a-question", message, text))
    return tuple(dict.fromkeys(check.problems))


@dataclass(slots=True)
class _Check:
    tree: Tree
    text: str
    problems: list[Problem] = field(default_factory=list)

    def of(self, expr: Expr, scope: Mapping[str, Shapes]) -> Shapes:
        """The schemas of an expression's value; adds its problems to ``problems``."""
        match expr:
            case Ident():
                return self._variable(expr, scope)
            case Select():
                found = self._field(expr, self.of(expr.operand, scope))
                return () if expr.only_tests else found
            case CallExpr():
                return self._call(expr, [(each, self.of(each, scope)) for each in expr.arguments])
            case Comprehension():
                return self._loop(expr, scope)
            case ListExpr(elements=parts) | Other(parts=parts):
                for each in parts:
                    self.of(each, scope)
            case Constant():
                pass
        return ()

    def _variable(self, expr: Ident, scope: Mapping[str, Shapes]) -> Shapes:
        if expr.name in scope:
            return scope[expr.name]
        if expr.name.startswith("@"):
            return ()
        near = nearest(expr.name, (name for name in scope if not name.startswith("@")))
        quote = "" if near else f'; write text in quotes: "{expr.name}"'
        self._note(expr, "unknown-field", f"there is no field {expr.name}{quote}", near)
        return ()

    def _field(self, expr: Select, operand: Shapes) -> Shapes:
        if not operand:
            return ()
        known = children(operand)
        if expr.field in known:
            return known[expr.field]
        values = mapping_values(operand)
        if values is not None:
            return values
        whole = operand[0].path
        if all(shape.kind == "array" for shape in operand):
            inner = children(entries(operand))
            name = whole[:1] or "x"
            operand_text = f"{name}.{expr.field}" if expr.field in inner else name
            message = f"{whole} is a list; write {whole}.exists({name}, {operand_text} == …) for any entry, or {whole}[0] for one"
            self._note(
                expr, "not-a-field", message, None if expr.field in inner else nearest(expr.field, inner)
            )
        elif known:
            where = f"{whole} has" if whole else "a request has"
            self._note(expr, "unknown-field", f"{where} no field {expr.field}", nearest(expr.field, known))
        else:
            message = f"{whole} is {_word(operand)} and has no field {expr.field}"
            self._note(expr, "not-a-field", message, None)
        return ()

    def _call(self, expr: CallExpr, arguments: list[tuple[Expr, Shapes]]) -> Shapes:
        if expr.function == "_[_]" and len(arguments) == 2:  # noqa: PLR2004 - a list or mapping, and what is looked up
            (_, of), (key, _) = arguments
            if isinstance(key, Constant) and isinstance(key.value, str):
                return self._field(Select(expr.id, expr.arguments[0], key.value, only_tests=False), of)
            return entries(of)
        if expr.function == "_?_:_":
            return arguments[1][1]
        if expr.function in {"_?._", "_[?_]"}:
            key = arguments[1][0]
            if isinstance(key, Constant) and isinstance(key.value, str):
                return self._field(
                    Select(expr.id, expr.arguments[0], key.value, only_tests=True), arguments[0][1]
                )
        if expr.function == "orValue":
            return arguments[0][1]
        if expr.function in _COMPARISONS:
            (left, of_left), (right, of_right) = arguments
            self._check_comparison(expr, of_left, right)
            self._check_comparison(expr, of_right, left)
        if expr.function == "@in" and (of := entries(arguments[1][1])):
            self._check_comparison(expr, of, arguments[0][0])
        return ()

    def _check_comparison(self, expr: CallExpr, shapes: Shapes, other: Expr) -> None:
        """Note a problem where a field can never equal the constant that it is compared with."""
        if not shapes or not isinstance(other, Constant) or other.value is None:
            return
        wanted = _kind_of(other.value)
        kinds = {shape.kind for shape in shapes}
        path = shapes[0].path
        if "" in kinds:
            return
        if not any(_fits(kind, wanted) for kind in kinds):
            message = f"{path} is {_word(shapes)}, and {shown(other.value)} is {_WORDS[wanted]}; they are never equal"
            self._note(expr, "wrong-type", message, None)
        elif expr.function in _EQUALITY:
            choices = [choice for shape in shapes for choice in shape.enum]
            if choices and all(shape.enum for shape in shapes) and other.value not in choices:
                near = nearest(other.value, map(str, choices))
                message = f"{path} is never {shown(other.value)}"
                self._note(expr, "unknown-value", message, near)

    def _loop(self, expr: Comprehension, scope: Mapping[str, Shapes]) -> Shapes:
        over = self.of(expr.over, scope)
        items = entries(over)
        if over and not items and mapping_values(over) is None and not all(s.kind == "array" for s in over):
            message = f"{over[0].path} is {_word(over)}, not a list"
            self._note(expr, "not-a-field", message, None)
        inner = {**scope, expr.accumulator: ()}
        first, *more = expr.variables
        inner[first] = items
        for name in more:  # a mapping's values, or a list's entries after their number
            inner[first], inner[name] = (), items or (mapping_values(over) or ())
        self.of(expr.condition, inner)
        self.of(expr.step, inner)
        collected = _collected(expr.step)
        if collected is None:
            return ()
        return tuple(
            Shape({"type": "array", "items": dict(shape.node)}, shape.root, shape.path.removesuffix("[]"))
            for shape in _Check(self.tree, self.text).of(collected, inner)
        )

    def _note(self, expr: Expr, rule: str, message: str, near: str | None) -> None:
        at = self.tree.offsets.get(expr.id)
        where = f"column {at + 1}: " if at is not None else ""
        self.problems.append(Problem("", rule, where + message, nearest=near))


def _collected(step: Expr) -> Expr | None:
    """The expression whose values a `map` or a `filter` collects."""
    found = step
    if isinstance(found, CallExpr) and found.function == "_?_:_":
        found = found.arguments[1]
    if isinstance(found, CallExpr) and found.function == "_+_" and isinstance(found.arguments[1], ListExpr):
        return next(iter(found.arguments[1].elements), None)
    return None


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"


def _fits(kind: str, wanted: str) -> bool:
    return kind == wanted or (kind == "integer" and wanted == "number")


def _word(shapes: Iterable[Shape]) -> str:
    return " or ".join(dict.fromkeys(_WORDS.get(shape.kind, "a value") for shape in shapes))
