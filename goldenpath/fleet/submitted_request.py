"""A request or a fleet as a caller hands it in: a file, text or values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goldenpath import kubeyaml
from goldenpath.intake import is_fleet
from goldenpath.spec.document_model import Document
from goldenpath.spec.ref import Ref

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
    def of(cls, asked: Submission | Document | Mapping[str, Any] | str | Path) -> Submission:
        """A request from a file's path, from values, or from a spec that was parsed before.

        Raises:
            InputError: the file cannot be read, or is not YAML that Kubernetes reads.
        """
        if isinstance(asked, Submission):
            return asked
        if isinstance(asked, Document):
            return cls(asked.model_dump(mode="json", exclude_unset=True))
        if isinstance(asked, Mapping):
            return cls(dict(asked))
        return cls.read(Path(asked))

    @classmethod
    def read(cls, file: Path) -> Submission:
        """A request from a file.

        Raises:
            InputError: it cannot be read, or is not YAML that Kubernetes reads.
        """
        text = kubeyaml.read_text(file)
        return cls(kubeyaml.load(text, name=str(file), written=True), text, str(file))

    @property
    def written(self) -> str:
        """What the repository keeps of it: the text as it was handed in, or the values as YAML."""
        return kubeyaml.dump(self.document) if self.text is None else self.text

    @property
    def is_fleet(self) -> bool:
        """Whether it describes the fleet itself, and is not a request."""
        return is_fleet(self.document)

    @property
    def ref(self) -> Ref:
        """What the request says it is, before anything has looked at whether it can be."""
        document = self.document if isinstance(self.document, dict) else {}
        name, tenant = document.get("name"), document.get("tenant")
        return (
            Ref.of_workload(_plain(tenant), _plain(name))
            if "tenant" in document
            else Ref.of_tenant(_plain(name))
        )


def _plain(name: Any) -> str:
    """A name that can be looked up; empty for any other text."""
    return name if isinstance(name, str) and "/" not in name else ""
