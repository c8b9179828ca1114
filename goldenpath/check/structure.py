"""Checks the structure of a kind beyond JSON Schema: rules of the API, rules in CEL, and keys that a list has once.

A kind's schema becomes a tree with the parts that have something to judge, and no others: most of an object is never
looked at.
"""

from __future__ import annotations

import contextlib
import marshal
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from goldenpath.check import cel_rules
from goldenpath.check.api import RULES, UNJUDGED, ApiRuleViolation, Rule, check_name
from goldenpath.check.crd_schemas import CEL_RULES, LIST_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.check.decoding import Decoder

__all__ = ["Found", "Structure"]

_REFERENCE: Final = "#/$defs/"
_MOST_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 8192
_BY_VALUE: Final = 2
"""The version of marshal's format that writes equal values alike, however often each is referred to."""
_UNIQUE: Final = "x-unique-by"
_CORE_DEFAULTS: Final = {"protocol": "TCP"}
"""What the API server fills in for a key of a list, of its own kinds (``+default`` in ``k8s.io/api``)."""


class Found(NamedTuple):
    """Something that is wrong at a path; ``refused`` where each way of writing the object is, and not apply alone."""

    path: tuple[str | int, ...]
    slip: ApiRuleViolation
    refused: bool = True


class _Part:
    """What there is to judge at a place in an object, and below it."""

    __slots__ = ("apply_keys", "cel", "fields", "items", "keys", "others", "rules")

    def __init__(self) -> None:
        self.fields: dict[str, _Part] = {}
        self.items: _Part | None = None
        self.others: _Part | None = None
        self.rules: tuple[Rule, ...] = ()
        self.cel: list[dict[str, Any]] = []
        self.keys: tuple[str, ...] = ()
        self.apply_keys: tuple[str, ...] = ()

    @property
    def below(self) -> list[_Part]:
        return [part for part in (*self.fields.values(), self.items, self.others) if part is not None]

    @property
    def has_own(self) -> bool:
        return bool(self.rules or self.cel or self.keys or self.apply_keys)


_Run = Callable[[Rule, dict[str, Any]], Iterable[ApiRuleViolation]]


_Path = tuple[Any, str | int] | None
"""The way to a value, from its end: the way to what holds it, and the last step."""


def _steps(path: _Path) -> tuple[str | int, ...]:
    steps: list[str | int] = []
    while path is not None:
        path, step = path
        steps.append(step)
    return tuple(reversed(steps))


def _run_rule(rule: Rule, value: dict[str, Any]) -> Iterable[ApiRuleViolation]:
    return rule(value)


