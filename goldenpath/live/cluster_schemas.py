"""The kinds of a cluster, or of a folder, as strict schemas that ``check`` uses offline."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldenpath.check.crd_schemas import INDEX_FILE, derive, pretty
from goldenpath.file_output import write_files
from goldenpath.manifests import RenderedFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["ImportedSchemas", "import_schemas"]


@dataclass(frozen=True, slots=True)
class ImportedSchemas:
    """What was imported: ``apiVersion/Kind`` of each, and the files that were written or removed."""

    kinds: tuple[str, ...]
    written: tuple[str, ...]
    removed: tuple[str, ...]

    def as_dict(self) -> dict[str, list[str]]:
        """Its JSON shape."""
        return {"kinds": list(self.kinds), "written": list(self.written), "removed": list(self.removed)}


def import_schemas(definitions: Iterable[Mapping[str, Any]], folder: Path) -> ImportedSchemas:
    """Write the schemas of CustomResourceDefinitions into a folder: only what changed, in the same bytes each time.

    What an earlier import wrote there and this one has not is removed; any other file is left alone.

    Args:
        definitions: of a cluster (:func:`goldenpath.cluster.custom_resource_definitions`), or from files.
        folder: made if it is not there.

    Raises:
        DataError: something is no CustomResourceDefinition.
        InputError: the folder cannot be written.

    """
    files = derive(definitions)
    before = _named_before(folder)
    outcome = write_files(
        folder, [RenderedFile(name, f"{pretty(content)}\n") for name, content in sorted(files.items())]
    )
    gone = tuple(name for name in before if name not in files and (folder / name).is_file())
    for name in gone:
        (folder / name).unlink()
    return ImportedSchemas(tuple(files[INDEX_FILE]["kinds"]), outcome.written, gone)


def _named_before(folder: Path) -> tuple[str, ...]:
    """The files that an earlier import wrote; names only, so that nothing outside the folder is ever meant."""
    try:
        kinds = json.loads((folder / INDEX_FILE).read_bytes())["kinds"].values()
        names = [str(entry["file"]) for entry in kinds]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()
    return tuple(name for name in names if "/" not in name and name.endswith(".json"))
