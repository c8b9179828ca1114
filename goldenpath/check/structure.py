"""Checks objects beyond JSON Schema: rules of the API, CEL rules, and unique keys of lists.

The schema of a kind becomes a tree of the places that have a rule. Places without a rule are left out, so the check
never visits most of an object.
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
"""The version of marshal's format that writes equal values as equal bytes. Later versions also write references."""
_UNIQUE: Final = "x-unique-by"
_CORE_DEFAULTS: Final = {"protocol": "TCP"}
"""Defaults of list keys in Kubernetes' own kinds (``+default`` in ``k8s.io/api``)."""


class Found(NamedTuple):
    """A violation at a path. ``refused`` is False if only server-side apply refuses the object."""

    path: tuple[str | int, ...]
    violation: ApiRuleViolation
    refused: bool = True


class _Part:
    """The rules for one place in an object, and for the places below it."""

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
"""The path of a value as a linked list: the path of its parent, and the last step."""


def _steps(path: _Path) -> tuple[str | int, ...]:
    steps: list[str | int] = []
    while path is not None:
        path, step = path
        steps.append(step)
    return tuple(reversed(steps))


def _run_rule(rule: Rule, value: dict[str, Any]) -> Iterable[ApiRuleViolation]:
    return rule(value)


def _run_on_invalid(rule: Rule, value: dict[str, Any]) -> Iterator[ApiRuleViolation]:
    """Run a rule until it meets a value that the schema refuses."""
    with contextlib.suppress(ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        yield from rule(value)


def _key(name: str, value: Any) -> tuple[str, bytes] | None:
    try:
        return name, marshal.dumps(value, _BY_VALUE)
    except ValueError:  # a value that YAML cannot hold
        return None


class Structure:
    """Judges objects of one kind by the rules beyond its schema.

    Args:
        schema: the schema of the kind, with its definitions.
        name: the name of the definition, or ``group/Kind`` of a custom resource.
        decoder: the decoder of the kind.
        is_custom: whether the kind is a custom resource.
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
        """Return the violations of a body that matches its schema."""
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
        """Return the violations of a body that breaks its schema. A rule stops at the first value that it cannot read."""
        found: list[Found] = []
        self._judge(self._root, body, None, found, _run_on_invalid)
        return found

    def _remember(self, key: tuple[str, bytes] | None) -> None:
        """Remember a field without violations, because tenants have many equal fields."""
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
        """Judge a value by the rules of its own place, without the places below."""
        if isinstance(value, dict):
            for rule in part.rules:
                for violation in run(rule, value):
                    found.append(Found(_steps(path), violation))  # noqa: PERF401 - a generator for each rule is slower
        elif isinstance(value, list) and (part.keys or part.apply_keys):
            found.extend(self._duplicates(part, value, _steps(path)))
        if part.cel and run is _run_rule:
            fix = "Change it so that the rule of the CustomResourceDefinition holds."
            for field, message in cel_rules.broken(part.cel, value):
                found.append(Found(_steps(path), ApiRuleViolation(field, "rule", message, fix)))

    def _duplicates(self, part: _Part, items: list[Any], path: tuple[str | int, ...]) -> Iterator[Found]:
        keys = part.keys or part.apply_keys
        seen: set[tuple[str, ...]] = set()
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                continue
            # Compared as text, because 1 and True are equal in Python and differ in Kubernetes.
            key = tuple(
                repr(item.get(name, None if self._is_custom else _CORE_DEFAULTS.get(name))) for name in keys
            )
            if key in seen:
                message = " and ".join(f"{name} {item[name]}" for name in keys if name in item) or "the item"
                message += " is in the list already"
                if not part.keys:
                    message += ", and server-side apply, which Flux uses, refuses the list"
                violation = ApiRuleViolation("", "duplicate", message, "Keep one.")
                yield Found((*path, index), violation, refused=bool(part.keys))
            seen.add(key)

    def _part(self, schema: dict[str, Any]) -> _Part:
        reference = schema.get("$ref")
        if reference is None:
            return self._fill(_Part(), schema)
        name = reference.removeprefix(_REFERENCE)
        if name not in self._parts:  # stored before it is filled, because a definition may contain itself
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
        """Remove the places that have no rule, neither of their own nor below."""
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
