"""The shipped catalogue, with or without an organisation's own models. Each is read once."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.accelerators.accelerator_catalogue import Catalogue


@functools.cache
def catalogue() -> Catalogue:
    """Return the shipped catalogue. The first call reads and validates it.

    Raises:
        DataError: the shipped data is invalid.
    """
    # Imported here, because pydantic and a YAML parser load slower than the rest of this package.
    from goldenpath.accelerators.loading import load_catalogue  # noqa: PLC0415

    return load_catalogue()


def catalogue_with(additions: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """Return the shipped catalogue with an organisation's own models, if any.

    Raises:
        InputError: contains all problems (:func:`~goldenpath.accelerators.loading.load_with_additions`).
    """
    return _catalogue_with(json.dumps(additions, default=str)) if additions else catalogue()


@functools.lru_cache(maxsize=16)
def _catalogue_with(additions: str) -> Catalogue:
    from goldenpath.accelerators.loading import load_with_additions  # noqa: PLC0415

    return load_with_additions(json.loads(additions))
