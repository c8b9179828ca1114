"""Canonical JSON, and strict reading of JSON from others."""

from __future__ import annotations

import json
from typing import Any

from goldenpath.errors import ArtifactRefusedError
from goldenpath.kubeyaml import unique_keys

__all__ = ["canonical_json", "is_text_mapping", "object_in"]


def canonical_json(document: Any) -> bytes:
    """Return a document as JSON bytes: sorted keys, no blanks, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def object_in(data: bytes, what: str) -> dict[str, Any]:
    """Parse a JSON object; ``what`` names the text in messages.

    Raises:
        ArtifactRefusedError: the text is not a JSON object, or repeats a key, so that two readers could take two values.
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


def is_text_mapping(value: Any) -> bool:
    """Whether a JSON value is an object whose values are all texts."""
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
