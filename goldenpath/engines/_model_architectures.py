"""The model architectures that each engine implements, by version.

``tools/engine_models.py`` writes `models/<engine>.json` from the sources of some versions. Each architecture has the first
of these versions that implements it, and the first that no longer does. Another version counts as the newest of these
before it. An engine without a file is not checked.
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
    """The architectures that one engine implements.

    ``versions`` are the read versions, the oldest first, with the digest of their files. ``architectures`` maps each
    architecture to the first version that implements it, and the first that no longer does, if any.
    """

    engine: str
    project: str
    versions: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]]
    architectures: dict[str, _Span]

    def problem(self, version: str, names: Collection[str]) -> str | None:
        """Return the reason why a version may not run a model with these architectures in ``config.json``.

        The result is None if the version implements one of them, or if nothing is known: the version is older than all
        read versions, or the model names no architecture.

        Raises:
            ValueError: the text is not a version.
        """
        at = EngineVersion.parse(version)
        read = [each for each in self.versions if EngineVersion.parse(each) <= at]
        if not read or not names or any(self._has(name, at) for name in names):
            return None
        listed = " or ".join(sorted(names))
        known = {name: self.architectures[name] for name in names if name in self.architectures}
        if not known:
            return f"does not implement {listed}, nor does any known version ({', '.join(self.versions)})"
        first, *removed = min(known.values(), key=lambda span: EngineVersion.parse(span[0]))
        if EngineVersion.parse(first) > at:
            return f"does not implement {listed} (as in {read[-1]}); {first} does"
        return f"does not implement {listed} since {removed[0]}; {first} does"

    def _has(self, name: str, at: EngineVersion) -> bool:
        span = self.architectures.get(name)
        if span is None:
            return False
        first, *removed = (EngineVersion.parse(each) for each in span)
        return first <= at and not any(each <= at for each in removed)


@cache
def model_architectures(engine: str) -> ModelArchitectures | None:
    """Return the architectures that an engine implements; None if they are unknown.

    Raises:
        DataError: the shipped data is invalid.
    """
    file = files("goldenpath.engines") / _FOLDER / f"{engine}.json"
    if not file.is_file():
        return None
    try:
        return ModelArchitectures.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise DataError(f"engines/{_FOLDER}/{file.name}: {error}") from error
