"""Reads the YAML files of the catalogues into strict models. An error names the file and the field."""

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
    """Base of a catalogue's models: strict, frozen, without unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FactSource(CatalogueModel):
    """The source of a fact. ``date`` (ISO 8601) is the date of the commit or release; for a page, the day of reading."""

    name: Text
    version: Text
    section: Text
    date: Annotated[str, AfterValidator(_is_date)]
    url: Annotated[str, Field(pattern=r"^https://")] | None = None


def read_catalogue_file(file: Traversable, shape: type[T], place: str) -> T:
    """Read one file.

    Args:
        file: the file.
        shape: the type of its document.
        place: the name of the file in errors, such as ``addons/data/flux.yaml``.

    Raises:
        DataError: the file cannot be read, or does not match the type.
    """
    try:
        document: Any = kubeyaml.load(file.read_text(encoding="utf-8"), name=place)
        # Via JSON, a strict model refuses text for a number, and accepts text for a date.
        return TypeAdapter(shape).validate_json(json.dumps(document))
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
        raise DataError(f"{place}: " + "; ".join(lines)) from error
    except (OSError, UnicodeDecodeError, InputError) as error:
        raise DataError(f"{place}: cannot be read: {error}") from error


def read_catalogue_folder(
    folder: Traversable, shape: type[M], place: str, *, key: str = "id", skip: tuple[str, ...] = ()
) -> dict[str, M]:
    """Read every ``*.yaml`` of a folder, by id, sorted by id.

    Args:
        folder: the folder.
        shape: the model of each file.
        place: the name of the folder in errors, such as ``addons/data``.
        key: the field with the id, which is also the file's name.
        skip: names of files that have another format.

    Raises:
        DataError: a file is not valid, or its name is not its id.
    """
    found: dict[str, M] = {}
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".yaml") and file.name not in skip:
            entry = read_catalogue_file(file, shape, f"{place}/{file.name}")
            id_ = getattr(entry, key)
            if file.name != f"{id_}.yaml":
                raise DataError(
                    f"{place}/{file.name}: `{key}: {id_}` does not match the file's name; rename one of them"
                )
            found[id_] = entry
    return found
