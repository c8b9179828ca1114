"""Base classes of every model: strict, closed and frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler

from goldenpath.spec.unique_lists import repeated_entries

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

    from goldenpath.errors import Problem
    from goldenpath.spec.fleet_spec import FleetSpec
    from goldenpath.spec.parsed_fields import Fields
    from goldenpath.spec.tenant import Tenant

__all__ = ["ALONE", "RULES_FOLLOW", "Document", "Model", "OuterRule", "Rule", "SchemaRule", "Surroundings"]

RULES_FOLLOW: Final = {"rules": "follow"}
"""Validation context of the parser, which runs the rules between fields itself, on the fields that parsed."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The fleet and the tenants that rules compare a document with. A rule that needs a missing part is skipped.

    ``tenant`` finds a tenant's request by name, and returns None for an unknown tenant. ``tenants`` are the names to
    suggest. ``is_new`` is false for a request that the repository has already: such a request is not refused for a
    later change of its tenant.
    """

    fleet: FleetSpec | None = None
    tenant: Callable[[str], Tenant | None] | None = None
    tenants: tuple[str, ...] = ()
    is_new: bool = True


ALONE: Final = Surroundings()

Rule = Callable[["Fields"], "Iterator[Problem]"]
"""Yields every problem between the fields of one document that parsed."""
SchemaRule = Callable[[], dict[str, Any]]
"""A rule between fields, as JSON Schema; its ``$comment`` describes the rule in words."""
OuterRule = Callable[["Fields", Surroundings], "Iterator[Problem]"]
"""Yields every problem between the fields of one document that parsed and its surroundings."""


class Model(BaseModel):
    """Strict (``"8"`` is not a number), closed (an unknown field is an error) and frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)

    schema_rules: ClassVar[tuple[SchemaRule, ...]] = ()
    """Rules between its fields, as far as JSON Schema can express them."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        if cls.schema_rules:
            handler.resolve_ref_schema(schema)["allOf"] = [rule() for rule in cls.schema_rules]
        return schema


class Document(Model):
    """The model of a whole file, with the rules between its fields."""

    noun: ClassVar[str]
    """Kind of document, for messages: ``tenant``."""
    rules: ClassVar[tuple[Rule, ...]] = ()
    """Rules between the document's own fields."""
    outer_rules: ClassVar[tuple[OuterRule, ...]] = ()
    """Rules between its fields and the fleet, or another request."""

    @classmethod
    def problems(cls, fields: Fields, around: Surroundings = ALONE) -> Iterator[Problem]:
        """Yield the problems between fields, as far as the fields parsed."""
        yield from repeated_entries(cls, fields)
        for rule in cls.rules:
            yield from rule(fields)
        for outer in cls.outer_rules:
            yield from outer(fields, around)
