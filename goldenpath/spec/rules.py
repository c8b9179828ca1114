"""Rules between the fields of every request.

A rule reads only fields that parsed, and yields all of its problems. Rules of tenants are in
:mod:`goldenpath.spec.tenant_request_rules`, rules between a request and the fleet in
:mod:`goldenpath.spec.fleet_rules`, and rules between a workload and its tenant in :mod:`goldenpath.spec.named_tenant`.
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

    from goldenpath.accelerators import Catalogue
    from goldenpath.spec.document_model import Rule

__all__ = [
    "ENVELOPE_RULES",
    "WORKLOAD_RULES",
    "is_given",
    "one_of",
    "one_place_at_most",
    "problem",
    "unknown_profile",
]


LABEL_VALUE_CHARS = 63
"""Limit of a label's value. Flux writes the name of a Kustomization as a label on each object that it applies."""

SHARD_NAMES = frozenset("0123456789abcdef")
"""Names of the folders of a sharded fleet."""

DEEPEST = 32
"""Deepest level of nesting in extra inputs and overrides."""


def problem(
    fields: Fields, location: Location, rule: str, message: str, nearest_value: str | None = None
) -> Problem:
    """Return a problem with the value at its location."""
    return Problem(path_of(location), rule, message, fields.get(*location), nearest_value)


def unknown_profile(fields: Fields, location: Location, known: Catalogue) -> Problem:
    """Return the problem of an accelerator that the catalogue does not have."""
    message = "is not an accelerator of the catalogue; `goldenpath profiles` lists the known ones"
    return problem(fields, location, "unknown-profile", message, known.nearest(fields.get(*location)))


def is_given(fields: Fields, *location: str | int) -> bool:
    """Whether a list or mapping has an entry, valid or refused."""
    return fields.was_refused(*location) or fields.get(*location) not in (MISSING, [], (), {})


def one_of(fields: Fields, location: Location, first: str, second: str, *, needed: bool) -> Iterator[Problem]:
    """Yield a problem where both fields are given, or where one is needed and neither is given."""
    has_first, has_second = fields.has(*location, first), fields.has(*location, second)
    if has_first and has_second:
        yield Problem(
            path_of((*location, second)), "one-of", f"`{first}` and `{second}` exclude each other; keep one"
        )
    elif needed and not has_first and not has_second:
        yield Problem(path_of(location), "required", f"must have `{first}` or `{second}`")


def one_place_at_most(fields: Fields) -> Iterator[Problem]:
    """Yield a problem where both clusters and a placement are given, or where the placement is empty."""
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
                message = "identifies the object, and an override cannot change it; remove it"
                yield Problem(path_of((*place, *steps)), "override", message)
        if isinstance(edits := fields.get(*override, "items"), list | tuple):
            yield from _free_data((*override, "items"), edits)
        yield from list_edit_problems(fields, override)


def _inputs(fields: Fields) -> Iterator[Problem]:
    if isinstance(fields.get("inputs"), dict):
        yield from _free_data(("inputs",), fields.get("inputs"))


def _free_data(location: Location, value: Any) -> Iterator[Problem]:
    """Yield a problem for free data that is not plain, or whose text a later template engine would render."""
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
    """Check the names derived from tenant and workload. The name of the Kustomization is a label on each object."""
    name, tenant = fields.get("name"), fields.get("tenant")
    if not isinstance(tenant, str):
        return
    if tenant in SHARD_NAMES:
        message = "cannot have workloads, because its name is one hexadecimal digit, as of a folder of a sharded fleet"
        yield problem(fields, ("tenant",), "tenant-without-workloads", message)
    if isinstance(name, str) and len(f"{tenant}.{name}") > LABEL_VALUE_CHARS:
        fitting = name[: LABEL_VALUE_CHARS - len(tenant) - 1].rstrip("-")
        message = f"is too long: the tenant's name, a dot and this name must have at most {LABEL_VALUE_CHARS} characters"
        yield problem(fields, ("name",), "name-too-long", message, fitting or None)


ENVELOPE_RULES: tuple[Rule, ...] = (one_place_at_most, _overrides, _inputs)
WORKLOAD_RULES: tuple[Rule, ...] = (*ENVELOPE_RULES, _workload_name)
