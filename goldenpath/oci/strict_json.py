"""JSON as this package writes and reads it."""

from __future__ import annotations

import json
from typing import Any

from goldenpath.errors import ArtifactRefusedError
from goldenpath.kubeyaml import unique_keys

__all__ = ["canonical_json", "object_in"]


def canonical_json(document: Any) -> bytes:
    """A document as bytes: sorted keys, no blanks, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def object_in(data: bytes, what: str) -> dict[str, Any]:
    """The object of a JSON text; ``what`` names the text in messages.

    Raises:
        ArtifactRefusedError: it is not JSON, no object, or has a key twice: two readers could take two values.
    """
    try:
        document = json.loads(data.decode(), object_pairs_hook=unique_keys)
    except RecursionError:
        raise ArtifactRefusedError("json", f"{what} is nested too deeply") from None
    except ValueError as error:
        raise ArtifactRefusedError("json", f"{what} cannot be read as JSON: {error}") from None
    if not isinstance(document, dict):
        raise ArtifactRefusedError("json", f"{what} is not a JSON object")
    return document
