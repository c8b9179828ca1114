"""In-toto statements, which a signer makes about artifacts. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from goldenpath.errors import ArtifactRefusedError
from goldenpath.oci import media_types
from goldenpath.oci.strict_json import is_text_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Statement", "StatementSubject"]

_HEX: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StatementSubject:
    """An artifact that a statement names.

    Attributes:
        digest: ``sha256:…``; for an artifact in a registry, the digest of its manifest.
        name: the name of the artifact, or empty; not a part of its identity.
        annotations: the annotations of the artifact, which cosign's ``-a`` reads; None leaves the field out.

    """

    digest: str
    name: str = ""
    annotations: Mapping[str, str] | None = None

    def as_dict(self) -> dict[str, Any]:
        document: dict[str, Any] = {"digest": {"sha256": self.digest.removeprefix("sha256:")}}
        if self.name:
            document["name"] = self.name
        if self.annotations is not None:
            document["annotations"] = dict(self.annotations)
        return document


@dataclass(frozen=True, slots=True)
class Statement:
    """A predicate about subjects; ``predicate_type`` is the purpose of the statement."""

    subjects: tuple[StatementSubject, ...]
    predicate_type: str
    predicate: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "_type": media_types.STATEMENT,
            "subject": [subject.as_dict() for subject in self.subjects],
            "predicateType": self.predicate_type,
            "predicate": dict(self.predicate),
        }

    @classmethod
    def parse(cls, document: Mapping[str, Any], purpose: str) -> Self:
        """Read a statement with the predicate type ``purpose``.

        Raises:
            ArtifactRefusedError: the statement has another type or purpose, or a subject without a sha256 digest.
        """
        if (found := document.get("_type")) != media_types.STATEMENT:
            raise ArtifactRefusedError("statement", f"the signed statement has the type {found!r}")
        if (found := document.get("predicateType")) != purpose:
            message = f"the signed statement has the predicate type {found!r}, and must have {purpose!r}"
            raise ArtifactRefusedError("purpose", message)
        subjects = document.get("subject")
        predicate = document.get("predicate")
        if not isinstance(subjects, list) or not subjects or not isinstance(predicate, dict):
            raise ArtifactRefusedError("statement", "the signed statement must have subjects and a predicate")
        return cls(tuple(map(_subject, subjects)), purpose, predicate)


def _subject(document: Any) -> StatementSubject:
    match document:
        case {"digest": {"sha256": str(digest)}} if _HEX.fullmatch(digest):
            name, annotations = document.get("name", ""), document.get("annotations")
        case _:
            raise ArtifactRefusedError(
                "statement", "the signed statement has a subject without a sha256 digest"
            )
    if not isinstance(name, str) or not (annotations is None or is_text_mapping(annotations)):
        message = "the name and the annotations of a subject must be text"
        raise ArtifactRefusedError("statement", f"the signed statement: {message}")
    return StatementSubject(f"sha256:{digest}", name, annotations)
