"""Reads the YAML files of the catalogues into strict models. An error names the file and the place in it."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from goldenpath import kubeyaml
from goldenpath.errors import DataError, InputError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["CatalogueModel", "FactSource", "read_catalogue_file", "read_catalogue_folder"]

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Text = Annotated[str, Field(min_length=1)]


def _is_date(text: str) -> str:
    dt.date.fromisoformat(text)
    return text


class CatalogueModel(BaseModel):
    """A part of a file: strict, without unknown fields, and frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FactSource(CatalogueModel):
    """Where a fact was read. ``date`` (ISO 8601) is the commit's or release's, or the day of reading for a page."""

    name: Text
    version: Text
    section: Text
    date: Annotated[str, AfterValidator(_is_date)]
    url: Annotated[str, Field(pattern=r"^https://")] | None = None


def read_catalogue_file(file: Traversable, shape: type[T], place: str) -> T:
    """One file.

    Args:
        file: the file.
        shape: the type of its document.
        place: names the file in errors, such as ``addons/data/flux.yaml``.

    Raises:
        DataError: the file cannot be read, or is not of that shape.
    """
    try:
        document: Any = kubeyaml.load(file.read_text(encoding="utf-8"), name=place)
        # Through JSON, strictness keeps its meaning: text for a number is refused, text for a date is read.
        return TypeAdapter(shape).validate_json(json.dumps(document))
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise DataError(f"{place}: " + "; ".join(lines)) from error
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise DataError(f"{place}: cannot be read: {error}") from error


def read_catalogue_folder(
    folder: Traversable, shape: type[M], place: str, *, key: str = "id", skip: tuple[str, ...] = ()
) -> dict[str, M]:
    """Every ``*.yaml`` of a folder, by its id and sorted by it.

    Args:
        folder: the folder.
        shape: the model of each file.
        place: names the folder in errors, such as ``addons/data``.
        key: the field with the id, which is also the file's name.
        skip: names of files that have another shape.

    Raises:
        DataError: a file is broken, or its name is not its id.
    """
    found: dict[str, M] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".yaml") and file.name not in skip:
            entry = read_catalogue_file(file, shape, f"{place}/{file.name}")
            id_ = getattr(entry, key)
            if file.name != f"{id_}.yaml":
                raise DataError(f"{place}/{file.name}: `{key}: {id_}` is not the name of the file")
            found[id_] = entry
    return found
