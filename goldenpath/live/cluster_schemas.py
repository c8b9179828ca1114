"""Imports the kinds of a cluster or a folder as strict schemas, which ``check`` uses offline."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.check.crd_schemas import INDEX_FILE, compact_json, derive
from goldenpath.file_output import write_files
from goldenpath.manifests import RenderedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["ImportedSchemas", "import_schemas"]


@dataclass(frozen=True, slots=True)
class ImportedSchemas:
    """The imported kinds, as ``apiVersion/Kind``, and the files that were written or removed."""

    kinds: tuple[str, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]

    def as_dict(self) -> dict[str, list[str]]:
        return {"kinds": list(self.kinds), "written": list(self.written), "removed": list(self.removed)}


def import_schemas(definitions: Iterable[Mapping[str, Any]], folder: Path) -> ImportedSchemas:
    """Write the schemas of CustomResourceDefinitions into a folder, deterministically and only if they changed.

    A file of an earlier import that this import does not have is removed. Other files stay.

    Args:
        definitions: from a cluster (:func:`goldenpath.cluster.custom_resource_definitions`) or from files.
        folder: the folder, created if it is missing.

    Raises:
        DataError: a definition is not a CustomResourceDefinition.
        InputError: the folder cannot be written.
    """
    files = derive(definitions)
    before = _earlier_files(folder)
    outcome = write_files(
        folder, [RenderedFile(name, f"{compact_json(content)}\n") for name, content in sorted(files.items())]
    )
    stale = tuple(name for name in before if name not in files and (folder / name).is_file())
    for name in stale:
        (folder / name).unlink()
    return ImportedSchemas(tuple(files[INDEX_FILE]["kinds"]), outcome.written, stale)


def _earlier_files(folder: Path) -> tuple[str, ...]:
    """Return the files of an earlier import. Only plain names count, so that no file outside the folder is removed."""
    try:
        kinds = json.loads((folder / INDEX_FILE).read_bytes())["kinds"].values()
        names = [str(entry["file"]) for entry in kinds]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()
    return tuple(name for name in names if "/" not in name and name.endswith(".json"))
