"""The catalogue that ships with goldenpath, and the same with an organisation's own models; each is read once."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goldenpath.accelerators.accelerator_catalogue import Catalogue


@functools.cache
def catalogue() -> Catalogue:
    """The catalogue that ships with goldenpath, read and validated on the first call.

    Raises ``goldenpath.errors.DataError`` when the shipped data is broken.
    """
    # Here and not above: pydantic and a YAML parser cost more than all the rest of this package.
    from goldenpath.accelerators.loading import load_catalogue  # noqa: PLC0415

    return load_catalogue()


def catalogue_with(additions: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    """The shipped catalogue with an organisation's own models; the shipped one where there are none.

    Raises InputError with every problem of the additions (:func:`~goldenpath.accelerators.loading.load_with_additions`).
    """
    return _catalogue_with(json.dumps(additions, default=str)) if additions else catalogue()


@functools.lru_cache(maxsize=16)
def _catalogue_with(additions: str) -> Catalogue:
    from goldenpath.accelerators.loading import load_with_additions  # noqa: PLC0415

    return load_with_additions(json.loads(additions))
