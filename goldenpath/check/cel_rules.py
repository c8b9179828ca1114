"""Evaluates the CEL rules of CustomResourceDefinitions (``x-kubernetes-validations``) on new objects.

The rules apply as on creation by the API server, so rules about changes (``oldSelf``) are skipped. A rule that cannot be
evaluated here is skipped too: a missed fault is better than a refusal of an object that the API server accepts.
"""

from __future__ import annotations

import ipaddress
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from cel_expr_python import cel
from cel_expr_python.ext.ext_bindings import ExtBindings
from cel_expr_python.ext.ext_encoders import ExtEncoders
from cel_expr_python.ext.ext_math import ExtMath
from cel_expr_python.ext.ext_optional import ExtOptional
from cel_expr_python.ext.ext_strings import ExtStrings

from goldenpath.check.formats import is_cidr, is_ip
from goldenpath.spec.quantities import quantity_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["broken", "can_judge"]

_OLD: Final = re.compile(r"\boldSelf\b")
_MAX_RULES: Final = 4096
_MISSING: Final = "NOT_FOUND"


def broken(rules: Sequence[Mapping[str, Any]], value: Any) -> Iterator[tuple[str, str]]:
    """Yield the field, relative to the value, and the message of each rule that the value breaks."""
    activation = None
    for rule in rules:
        program = _program(rule["rule"])
        if program is None:
            continue
        if activation is None:
            activation = _environment().Activation({"self": value})
        if _is_false(program, activation):
            yield rule.get("fieldPath", "").lstrip("."), _message(rule, activation)


def can_judge(rule: Mapping[str, Any]) -> bool:
    """Whether a rule applies to new objects and can be evaluated here."""
    return _program(rule["rule"]) is not None


def _is_false(program: Any, activation: Any) -> bool:
    try:
        answer = program.eval(activation)
        if answer.type() == cel.Type.ERROR:  # a missing field breaks the rule on the API server too
            return _MISSING in str(answer.value())
        return answer.type() == cel.Type.BOOL and answer.value() is False
    except Exception:  # noqa: BLE001 - after any error of the engine, the rule does not count as broken
        return False


def _message(rule: Mapping[str, Any], activation: Any) -> str:
    program = _program(rule["messageExpression"], cel.Type.STRING) if "messageExpression" in rule else None
    if program is not None:
        try:
            answer = program.eval(activation)
            text = str(answer.value()).strip() if answer.type() == cel.Type.STRING else ""
        except Exception:  # noqa: BLE001 - the plain message below serves after any error
            text = ""
        if text and text.isprintable():
            return text
    return " ".join(str(rule.get("message") or f"the rule is not true: {rule['rule']}").split())


@lru_cache(maxsize=_MAX_RULES)
def _program(expression: str, returns: Any = cel.Type.BOOL) -> Any:
    """Return the compiled expression, or None if it is about changes or does not compile here."""
    if _OLD.search(expression) or "__" in expression:
        return None
    try:
        program = _environment().compile(expression)
        return program if program.return_type() in (returns, cel.Type.DYN) else None
    except Exception:  # noqa: BLE001 - the expression uses a function or macro that only Kubernetes has
        return None


@cache
def _environment() -> Any:
    return cel.NewEnv(
        variables={"self": cel.Type.DYN},
        extensions=[ExtBindings(), ExtOptional(), ExtStrings(), ExtMath(), ExtEncoders()],
        functions=[*_functions()],
    )


def _functions() -> Iterator[Any]:
    """Yield the functions of Kubernetes' CEL libraries that test a text or read a number from it."""
    string, boolean = cel.Type.STRING, cel.Type.BOOL
    for name, test in (
        ("isIP", is_ip),
        ("isCIDR", is_cidr),
        ("isURL", _is_url),
        ("isQuantity", _is_quantity),
    ):
        yield cel.FunctionDecl(name, [cel.Overload(f"goldenpath_{name}", boolean, [string], impl=test)])
    family = cel.Overload(
        "goldenpath_ip_family", cel.Type.INT, [string], impl=lambda text: ipaddress.ip_address(text).version
    )
    yield cel.FunctionDecl("ip.family", [family])


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme) or text.startswith("/")


def _is_quantity(text: str) -> bool:
    try:
        quantity_value(text)
    except (ValueError, ArithmeticError):
        return False
    return True
