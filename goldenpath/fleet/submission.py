"""What somebody hands in: a request or a fleet, as a file, as text or as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldenpath import kubeyaml
from goldenpath.spec.fleet_spec import FleetSpec
from goldenpath.spec.tenant import Tenant

__all__ = ["Submission"]


@dataclass(frozen=True, slots=True)
class Submission:
    """One document that was handed in.

    ``text`` is what a person wrote, comments and all, and is what the repository keeps; values from a form or a
    program have none. ``file`` is named in every problem.
    """

    document: Any
    text: str | None = None
    file: str | None = None

    @classmethod
    def of(cls, asked: Submission | Tenant | FleetSpec | Mapping[str, Any] | str | Path) -> Submission:
        """A request from a file's path, from values, or from a spec that was parsed before.

        Raises:
            InputError: the file cannot be read, or is no YAML that Kubernetes reads.
        """
        if isinstance(asked, Submission):
            return asked
        if isinstance(asked, Tenant | FleetSpec):
            return cls(asked.model_dump(mode="json", exclude_unset=True))
        if isinstance(asked, Mapping):
            return cls(dict(asked))
        return cls.read(Path(asked))

    @classmethod
    def read(cls, file: Path) -> Submission:
        """A request from a file.

        Raises:
            InputError: it cannot be read, or is no YAML that Kubernetes reads.
        """
        text = kubeyaml.read_text(file)
        return cls(kubeyaml.load(text, name=str(file), written=True), text, str(file))

    @property
    def written(self) -> str:
        """What the repository keeps of it: the text as it was handed in, or the values as YAML."""
        return kubeyaml.dump(self.document) if self.text is None else self.text

    @property
    def is_fleet(self) -> bool:
        """Whether it describes the fleet itself, and not a tenant."""
        return isinstance(self.document, dict) and str(self.document.get("format", "")).startswith("fleet/")