def _as_far_as_possible(rule: Rule, value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """What a rule finds before it meets a shape that the schema has refused."""
    with contextlib.suppress(ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        yield from rule(value)


def _key(name: str, value: Any) -> tuple[str, bytes] | None:
    try:
        return name, marshal.dumps(value, _BY_VALUE)
    except ValueError:  # something that no YAML holds
        return None


class Structure:
    """Judges objects of one kind whose shape is right.

    Args:
        schema: of the kind, with the definitions that it refers to.
        name: of the definition, or ``group/Kind`` of a custom resource.
        decoder: of the same kind.
        is_custom: whether it is a custom resource, and no kind of Kubernetes' own.

    """

    def __init__(self, schema: dict[str, Any], name: str, decoder: Decoder, *, is_custom: bool) -> None:
        self._decoder = decoder
        self._right: set[tuple[str, bytes]] = set()
        self._definitions: dict[str, Any] = schema.get("$defs", {})
        self._is_custom = is_custom
        self._parts: dict[str, _Part] = {}
        self._root = self._part(schema)
        self._root.rules = (check_name, *RULES.get(name, ()))
        self._prune()

    def judge(self, body: dict[str, Any]) -> list[Found]:
        """Everything that is wrong with a body that fits its schema."""
        found: list[Found] = []
        if self._root.cel:
            body = self._decoder.fill(body)
        self._judge_own(self._root, body, None, found, _run_rule)
        for name, below in self._root.fields.items():
            if (value := body.get(name)) is None:
                continue
            if name == "metadata":
                self._judge(below, value, (None, name), found, _run_rule)
                continue
            key = _key(name, value)
            if key in self._right:
                continue
            before = len(found)
            self._judge(below, self._decoder.fill_field(name, value), (None, name), found, _run_rule)
            if len(found) == before:
                self._remember(key)
        return found

    def judge_in_part(self, body: dict[str, Any]) -> list[Found]:
        """What is wrong with a body that does not fit its schema: the rules judge what has the shape that they need."""
        found: list[Found] = []
        self._judge(self._root, body, None, found, _as_far_as_possible)
        return found

    def _remember(self, key: tuple[str, bytes] | None) -> None:
        """Tenants have many fields alike, and a verdict is the same each time."""
        if key is not None and len(key[1]) <= _LONGEST_REMEMBERED:
            if len(self._right) >= _MOST_REMEMBERED:
                self._right.clear()
            self._right.add(key)

    def _judge(self, part: _Part, value: Any, path: _Path, found: list[Found], run: _Run) -> None:
        self._judge_own(part, value, path, found, run)
        if isinstance(value, dict):
            for name, below in part.fields.items():
                if (item := value.get(name)) is not None:
                    self._judge(below, item, (path, name), found, run)
            if part.others is not None:
                for name, item in value.items():
                    if name not in part.fields:
                        self._judge(part.others, item, (path, name), found, run)
        elif isinstance(value, list) and part.items is not None:
            for index, item in enumerate(value):
                self._judge(part.items, item, (path, index), found, run)

    def _judge_own(self, part: _Part, value: Any, path: _Path, found: list[Found], run: _Run) -> None:
        """What is about this place, and nothing below it."""
        if isinstance(value, dict):
            for rule in part.rules:
                for slip in run(rule, value):
                    found.append(Found(_steps(path), slip))  # noqa: PERF401 - a generator for each rule takes longer
        elif isinstance(value, list) and (part.keys or part.apply_keys):
            found.extend(self._twice(part, value, _steps(path)))
        if part.cel and run is _run_rule:
            fix = "Change it so that the rule of the CustomResourceDefinition holds."
            for field, message in cel_rules.broken(part.cel, value):
                found.append(Found(_steps(path), ApiRuleViolation(field, "rule", message, fix)))

    def _twice(self, part: _Part, items: list[Any], path: tuple[str | int, ...]) -> Iterator[Found]:
        keys = part.keys or part.apply_keys
        seen: set[tuple[str, ...]] = set()
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                continue
            # As text: 1 and True are one key to Python and two to Kubernetes.
            key = tuple(
                repr(item.get(name, None if self._is_custom else _CORE_DEFAULTS.get(name))) for name in keys
            )
            if key in seen:
                what = " and ".join(f"{name} {item[name]}" for name in keys if name in item) or "it"
                if part.keys:
                    yield Found(
                        (*path, index),
                        ApiRuleViolation("", "duplicate", f"{what} is in the list already", "Keep one."),
                    )
                else:
                    message = (
                        f"{what} is in the list already, and server-side apply (so Flux too) refuses that"
                    )
                    yield Found(
                        (*path, index), ApiRuleViolation("", "duplicate", message, "Keep one."), refused=False
                    )
            seen.add(key)

    def _part(self, schema: dict[str, Any]) -> _Part:
        reference = schema.get("$ref")
        if reference is None:
            return self._fill(_Part(), schema)
        name = reference.removeprefix(_REFERENCE)
        if name not in self._parts:  # noted before it is filled: a definition may hold itself
            self._parts[name] = part = _Part()
            self._fill(part, self._definitions[name], name)
            part.rules = RULES.get(name, ())
        return self._parts[name]

    def _fill(self, part: _Part, schema: dict[str, Any], definition: str = "") -> _Part:
        keys = tuple(schema.get(LIST_KEYS, ()))
        part.keys = keys if self._is_custom else tuple(schema.get(_UNIQUE, ()))
        part.apply_keys = () if self._is_custom else keys
        part.cel = [rule for rule in schema.get(CEL_RULES, ()) if cel_rules.can_judge(rule)]
        for name, below in schema.get("properties", {}).items():
            if (definition, name) not in UNJUDGED:
                part.fields[name] = self._part(below)
        if isinstance(schema.get("items"), dict):
            part.items = self._part(schema["items"])
        if isinstance(schema.get("additionalProperties"), dict):
            part.others = self._part(schema["additionalProperties"])
        return part

    def _all_parts(self) -> dict[int, _Part]:
        parts, waiting = {id(self._root): self._root}, [self._root]
        while waiting:
            for below in waiting.pop().below:
                if id(below) not in parts:
                    parts[id(below)] = below
                    waiting.append(below)
        return parts

    def _prune(self) -> None:
        """Leave out what leads to nothing that is judged."""
        parts = self._all_parts()
        useful = {key for key, part in parts.items() if part.has_own}
        grown = True
        while grown:
            more = {
                key
                for key, part in parts.items()
                if key not in useful and any(id(below) in useful for below in part.below)
            }
            useful |= more
            grown = bool(more)
        for part in parts.values():
            part.fields = {name: below for name, below in part.fields.items() if id(below) in useful}
            part.items = part.items if part.items is not None and id(part.items) in useful else None
            part.others = part.others if part.others is not None and id(part.others) in useful else None
