"""Inputs of the tests of descriptions: the sample files, and an organisation's golden path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goldenpath import kubeyaml
from goldenpath.paths import GoldenPath, Library

REQUESTS = Path(__file__).parent.parent / "requests"
FLEET = REQUESTS / "goldenpath.yaml"


def golden_path(folder: Path, inputs: dict[str, Any]) -> GoldenPath:
    """The golden path ``own/v1`` with these extra inputs, found in a library as an organisation's would be."""
    own = folder / "own"
    own.mkdir()
    metadata = {
        "format": "golden-path/v1",
        "name": "own",
        "version": "1.2.3",
        "title": "Our own",
        "summary": "What we need besides.",
        "owner": "platform-team",
        "lifecycle": "production",
        "spec": "tenant",
        "inputs": inputs,
    }
    (own / "golden-path.yaml").write_text(kubeyaml.dump(metadata), encoding="utf-8")
    return Library([folder]).get("own/v1")
