"""The architectures of models that each engine implements, by version, as they were read in its sources.

`models/<engine>.json` is written by ``tools/engine_models.py``: each architecture with the first of the versions read that has it, and
the next that has it no more. A version between two that were read goes by the older one. An engine without a file is not judged.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, ValidationError

from goldenpath.catalogue_files import CatalogueModel
from goldenpath.engines._versions import EngineVersion
from goldenpath.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["ModelArchitectures", "model_architectures"]

_FOLDER: Final = "models"
_Span = Annotated[tuple[str, ...], Field(min_length=1, max_length=2)]


class ModelArchitectures(CatalogueModel):
    """What one engine implements.

    ``versions`` are those that were read, the oldest first, each with the digest of its files. ``architectures`` have the
    first version that implements each, and the next that does so no more where there is one.
    """

    engine: str
    project: str
    versions: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]
    architectures: dict[str, _Span]

    def problem(self, version: str, names: Collection[str]) -> str | None:
        """Why a version may not run a model whose ``config.json`` names some architectures.

        None where it implements one of them, and where nothing is known: of a version older than all that were read, and of a
        model that names none.

        :raises ValueError: that is not a version.
        """
        wanted = EngineVersion.parse(version)
        read = [each for each in self.versions if EngineVersion.parse(each) <= wanted]
        if not read or not names or any(self._has(name, wanted) for name in names):
            return None
        what = " or ".join(sorted(names))
        known = {name: self.architectures[name] for name in names if name in self.architectures}
        if not known:
            return f"has no {what}, and no version that was read has it ({', '.join(self.versions)})"
        first, *gone = min(known.values(), key=lambda span: EngineVersion.parse(span[0]))
        if EngineVersion.parse(first) > wanted:
            return f"has no {what} in {read[-1]}; {first} has it"
        return f"has no {what} any more from {gone[0]} on; {first} has it"

    def _has(self, name: str, wanted: EngineVersion) -> bool:
        span = self.architectures.get(name)
        if span is None:
            return False
        first, *gone = (EngineVersion.parse(each) for each in span)
        return first <= wanted and not any(each <= wanted for each in gone)


@cache
def model_architectures(engine: str) -> ModelArchitectures | None:
    """What an engine implements; None where its sources were not read.

    :raises DataError: the data is broken.
    """
    file = files("goldenpath.engines") / _FOLDER / f"{engine}.json"
    if not file.is_file():
        return None
    try:
        return ModelArchitectures.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DataError(f"engines/{_FOLDER}/{file.name}: {error}") from error
