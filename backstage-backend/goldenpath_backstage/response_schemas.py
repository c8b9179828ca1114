"""The base model of answers: fields that are None are left out, so their schema never allows null."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["DescribedModel", "ResponseModel"]


def _never_null(schema: dict[str, Any]) -> None:
    """Remove null from the schema of each optional field."""
    for field in schema.get("properties", {}).values():
        options = [option for option in field.get("anyOf", ()) if option != {"type": "null"}]
        if len(options) == 1 and len(field["anyOf"]) > 1:
            del field["anyOf"]
            field.update(options[0])
        if field.get("default", ...) is None:
            del field["default"]


class DescribedModel(BaseModel):
    """Base of models whose field descriptions are the texts after the fields."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class ResponseModel(DescribedModel):
    """Base of answers, which are serialised with ``exclude_none``."""

    model_config = ConfigDict(json_schema_extra=_never_null)
