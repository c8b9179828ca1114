"""Reads named files, and recognises their documents: requests, fleets and Kubernetes objects."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from goldenpath import kubeyaml, names
from goldenpath.errors import InputError
from goldenpath.manifests import is_kubernetes_object

__all__ = [
    "STDIN",
    "DocumentKind",
    "SourceFile",
    "each_file_once",
    "find_fleet",
    "kind_of",
    "read_source",
    "yaml_files",
]

STDIN: Final = "-"


class DocumentKind(enum.Enum):
    """The kind of a document, according to its own fields."""

    REQUEST = enum.auto()
    FLEET = enum.auto()
    OBJECT = enum.auto()
    COMPANION = enum.auto()
    """A document for a reader other than the API server, such as a catalog entity or a kustomize build file."""
    OTHER = enum.auto()


def kind_of(document: Any) -> DocumentKind:
    if not isinstance(document, Mapping):
        return DocumentKind.OTHER
    if "golden_path" in document:
        return DocumentKind.REQUEST
    if str(document.get("format", "")).startswith("fleet/"):
        return DocumentKind.FLEET
    if is_kubernetes_object(document):
        return DocumentKind.OBJECT
    return (
        DocumentKind.COMPANION if document.get("apiVersion") and document.get("kind") else DocumentKind.OTHER
    )


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file's name as the person wrote it, its exact text, and the documents in it."""

    name: str
    text: str
    documents: tuple[Any, ...]

    def only(self) -> Any:
        """The only document.

        Raises:
            InputError: there are several documents, or there is none.
        """
        if len(self.documents) != 1:
            message = f"must have one YAML document, not {len(self.documents)}"
            raise InputError.of("", "yaml-one-document", message, file=self.name)
        return self.documents[0]


def read_source(file: str | Path) -> SourceFile:
    """Read a file, or standard input for ``-``.

    Raises:
        InputError: the file cannot be read, is not UTF-8, or is not YAML that Kubernetes reads.
    """
    name = "<stdin>" if str(file) == STDIN else str(file)
    try:
        text = (_standard_input() if str(file) == STDIN else kubeyaml.read_bytes(file)).decode()
    except UnicodeDecodeError as error:
        raise InputError.of(
            "", "yaml-encoding", f"the file is not UTF-8 text (byte {error.start})", file=name
        ) from None
    body = text.removeprefix("\ufeff")
    # Only requests and fleets keep the text of their numbers; checks of objects take plain values.
    by_people = "golden_path" in body or "fleet/" in body
    documents = kubeyaml.load_all(body, name=name, written=by_people)
    if not by_people and any(
        map(_is_by_people, documents)
    ):  # a name with an escape, such as "golden\u005fpath"
        by_people, documents = True, kubeyaml.load_all(body, name=name, written=True)
    if by_people:
        documents = [
            document if _is_by_people(document) else kubeyaml.plain(document) for document in documents
        ]
    return SourceFile(name, text, tuple(documents))


def each_file_once(names: Iterable[str | Path], seen: set[str] | None = None) -> Iterator[str | Path]:
    """Drop the names of files that were named before, so that problems are reported once.

    Args:
        names: files, or ``-``.
        seen: the real paths of earlier files; grows.
    """
    seen = set() if seen is None else seen
    for name in names:
        place = STDIN if str(name) == STDIN else os.path.realpath(name)
        if place not in seen:
            seen.add(place)
            yield name


def _is_by_people(document: Any) -> bool:
    return kind_of(document) in {DocumentKind.REQUEST, DocumentKind.FLEET}


def _standard_input() -> bytes:
    content = sys.stdin.buffer.read(kubeyaml.MAX_FILE_BYTES + 1)
    if len(content) > kubeyaml.MAX_FILE_BYTES:
        message = f"has more than {kubeyaml.MAX_FILE_BYTES:,} bytes"
        raise InputError.of("", "yaml-size", message, file="<stdin>")
    return content


def yaml_files(folder: Path) -> Iterator[Path]:
    """The sorted YAML files below a folder, without hidden files and symbolic links."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_dir():
            yield from yaml_files(entry)
        elif entry.suffix in {".yaml", ".yml"}:
            yield entry


def find_fleet(near: Iterable[Path] = (), fallbacks: Iterable[Path] = ()) -> Path:
    """Find the fleet file in a folder of ``near``, else in the current folder or above it, else in a folder of ``fallbacks``.

    Raises:
        InputError: there is no fleet file.
    """
    here = Path.cwd()
    for folder in (*near, here, *here.parents, *fallbacks):
        file = folder / names.FLEET_FILE
        if file.is_file():
            relative = os.path.relpath(file)
            return Path(min(relative, str(file), key=len))
    message = f"is required: there is no {names.FLEET_FILE} here or in a folder above; give --fleet FILE"
    raise InputError.of("--fleet", "required", message)
