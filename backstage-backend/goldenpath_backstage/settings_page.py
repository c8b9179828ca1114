"""The reference page of settings, generated from the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from goldenpath.describe.markdown import code, page, table
from goldenpath.describe.schema_fields import spec_fields
from goldenpath.errors import MISSING
from goldenpath_backstage.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from goldenpath.describe.schema_fields import SpecField

__all__ = ["settings_reference"]

_INTRODUCTION: Final = (
    "The settings that `goldenpath serve` reads from the file of `--config`, and that `create_app` takes as `Settings`. "
    "All wrong fields are reported at once. The file holds no secret."
)


def settings_reference() -> str:
    """Return the page as Markdown, with each setting's default and meaning."""
    rows = [
        (code(field.path), "yes" if field.required else "", _default(field), field.description)
        for field in _flatten(spec_fields(Settings.model_json_schema()))
    ]
    return page(
        "Settings of the backend", _INTRODUCTION, table(("Setting", "Required", "Default", "Meaning"), rows)
    )


def _flatten(fields: tuple[SpecField, ...]) -> Iterator[SpecField]:
    for field in fields:
        yield field
        yield from _flatten(field.children)


def _default(field: SpecField) -> str:
    is_empty = field.default is MISSING or field.default is None or isinstance(field.default, list | dict)
    return "" if is_empty or field.schema.get("format") == "password" else code(field.default)
