"""Rules inside every request: what its fields must be to each other.

Every rule reads only fields that parsed, so that it also speaks when another field is wrong, and gives all
of its problems. Rules of tenants are in :mod:`goldenpath.spec.tenant_request_rules`. Rules against the fleet are in :mod:`goldenpath.spec.fleet_rules`, rules against a tenant in
:mod:`goldenpath.spec.named_tenant`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from goldenpath.errors import MISSING, Problem
from goldenpath.spec.override import fixed_fields, list_edit_problems
from goldenpath.spec.parsed_fields import Fields, Location, path_of
from goldenpath.spec.types import TEMPLATE_OPENERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.spec.document_model import Rule

__all__ = [
    "ENVELOPE_RULES",
    "WORKLOAD_RULES",
    "is_given",
    "one_of",
    "one_place_at_most",
    "problem",
]


LABEL_VALUE_CHARS = 63
"""The limit of a label's value: Flux writes the name of a Kustomization as a label on all that it applies."""

SHARD_NAMES = frozenset("0123456789abcdef")
"""Names that a folder of a sharded fleet has too."""

DEEPEST = 32
"""Levels of what an organisation's inputs and overrides may hold."""


def problem(
    fields: Fields, location: Location, rule: str, message: str, nearest_value: str | None = None
) -> Problem:
    """A problem at a location, with the value that was given there."""
    return Problem(path_of(location), rule, message, fields.get(*location), nearest_value)


def is_given(fields: Fields, *location: str | int) -> bool:
    """Whether there is anything in a list or mapping, right or wrong: an empty one says nothing."""
    return fields.was_refused(*location) or fields.get(*location) not in (MISSING, [], (), {})


def one_of(fields: Fields, location: Location, first: str, second: str, *, needed: bool) -> Iterator[Problem]:
    """Two fields exclude each other; where one is needed, one is there."""
    has_first, has_second = fields.has(*location, first), fields.has(*location, second)
    if has_first and has_second:
        yield Problem(
            path_of((*location, second)), "one-of", f"`{first}` and `{second}` exclude each other; keep one"
        )
    elif needed and not has_first and not has_second:
        yield Problem(path_of(location), "required", f"must have `{first}` or `{second}`")


def one_place_at_most(fields: Fields) -> Iterator[Problem]:
    """Clusters are given by name or by a placement, not both; a placement selects by something."""
    if fields.has("clusters") and fields.has("placement"):
        yield Problem("placement", "one-of", "`clusters` and `placement` exclude each other; keep one")
    elif fields.has("placement") and not (
        is_given(fields, "placement", "regions") or is_given(fields, "placement", "labels")
    ):
        yield Problem("placement", "required", "must name regions or labels")


def _overrides(fields: Fields) -> Iterator[Problem]:
    for index, _ in fields.items("overrides"):
        override: Location = ("overrides", index)
        place: Location = (*override, "patch")
        patch = fields.get(*place)
        if isinstance(patch, dict):
            yield from _free_data(place, patch)
            for steps in fixed_fields(patch):
                message = "an override cannot change the identity of an object; remove it"
                yield Problem(path_of((*place, *steps)), "override", message)
        if isinstance(edits := fields.get(*override, "items"), list | tuple):
            yield from _free_data((*override, "items"), edits)
        yield from list_edit_problems(fields, override)


def _inputs(fields: Fields) -> Iterator[Problem]:
    if isinstance(fields.get("inputs"), dict):
        yield from _free_data(("inputs",), fields.get("inputs"))


def _free_data(location: Location, value: Any) -> Iterator[Problem]:
    """Free data is plain, and its texts hold no template opener: none ever reaches a later engine."""
    if len(location) > DEEPEST:
        yield Problem(path_of(location), "depth", f"must not be nested deeper than {DEEPEST} levels")
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _free_text((*location, str(key)), key)
            yield from _free_data((*location, str(key)), entry)
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            yield from _free_data((*location, index), entry)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(path_of(location), "type", "must be a finite number")
    elif value is not None and not isinstance(value, bool | int | float):
        yield from _free_text(location, value)


def _free_text(location: Location, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield Problem(
            path_of(location), "type", "must be plain data: text, number, true, false, list or mapping"
        )
        return
    opener = next((opener for opener in TEMPLATE_OPENERS if opener in value), None)
    if opener:
        message = f"must not hold {opener!r}, which starts a template"
        yield Problem(path_of(location), "template-opener", message, value)
    if not value.isprintable() and any("\ud800" <= character <= "\udfff" for character in value):
        yield Problem(path_of(location), "type", "must be text that can be written as UTF-8")


def _workload_name(fields: Fields) -> Iterator[Problem]:
    """The names of what goldenpath makes of a workload: its Kustomization's is a label on each of its objects."""
    name, tenant = fields.get("name"), fields.get("tenant")
    if not isinstance(tenant, str):
        return
    if tenant in SHARD_NAMES:
        message = "has a name of one hexadecimal digit, and so no workloads: its folder may be one of a sharded fleet"
        yield problem(fields, ("tenant",), "tenant-without-workloads", message)
    if isinstance(name, str) and len(f"{tenant}.{name}") > LABEL_VALUE_CHARS:
        fitting = name[: LABEL_VALUE_CHARS - len(tenant) - 1].rstrip("-")
        message = f"is too long: with the tenant's name and a dot it must have at most {LABEL_VALUE_CHARS} characters"
        yield problem(fields, ("name",), "name-too-long", message, fitting or None)


ENVELOPE_RULES: tuple[Rule, ...] = (one_place_at_most, _overrides, _inputs)
WORKLOAD_RULES: tuple[Rule, ...] = (*ENVELOPE_RULES, _workload_name)
