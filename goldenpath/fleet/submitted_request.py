"""A submitted request or fleet document: a file, text or values."""

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
    """One submitted document.

    ``text`` is the original text with its comments, which the repository stores; values from a form or a program have
    no text. ``file`` is the file name for problems.
    """

    document: Any
    text: str | None = None
    file: str | None = None

    @classmethod
    def of(cls, source: Submission | Document | Mapping[str, Any] | str | Path) -> Submission:
        """A submission from the path of a file, from values, or from a parsed document.

        Raises:
            InputError: the file cannot be read, or is not YAML that Kubernetes accepts.
        """
        if isinstance(source, Submission):
            return source
        if isinstance(source, Document):
            return cls(source.model_dump(mode="json", exclude_unset=True))
        if isinstance(source, Mapping):
            return cls(dict(source))
        return cls.read(Path(source))

    @classmethod
    def read(cls, file: Path) -> Submission:
        """Read a file.

        Raises:
            InputError: the file cannot be read, or is not YAML that Kubernetes accepts.
        """
        text = kubeyaml.read_text(file)
        return cls(kubeyaml.load(text, name=str(file), written=True), text, str(file))

    @property
    def written(self) -> str:
        """The text for the repository: the original text, or the values as YAML."""
        return kubeyaml.dump(self.document) if self.text is None else self.text

    @property
    def is_fleet(self) -> bool:
        """Whether the document is a fleet document, and not a request."""
        return is_fleet(self.document)

    @property
    def ref(self) -> Ref:
        """The tenant or workload that the unchecked request names."""
        document = self.document if isinstance(self.document, dict) else {}
        name, tenant = document.get("name"), document.get("tenant")
        return (
            Ref.of_workload(_plain(tenant), _plain(name))
            if "tenant" in document
            else Ref.of_tenant(_plain(name))
        )


def _plain(name: Any) -> str:
    """A name that can be looked up; empty for any other value."""
    return name if isinstance(name, str) and "/" not in name else ""
