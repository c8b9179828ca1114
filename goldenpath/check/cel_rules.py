"""Rules in CEL that CustomResourceDefinitions state (``x-kubernetes-validations``), on objects no server has seen.

Judged as the API server judges the creation of an object: a rule about changes (``oldSelf``) does not count, and one
that cannot be evaluated here is passed over: to say nothing is better than to refuse what a server takes.
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
    """The field below the value, and the message, of each rule that is not true of it."""
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
    """Whether a rule is about a new object, and can be evaluated here."""
    return _program(rule["rule"]) is not None


def _is_false(program: Any, activation: Any) -> bool:
    try:
        answer = program.eval(activation)
        if answer.type() == cel.Type.ERROR:  # a field that is not there makes a rule fail on a server too
            return _MISSING in str(answer.value())
        return answer.type() == cel.Type.BOOL and answer.value() is False
    except Exception:  # noqa: BLE001 - whatever the engine raises, the rule was not found to be broken
        return False


def _message(rule: Mapping[str, Any], activation: Any) -> str:
    program = _program(rule["messageExpression"], cel.Type.STRING) if "messageExpression" in rule else None
    if program is not None:
        try:
            answer = program.eval(activation)
            if (
                answer.type() == cel.Type.STRING
                and answer.value().strip().isprintable()
                and answer.value().strip()
            ):
                return str(answer.value().strip())
        except Exception:  # noqa: BLE001 - the plain message says it too
            return _plain(rule)
    return _plain(rule)


def _plain(rule: Mapping[str, Any]) -> str:
    return " ".join(str(rule.get("message") or f"this is not true: {rule['rule']}").split())


@lru_cache(maxsize=_MAX_RULES)
def _program(expression: str, returns: Any = cel.Type.BOOL) -> Any:
    """The compiled expression; None for one about changes, and for one that does not compile here."""
    if _OLD.search(expression) or "__" in expression:
        return None
    try:
        program = _environment().compile(expression)
        return program if program.return_type() in (returns, cel.Type.DYN) else None
    except Exception:  # noqa: BLE001 - a function or macro that only Kubernetes has
        return None


@cache
def _environment() -> Any:
    return cel.NewEnv(
        variables={"self": cel.Type.DYN},
        extensions=[ExtBindings(), ExtOptional(), ExtStrings(), ExtMath(), ExtEncoders()],
        functions=[*_functions()],
    )


def _functions() -> Iterator[Any]:
    """Of Kubernetes' own CEL libraries, what tests a text and says yes or no, or makes a number of it."""
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
