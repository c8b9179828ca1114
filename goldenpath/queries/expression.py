"""A CEL expression that is checked against a schema once and evaluated for many values."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from cel_expr_python import cel
from cel_expr_python.ext.ext_bindings import ExtBindings
from cel_expr_python.ext.ext_optional import ExtOptional
from cel_expr_python.ext.ext_strings import ExtStrings

from goldenpath.errors import InputError, Problem, shown
from goldenpath.queries.cel_syntax import CallExpr, Constant, Ident, parse_tree
from goldenpath.queries.schema_types import type_problems
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.queries.cel_syntax import Expr
    from goldenpath.queries.schema_types import Shapes

__all__ = ["MAX_CHARS", "Expression", "NotSetError"]

MAX_CHARS: Final = 20_000
"""The longest expression that is accepted."""

SELF: Final = "self"
"""The variable of the whole value: ``has(self.contact)`` tests a field at the top level."""

_STRING: Final = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
_HAS_TOP_FIELD: Final = re.compile(rf"({_STRING})|\bhas\(\s*([A-Za-z_]\w*)\s*\)")
_PLACE: Final = re.compile(r"<input>:(\d+):(\d+): (.*)")
_SINGLE_EQUALS: Final = re.compile(rf"({_STRING})|(?<![=!<>])=(?!=)")
_WORD_OPERATOR: Final = re.compile(rf"({_STRING})|\b(and|or|not)\b", re.IGNORECASE)
_NO_KEY: Final = re.compile(r'Key not found in map : "(.*)"')
_NO_VALUE: Final = re.compile(r'No value with name "(.*)" found')
_NO_ENTRY: Final = re.compile(r"Index error: index=(-?\d+)")
_TYPES: Final = frozenset(
    ("bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "type", "uint")
)
"""Reserved names of CEL, which cannot be variables: write ``self.type`` for such a field."""
_OPERATORS: Final = {"and": "&&", "or": "||", "not": "!"}


class NotSetError(Exception):
    """The expression has no result, because it needs a field that the value does not set."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Expression:
    """An expression that is true or false for a value.

    Args:
        text: the expression.
        variables: the schema of each variable; ``self`` is the whole value.

    Raises:
        InputError: the text is not CEL, or it names fields that the schema does not have. It lists every problem, with
            the nearest name.
    """

    def __init__(self, text: str, variables: Mapping[str, Shapes]) -> None:
        if not text.strip():
            raise _refused("empty-expression", 'is empty; write "true" to match everything', text)
        if len(text) > MAX_CHARS:
            raise _refused("long-expression", f"has more than {MAX_CHARS:,} characters", text)
        self.text = text
        written = _HAS_TOP_FIELD.sub(lambda found: found[1] or f"has({SELF}.{found[2]})", text)
        names = tuple(sorted({*variables, SELF}))
        try:
            parsed = _environment(names).compile(written, disable_check=True)
        except RuntimeError as error:
            raise InputError([_syntax_problem(text, str(error))]) from None
        self._tree = parse_tree(parsed.serialize())
        problems = type_problems(self._tree, variables, text)
        wrong = [problem for problem in problems if problem.rule != "unknown-value"]
        self.doubts: tuple[Problem, ...] = tuple(each for each in problems if each.rule == "unknown-value")
        """Likely mistakes that do not stop the evaluation: values that no catalogue has."""
        if wrong:
            raise InputError(wrong)
        try:
            self._compiled = _environment(names).compile(written)
        except RuntimeError as error:
            raise InputError([_syntax_problem(text, str(error))]) from None
        self._environment = _environment(names)
        returns = self._compiled.return_type()
        if returns not in (cel.Type.BOOL, cel.Type.DYN):
            raise _refused("not-a-question", f"gives {returns.name()}; it must be true or false", text)

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether the expression is true for a value.

        Args:
            values: the fields of the value; a field that is not set is absent.

        Raises:
            NotSetError: the result depends on a field that is not set.
            InputError: the evaluation failed, for example on the first letter of a number.
        """
        activation = self._environment.Activation({**values, SELF: values})
        try:
            answer = self._compiled.eval(activation)
            kind, value = answer.type(), answer.value()
        except Exception as error:  # noqa: BLE001 - every error of the engine is about this expression
            raise _refused("cannot-be-asked", _plain(str(error)), self.text) from None
        if kind == cel.Type.BOOL:
            return bool(value)
        if kind != cel.Type.ERROR:
            raise _refused("not-a-question", f"gives {kind.name()}; it must be true or false", self.text)
        reason = _plain(str(value))
        if found := _NO_KEY.search(reason) or _NO_VALUE.search(reason):
            raise NotSetError(found[1])
        if found := _NO_ENTRY.search(reason):
            raise NotSetError(f"[{found[1]}]")
        raise _refused("cannot-be-asked", reason, self.text)

    def required_text(self, variable: str) -> str | None:
        """The text that a variable must equal for the expression to be true; None where any text may do.

        Callers use it to skip files: ``kind == "ResourceQuota" && …`` needs only the quotas.
        """
        return _required(self._tree.root, variable)


def _required(expr: Expr, variable: str) -> str | None:
    if not isinstance(expr, CallExpr):
        return None
    if expr.function == "_&&_":
        return next((found for each in expr.arguments if (found := _required(each, variable))), None)
    if expr.function == "_==_":
        for one, other in (expr.arguments, expr.arguments[::-1]):
            is_variable = isinstance(one, Ident) and one.name == variable
            if is_variable and isinstance(other, Constant) and isinstance(other.value, str):
                return other.value
    return None


@cache
def _environment(names: tuple[str, ...]) -> Any:
    dyn = cel.Type.DYN
    overloads = [
        cel.Overload(id=f"quantity_{kind.name()}", return_type=dyn, parameters=[kind], impl=_quantity)
        for kind in (cel.Type.STRING, cel.Type.INT, cel.Type.DOUBLE)
    ]
    return cel.NewEnv(
        variables={name: dyn for name in names if name not in _TYPES},
        extensions=[ExtBindings(), ExtOptional(), ExtStrings()],
        functions=[cel.FunctionDecl("quantity", overloads)],
    )


def _quantity(value: Any) -> float:
    return float(quantity_value(str(value)))


def _syntax_problem(text: str, reason: str) -> Problem:
    """The CEL library's message in one sentence, with hints for common mistakes."""
    hints = []
    if any(found[1] is None for found in _SINGLE_EQUALS.finditer(text)):
        hints.append("compare with `==`")
    words = (found[2] for found in _WORD_OPERATOR.finditer(text) if found[2])
    hints += (f"write `{_OPERATORS[word.lower()]}` for `{word}`" for word in words)
    bare = re.sub(_STRING, "", text)
    if '"' in bare or "'" in bare:
        hints.append("close the quote")
    place = _PLACE.search(reason)
    what = place[3].removeprefix("Syntax error: ").rstrip(" .") if place else _plain(reason)
    what = re.sub(r" expecting \{.*\}$", "", what)
    where = ""
    if place:
        line = "" if place[1] == "1" else f"line {place[1]}, "
        where = f" at {line}column {place[2]}"
    return Problem("", "not-cel", "; ".join((f"is not CEL{where}: {what}", *dict.fromkeys(hints))), text)


def _refused(rule: str, message: str, text: str) -> InputError:
    return InputError([Problem("", rule, message, shown(text)[1:-1] if len(text) > MAX_CHARS else text)])


def _plain(reason: str) -> str:
    return shown(" ".join(reason.split()))[1:-1]
